"""Notebook 21: what its module makes of made-up confusions, and what the notebook records on smoke."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy

from fer_keras import EMOTIONS, load_faces
from fer_keras.study import confused, records

ROWS = pd.Index(["fear", "sad", "neutral"], name="true")


@pytest.fixture
def counts() -> pd.DataFrame:
    """100 faces of fear, 50 of sad, 200 of neutral; nobody is called disgust."""
    rows = [[5, 0, 50, 5, 30, 10, 0], [0, 0, 5, 0, 40, 0, 5], [0, 0, 0, 40, 0, 0, 160]]
    return pd.DataFrame(rows, ROWS, EMOTIONS)


def test_shares_are_of_the_faces_that_they_name(counts):
    assert confused.recalls(counts)["value"].tolist() == [0.5, 0.8, 0.8]
    one_way, both_ways = confused.one_way(counts), confused.both_ways(counts)
    assert one_way.index[0] == "fear as sad" and len(one_way) == 18
    assert one_way.loc["fear as sad", ["value", "n"]].tolist() == [0.3, 100]
    assert both_ways.index[0] == "fear/sad" and len(both_ways) == 3
    assert both_ways.loc["fear/sad", ["value", "n"]].tolist() == [35 / 150, 150]
    assert both_ways.loc["sad/neutral", "value"] == 5 / 250


def test_more_than_average_is_against_others_of_its_kind(counts):
    under = confused.recalls_under_average(counts)
    assert under["value"].tolist() == pytest.approx([0.2, -0.1, -0.1])
    one_way = confused.one_way_beyond_average(counts)
    assert one_way.loc["fear as sad", "value"] == pytest.approx(0.3 - 0.2 / 5)  # the five other mistakes have 20 %
    assert one_way.loc["fear as sad", "n"] == 100
    both_ways = confused.both_ways_beyond_average(counts)
    mean = (0.5 + 0.2 + 0.2) / 18  # of all eighteen mistakes
    assert both_ways.loc["fear/sad", "value"] == pytest.approx((0.3 + 0.1) / 2 - mean)


def test_intervals_are_as_wide_as_those_of_faces_drawn_again(counts, rng):
    n = counts.sum(axis=1).to_numpy()[:, None]
    drawn = rng.multinomial(n[:, 0], counts / n, (1000, 3)) / n
    under = drawn[:, range(3), [2, 4, 6]].mean(axis=1) - drawn[:, 0, 2]  # the recall of fear under the mean
    bits = entropy(drawn[:, 0], base=2, axis=1)
    for table, again in ((confused.recalls_under_average, under), (confused.entropies, bits)):
        scores = table(counts).loc["fear"]
        low, high = scores["interval"]
        assert (high - low) / 2 == pytest.approx(1.96 * again.std(), rel=0.1)


def test_an_empty_cell_has_an_interval_all_the_same():
    one = pd.DataFrame([[9] + [0] * 6], ["angry"], EMOTIONS)
    low, high = confused.one_way_beyond_average(one).loc["angry as sad", "interval"]
    assert low < 0 < high


def test_entropy_is_in_bits():
    rows = [[8] + [0] * 6, [4, 4] + [0] * 5, [1] * 7]
    found = confused.entropies(pd.DataFrame(rows, ["angry", "fear", "sad"], EMOTIONS))
    assert found["value"].tolist() == pytest.approx([0, 1, np.log2(7)])


def test_of_no_rows_there_are_no_scores(counts):
    none = counts[:0]
    for table in (confused.recalls, confused.one_way, confused.both_ways, confused.entropies):
        assert table(none).empty
    for table in (confused.recalls_under_average, confused.one_way_beyond_average, confused.both_ways_beyond_average):
        assert table(none).empty
    assert confused.of_reports(confused.one_way(none), confused.one_way_beyond_average(none)).empty


def test_what_the_reports_name_gets_a_word(counts):
    shares = pd.concat([confused.one_way(counts), confused.both_ways(counts)])
    beyond = pd.concat([confused.one_way_beyond_average(counts), confused.both_ways_beyond_average(counts)])
    found = confused.of_reports(shares, beyond)
    assert found.loc[("E", "fear as sad")].tolist() == [0.3, "more than average"]
    assert found.loc[("B", "fear/neutral"), "confused"] == "less than average"
    assert ("B", "angry/sad") not in found.index  # no face of angry


def seven(**changed) -> pd.DataFrame:
    """1,000 faces of each emotion, 700 found; of fear 500, 250 taken for sad. changed: further faces taken for sad."""
    rows = np.full((7, 7), 50) + 650 * np.eye(7, dtype=int)
    counts = pd.DataFrame(rows, EMOTIONS, EMOTIONS)
    counts.loc["fear"] = [50, 50, 500, 50, 250, 50, 50]
    for emotion, faces in changed.items():
        counts.loc[emotion, "sad"] += faces
        counts.loc[emotion, emotion] -= faces
    return counts


def test_what_is_most_is_ahead_of_every_other_on_the_same_faces():
    found = confused.leads(seven())
    assert found["value"]["fear recall"] == pytest.approx(0.2) and found["n"]["fear recall"] == 7000
    assert found["value"]["fear as sad"] == pytest.approx(0.2) and found["value"]["angry as sad"] == 0
    low = {name: interval[0] for name, interval in found["interval"].items()}
    high = {name: interval[1] for name, interval in found["interval"].items()}
    assert low["fear recall"] > 0.1 and low["fear as sad"] > 0.1 and low["fear entropy"] > 0
    assert low["angry as sad"] < 0 < high["angry as sad"], "six mistakes alike"
    assert found["value"]["fear/neutral"] == pytest.approx(0.05 - 0.05) and low["fear/neutral"] < 0
    worse = confused.leads(seven(surprise=300, happy=310))
    assert worse["value"]["fear recall"] == pytest.approx(-0.11) and worse["interval"]["fear recall"][1] < 0
    assert worse["value"]["angry/sad"] < 0 and worse["interval"]["angry/sad"][1] < 0, "two others are before it"
    assert confused.leads(seven()[:3]).empty


def test_the_second_of_two_is_ahead_of_the_third():
    values = pd.DataFrame(np.random.default_rng(0).normal([3, 2, 1], 0.1, (500, 3)), columns=["a", "b", "c"])
    values.iloc[0] = [3, 2, 1]
    first, second, third = (confused.lead(values, name, among=2) for name in "abc")
    assert (first["value"], second["value"], third["value"]) == (2, 1, -1)
    assert confused.lead(values, "b")["value"] == -1 and confused.lead(values, "c", lowest=True)["value"] == 1
    low, high = second["interval"]
    assert (high - low) / 2 == pytest.approx(2.2414 * 0.1 * np.sqrt(2), rel=0.1), "two comparisons: z of 1.25 %"


def test_fear_is_widest_or_nearest_only_where_it_is_clear(rng):
    labels = np.repeat(np.arange(7), 60)
    features = rng.normal(0, 1, (420, 30)) + np.eye(7)[labels] @ rng.normal(0, 3, (7, 30))
    features[labels == 2] = features[labels == 2] * 1.5
    features[labels == 2] += features[labels == 6].mean(axis=0) - features[labels == 2].mean(axis=0)
    ahead = confused.class_distances(features, labels, "neutral", resamples=100)[2]
    assert ahead["interval"]["fear spread"][0] > 0 and ahead["interval"]["fear nearness"][0] > 0
    other = np.where(labels == 2, 3, np.where(labels == 3, 2, labels))
    ahead = confused.class_distances(features, other, "neutral", resamples=100)[2]
    assert ahead["interval"]["fear spread"][1] < 0 and ahead["interval"]["fear nearness"][1] < 0


def test_distances_of_classes_do_not_depend_on_how_many_faces_there_are(rng):
    """Disgust is twice as wide as fear and neutral, and fear 0.5 a feature from neutral."""
    found = []
    for _ in range(40):
        labels = np.repeat([1, 2, 6, 3], [8, 12, 60, 1])
        features = rng.normal(0, 1, (81, 10, 4))
        features[labels == 1] *= 2
        features[labels == 2] += 0.5
        unit = ((features - features.mean(axis=0)) ** 2).sum(axis=(1, 2)).mean() / 40
        spread, away, ahead = confused.class_distances(features, labels, "neutral", resamples=100)
        assert ahead.empty and list(spread.index) == ["disgust", "fear", "neutral"]  # a single happy face has no spread
        assert list(away.index) == ["disgust", "fear"]
        for _, score in pd.concat([spread, away]).iterrows():
            assert 0 <= score["interval"][0] <= score["value"] <= score["interval"][1]
        assert spread["n"]["fear"] == 12 and away["n"]["fear"] == 72
        found.append(unit * np.array([*spread["value"], away["value"]["fear"]]) ** 2)
    assert np.mean(found, axis=0) == pytest.approx([4, 1, 1, 0.25], rel=0.06)


def test_intervals_of_distances_hold_the_truth_most_of_the_time(rng):
    labels, held = np.repeat([2, 6], [30, 40]), []
    for _ in range(100):
        features = rng.normal(0, 1, (70, 20)) + 0.5 * (labels == 2)[:, None]
        unit = ((features - features.mean(axis=0)) ** 2).sum(axis=1).mean() / 20
        tables = confused.class_distances(features, labels, "neutral", resamples=100)[:2]
        ends = [np.square(table["interval"]["fear"]) * unit for table in tables]
        held.append([low <= truth <= high for (low, high), truth in zip(ends, (1, 0.25), strict=True)])
    assert (np.mean(held, axis=0) >= 0.88).all()


def test_without_faces_of_the_origin_only_spreads_are_measured(rng):
    assert confused.class_distances(rng.normal(0, 1, (9, 5)), np.full(9, 2), "neutral")[1].empty
    spread, away, _ = confused.class_distances(np.ones((9, 5)), np.repeat([2, 6], [5, 4]), "neutral")
    assert spread["value"]["fear"] == away["value"]["fear"] == 0


def test_the_notebook_counts_every_face_once(executed):
    found, answer = records.read_notebook(executed("21_confusion"))
    training, _, judged = load_faces(n=400).parts()
    assert found["judged_faces"]["value"] == found["accuracy"]["n"] == len(training) and found["folds"]["value"] == 2
    assert found["fear_spread_pixels_lead"]["n"] == found["fear_nearness_pixels_lead"]["n"] == len(judged)
    if found["accuracy"]["interval"][0] <= found["majority_accuracy"]["value"]:
        assert answer.startswith("No answer yet") and "fear_recall" not in found
        return
    counts = np.bincount(training.labels)
    assert [found[f"{emotion}_recall"]["n"] for emotion in EMOTIONS] == counts.tolist()
    recalls = [found[f"{emotion}_recall"]["value"] for emotion in EMOTIONS]
    assert np.dot(recalls, counts) / len(training) == pytest.approx(found["accuracy"]["value"])
    under = min(recalls[:2] + recalls[3:]) - found["fear_recall"]["value"]
    assert found["fear_recall_lead"]["value"] == pytest.approx(under)
