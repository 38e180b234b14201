"""The ledger: rules on made-up values in which every verdict comes out, and claims on made-up records."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from fer_keras.__main__ import main
from fer_keras.claims import ledger as claims
from fer_keras.claims import rules, tables
from fer_keras.claims.fidelity import Record, notebooks_of
from fer_keras.claims.reached import REACHED, Reached, trained_faster, trained_less
from fer_keras.claims.rules import REFUTED, SUPPORTED, UNDECIDED
from fer_keras.claims.thirty import CLAIMS
from fer_keras.claims.trainings import pooled_notebooks, pooled_trainings
from fer_keras.study.records import read_notebook
from tests import evidence

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def entry(low=None, high=None, value=None):
    interval = None if low is None else [low, high]
    return {"value": (low + high) / 2 if value is None else value, "n": 100} | (
        {"interval": interval} if interval else {}
    )


@pytest.mark.parametrize(
    "rule, decides",
    [
        (rules.reaches(0.63), {(0.61, 0.65): SUPPORTED, (0.50, 0.59): REFUTED, (0.67, 0.70): SUPPORTED,
                               (0.59, 0.63): UNDECIDED, (0.50, 0.70): UNDECIDED}),
        (rules.at_least(0.1), {(0.1, 0.2): SUPPORTED, (0.0, 0.09): REFUTED, (0.09, 0.2): UNDECIDED}),
        (rules.above_zero(), {(0.01, 0.2): SUPPORTED, (-0.2, -0.01): REFUTED, (-0.1, 0.1): UNDECIDED,
                              (0.0, 0.0): UNDECIDED}),
        (rules.below_zero(), {(0.01, 0.2): REFUTED, (-0.2, -0.01): SUPPORTED, (-0.1, 0.1): UNDECIDED}),
    ],
    ids=["reaches", "at least", "above", "below"],
)  # fmt: skip
def test_an_interval_decides(rule, decides):
    assert {ends: rule.decide(entry(*ends)) for ends in decides} == decides
    assert rule.decide(entry(value=0.63)) == UNDECIDED, "a value without an interval decides nothing"


def test_exact_values_decide_without_an_interval():
    one = rules.counted(1, 0.03)
    assert [one.decide(entry(value=v)) for v in (1.02, 0.16, 1.04)] == [SUPPORTED, REFUTED, REFUTED]
    counted = rules.at_least(13, exact=True)
    assert [counted.decide(entry(value=v)) for v in (13, 14, 12)] == [SUPPORTED, SUPPORTED, REFUTED]
    assert rules.counted(319_975).text == "exactly 319,975"
    assert rules.counted(1_000_000, 30_000).text == "about 1,000,000: within ±30,000"
    found = [rules.holds().decide(entry(value=v)) for v in (True, 1.0, False, 0.52)]
    assert found == [SUPPORTED, SUPPORTED, REFUTED, REFUTED]


@pytest.mark.parametrize(
    ("value", "text"), [(0.5614, "0.561"), (4, "4"), (1_002_871.0, "1,002,871"), (True, "true"), (None, "–")]
)
def test_values_are_shown_as_people_write_them(value, text):
    assert claims.shown({"value": value, "interval": None}) == text


def test_parts_make_a_whole():
    measure = f"{UNDECIDED}: not measured"
    assert rules.whole([SUPPORTED, SUPPORTED]) == SUPPORTED and rules.whole([SUPPORTED, measure]) == measure
    assert rules.whole([measure, REFUTED, SUPPORTED]) == REFUTED and rules.whole([]) == UNDECIDED
    reasons = [f"{UNDECIDED}: {why}" for why in ("another net", "trained less than the report", "one training")]
    reasons += [f"{UNDECIDED}: depends on flip", UNDECIDED]
    for number, heaviest in enumerate(reasons):
        assert rules.whole([SUPPORTED, *reasons[:number:-1], heaviest]) == heaviest, "whatever stands first"
        assert rules.either([REFUTED, *reasons[:number:-1], heaviest]) == heaviest
    with pytest.raises(ValueError):
        rules.weightiest([f"{UNDECIDED}: bad weather", measure])
    assert rules.either([REFUTED, SUPPORTED]) == SUPPORTED and rules.either([REFUTED, REFUTED]) == REFUTED
    assert rules.either([REFUTED, UNDECIDED]) == UNDECIDED and rules.either([UNDECIDED, SUPPORTED]) == SUPPORTED


def test_there_are_thirty_and_each_has_its_report_and_a_rule():
    assert [claim.number for claim in CLAIMS] == list(range(1, 31))
    reports = {"A": 6, "B": 7, "C": 9, "D": 1, "E": 7}
    assert {each: sum(claim.report == each for claim in CLAIMS) for each in "ABCDE"} == reports
    assert all(any(part.rule for part in claim.parts) for claim in CLAIMS)
    written = claims.RESULTS.parent
    for notebook in {
        n for c in CLAIMS for p in c.parts for n in ([p.notebooks] if isinstance(p.notebooks, str) else p.notebooks)
    }:
        assert notebook == "training" or (written / f"{notebook}.ipynb").exists(), notebook


def trained_as(net: str) -> dict:
    """How far a report's training of a net came, as notebooks record it."""
    report = REACHED.get(net, Reached())
    told = {"net": net, "width": 1.0, "epochs": report.epochs or 60}
    return told | {"logged_training_accuracy": report.accuracy or 0.9, "logged_training_loss": report.loss or 0.3}


def records_of(number: int, data: str = "fer2013.csv", **values) -> list[Record]:
    """Made-up records that lack nothing and hold these values, for the first notebook of every part of a claim."""
    (claim,) = [claim for claim in CLAIMS if claim.number == number]
    report = REACHED.get(claim.net, Reached())
    known = {
        "net": claim.net or "cnn_leaky",
        "width": 1.0,
        "faces": 35_887,
        "trainings": 3,
        "judged_split": "randomly held out",
    }
    known |= {"epochs": report.epochs or 60, "logged_training_accuracy": report.accuracy or 0.9}
    known |= {"logged_training_loss": report.loss or 0.3}
    for place, net in (pair for part in claim.parts for pair in part.nets.items()):
        known |= {f"{place}_{name}": value for name, value in trained_as(net).items()}
    known = {name: each if isinstance(each, dict) else {"value": each} for name, each in (known | values).items()}
    names = {p.notebooks if isinstance(p.notebooks, str) else p.notebooks[0] for p in claim.parts}
    records = []
    for name in sorted(names):
        pooled = (
            {"judged_split": {"value": "Training"}} if name == "21_confusion" and "judged_split" not in values else {}
        )
        command = f"fer-keras report --only {name[:2]}"
        records.append(Record(name, command, "2026-01-01", "here", data, known | pooled))
    return records


def verdict(number: int, data: str = "fer2013.csv", **values) -> str:
    (claim,) = [claim for claim in CLAIMS if claim.number == number]
    return claims.judged(claim, records_of(number, data, **values))["verdict"]


def test_what_was_not_measured_is_never_guessed():
    rows = claims.ledger([], [])
    assert len(rows) == 30
    assert (
        {row["verdict"] for row in rows} == {row["of_report"]["verdict"] for row in rows} == {"undecided: not measured"}
    )
    assert all(part["value"] is None for row in rows for part in row["parts"])


def test_a_claim_wants_its_reports_own_training():
    """Each point of fidelity in its turn: what is lacking is said, and with nothing lacking the value decides."""
    right = {"cnn_pyramid_validation_accuracy": entry(0.64, 0.66), "cnn_pyramid_parameters": 319_975}
    assert verdict(14, **right) == SUPPORTED
    assert verdict(14, **right | {"cnn_pyramid_validation_accuracy": entry(0.4, 0.5)}) == REFUTED
    assert verdict(14, **right | {"cnn_pyramid_parameters": 320_000}) == REFUTED
    for lacking, why in (
        ({"net": "cnn_leaky"}, "another net"),
        ({"width": 0.5}, "slim net"),
        ({"width": 2.0}, "wide net"),
        ({"logged_training_accuracy": 0.594}, "trained less than the report"),
        ({"logged_training_loss": 1.07}, "trained less than the report"),
        ({"logged_training_accuracy": "unknown"}, "how far it was trained is not recorded"),
        ({"faces": 3_000}, "few faces"),
        ({"trainings": 1}, "one training"),
        ({"trainings": 2}, "two trainings"),
    ):
        values = {name: value for name, value in (right | lacking).items() if value != "unknown"}
        records = records_of(14, **values)
        if "unknown" in lacking.values():
            for record in records:
                record.values.pop("logged_training_accuracy")
        (claim,) = [claim for claim in CLAIMS if claim.number == 14]
        assert claims.judged(claim, records)["verdict"] == f"undecided: {why}"
    assert verdict(14, "embedded", **right) == "undecided: drawn faces"
    mirrors = {"flip_either_difference": entry(0.01, 0.02)}
    assert verdict(10, **mirrors) == SUPPORTED
    assert verdict(10, **mirrors, epochs=12) == "undecided: trained less than the report"
    assert verdict(10, **mirrors, epochs=90) == "undecided: trained longer than the report"
    pooled = {"pooled_accuracy": entry(0.69, 0.71), "folds": 20}
    assert verdict(24, **pooled) == SUPPORTED
    assert verdict(24, **pooled | {"folds": 5}) == "undecided: other settings"


def test_a_training_accuracy_is_counted_and_decides_without_an_interval():
    """It is of all training faces: no other faces could have been drawn."""
    dense = {"dnn_deep_validation_accuracy": entry(0.49, 0.51), "dnn_deep_gap_wider": entry(0.2, 0.21)}
    assert verdict(26, **dense, dnn_deep_logged_training_accuracy=0.96) == SUPPORTED
    assert verdict(26, **dense, dnn_deep_logged_training_accuracy=0.94) == REFUTED
    assert verdict(26, **dense, dnn_deep_logged_training_accuracy=0.9) == "undecided: trained less than the report"


def without(records: list[Record], *names: str) -> list[Record]:
    return [replace(each, values={n: each.values[n] for n in each.values if n not in names}) for each in records]


@pytest.mark.parametrize(
    "number, value, places",
    [
        (9, "cnn_1m_over_dnn_narrow_named", ("cnn_1m", "dnn_narrow_named")),
        (27, "dnn_deep_dropout_closes", ("vgg16_bn", "dnn_deep_equal_plain")),
        (15, "larger_in_the_middle_gain", ("middle",)),
    ],
)
def test_each_net_that_is_compared_wants_its_own_training(number, value, places):
    values = {value: entry(0.2, 0.21), "more_in_the_middle_gain": entry(0.2, 0.21)}
    (claim,) = [claim for claim in CLAIMS if claim.number == number]
    assert verdict(number, **values) == SUPPORTED
    for place in places:
        assert verdict(number, **values, **{f"{place}_width": 0.25}) == "undecided: slim net"
        net = next(part.nets[place] for part in claim.parts if part.nets)
        report = REACHED.get(net, Reached())
        for name, short in (("epochs", 10), ("logged_training_accuracy", 0.5)):
            if getattr(report, name.split("_")[-1]):
                less = verdict(number, **values, **{f"{place}_{name}": short})
                assert less == "undecided: trained less than the report", place
                untold = claims.judged(claim, without(records_of(number, **values), name, f"{place}_{name}"))
                assert untold["verdict"] == "undecided: how far it was trained is not recorded", place
    assert verdict(number, **values, **{f"{places[-1]}_width": 0.99312}) == SUPPORTED, "a dense net of its CNN's size"


def test_the_nets_with_other_middles_are_told_apart_from_the_net_that_is_varied():
    gains = {"larger_in_the_middle_gain": entry(0.1, 0.11), "more_in_the_middle_gain": entry(0.1, 0.11)}
    varied = {"net": "cnn_leaky", "width": 0.25, "logged_training_accuracy": 0.4, "epochs": 8}
    assert verdict(15, **gains, **varied) == SUPPORTED
    found = claims.judged(next(c for c in CLAIMS if c.number == 15), records_of(15, **gains, **varied))
    assert found["training_accuracy"] == 0.7597
    assert verdict(15, **gains, middle_net="cnn_3layer") == "undecided: another net"
    (claim,) = [claim for claim in CLAIMS if claim.number == 15]
    untold = without(records_of(15, **gains), *(f"middle_{name}" for name in trained_as("cnn_pyramid")))
    assert claims.judged(claim, untold)["verdict"] == "undecided: how far it was trained is not recorded"


def test_the_folds_of_one_seed_are_one_training():
    """Their faces are pooled, so that the interval is over faces alone."""
    lead = confusions(folds=5)
    assert verdict(2, **lead) == SUPPORTED
    assert verdict(2, **lead, trainings=0) == "undecided: one training"
    (claim,) = [claim for claim in CLAIMS if claim.number == 2]
    found = claims.judged(claim, records_of(2, **lead, trainings=0))
    assert (found["trainings"], found["folds"], claims.how_often(found)) == (1, 5, "1 × 5 folds")
    assert claims.how_often(claims.judged(claim, records_of(2, **lead))) == "3 × 5 folds"


def test_a_log_must_run_near_the_reports():
    near = [each - 0.03 for each in REACHED["cnn_leaky"].log]
    assert not trained_less("cnn_leaky", 0.95, 0.16, near) and not trained_faster("cnn_leaky", near)
    behind, ahead = ([near[0], each, *near[2:]] for each in (0.4, 0.7))
    assert trained_less("cnn_leaky", 0.95, 0.16, behind) and not trained_faster("cnn_leaky", behind)
    assert not trained_less("cnn_leaky", 0.95, 0.16, ahead) and trained_faster("cnn_leaky", ahead)
    assert not trained_less("cnn_fc3", 0.4, 1.5)  # report D states nothing
    (claim,) = [claim for claim in CLAIMS if claim.number == 3]
    values = {"eyes_mouth_excess": entry(0.1, 0.2), "eyes_mouth_over_untrained": entry(0.1, 0.2)}
    for log, why in (([0.4, 0.9], "faster"), ([0.4, 0.41], "less")):  # report A has 0.39, 0.52
        found = claims.judged(claim, [replace(each, log=log) for each in records_of(3, **values)])
        assert found["verdict"] == f"undecided: trained {why} than the report"


def test_the_record_that_lacks_least_is_taken():
    (claim,) = [claim for claim in CLAIMS if claim.number == 14]
    right = {"cnn_pyramid_parameters": 319_975}
    slim = records_of(14, **right, cnn_pyramid_validation_accuracy=entry(0.4, 0.5), width=0.25)
    once = records_of(14, **right, cnn_pyramid_validation_accuracy=entry(0.4, 0.5), trainings=1)
    whole = records_of(14, **right, cnn_pyramid_validation_accuracy=entry(0.64, 0.66))
    for records in ([*slim, *once, *whole], [*whole, *once, *slim]):
        found = claims.judged(claim, records)
        assert (found["verdict"], found["trainings"], found["width"]) == (SUPPORTED, 3, 1.0)
    for one in (found, found["parts"][0]):
        told = one["training_accuracy"], one["report_training_accuracy"], one["net"]
        assert told == (0.7597, 0.7597, "cnn_pyramid")


def test_the_table_of_parts_tells_how_far_each_net_was_trained():
    values = {"cnn_pyramid_validation_accuracy": entry(0.64, 0.66), "cnn_pyramid_parameters": 319_975}
    records = records_of(14, **values, logged_training_accuracy=0.77)
    rows = claims.ledger(records, [])
    assert list(tables.ledger_table(rows, "drawn faces"))[:2] == ["claim", "verdict"], "a phone shows the first columns"
    table = tables.parts_table(rows, "drawn faces")
    reached = table.loc[(14, 1), ["training accuracy", "the report's", "trainings"]].tolist()
    assert reached == ["0.770", "0.760", "3"]
    assert table.loc[(2, 1), ["training accuracy", "the report's", "trainings"]].tolist() == ["–"] * 3


def test_a_choice_of_ours_that_decides_is_named():
    (claim,) = [claim for claim in CLAIMS if claim.number == 14]
    values = {"cnn_pyramid_parameters": 319_975}
    plain = records_of(14, **values, cnn_pyramid_validation_accuracy=entry(0.5, 0.55))
    flipped = records_of(14, **values, cnn_pyramid_validation_accuracy=entry(0.64, 0.66))
    flipped = [replace(each, command="fer-keras train cnn_pyramid -r flip horizontal") for each in flipped]
    assert claims.judged(claim, plain)["verdict"] == REFUTED and claims.judged(claim, flipped)["verdict"] == SUPPORTED
    assert claims.judged(claim, plain + flipped)["verdict"] == "undecided: depends on flip"


def test_dropout_is_judged_in_equal_epochs_and_at_an_equal_loss():
    more, less, unclear = entry(0.1, 0.2), entry(-0.2, -0.1), entry(-0.1, 0.1)
    depends = "undecided: depends on how far it is trained"
    for epochs, loss, says in (
        (more, more, SUPPORTED),
        (less, less, REFUTED),
        (more, less, depends),
        (less, more, depends),
        (more, unclear, depends),
        (less, unclear, depends),
        (unclear, unclear, UNDECIDED),
    ):
        assert verdict(17, dropout_closes=epochs, dropout_closes_at_equal_loss=loss) == says
    assert verdict(17, dropout_closes_at_equal_loss=less) == "undecided: not measured", "one way alone"
    assert verdict(17, dropout_closes=entry(0.01, 0.2), dropout_closes_at_equal_loss=more) == SUPPORTED, "not widened"


def test_a_claim_in_parts_is_refuted_by_one():
    honest = {"cnn_leaky_validation_accuracy": entry(0.95, 0.98), "cnn_leaky_epochs_validation_above": 13}
    assert verdict(1, **honest) == SUPPORTED
    assert verdict(1, **honest | {"cnn_leaky_epochs_validation_above": 12}) == REFUTED
    assert verdict(1, **honest | {"judged_split": "PublicTest"}) == "undecided: another split"
    assert verdict(1, **honest | {"cnn_leaky_validation_accuracy": entry(0.55, 0.57)}) == REFUTED
    terms = {f"batch_norm_{name}_holds": True for name in ("x_hat", "variance", "mean", "x", "gamma", "beta")}
    assert verdict(5, "embedded", **terms) == SUPPORTED
    assert verdict(5, "embedded", **terms | {"batch_norm_x_holds": False}) == REFUTED


def test_a_net_that_has_not_learnt_decides_nothing():
    lead = {"happy_cheeks_lead_beyond_area": entry(0.1, 0.2), "majority_accuracy": entry(0.24, 0.26)}
    assert verdict(29, **lead, judged_accuracy=entry(0.5, 0.6)) == SUPPORTED
    assert verdict(29, **lead, judged_accuracy=entry(0.2, 0.3)) == "undecided: a net that has not learnt"
    assert verdict(29, happy_cheeks_lead_beyond_area={"value": "a text"}) == "undecided: not measured"


def confusions(**changed) -> dict:
    """Records in which fear does worst and is taken for sad, and angry, too, is easily misjudged."""
    ahead = ("fear_recall", "fear_entropy", "fear_as_sad", "angry_as_sad", "fear_spread_pixels", "fear_nearness_pixels")
    values = {f"{name}_lead": entry(0.1, 0.2) for name in ahead} | {"fear_recall": entry(0.3, 0.32)}
    values |= {f"{each}_recall_under_average": entry(0.1, 0.2) for each in ("fear", "angry")}
    return values | changed


def test_ranks_among_emotions():
    behind, close = entry(-0.2, -0.1), entry(-0.1, 0.1)
    assert verdict(2, **confusions()) == verdict(18, **confusions()) == SUPPORTED
    assert verdict(18, "embedded", **confusions()) == "undecided: drawn faces"
    for split in ("PublicTest", "randomly held out"):
        assert verdict(2, **confusions(), judged_split=split) == "undecided: another split", "not pooled out of fold"
    assert verdict(2, **confusions(fear_recall_lead=behind)) == REFUTED
    assert verdict(2, **confusions(fear_recall_lead=close)) == UNDECIDED
    assert verdict(18, **confusions(fear_as_sad_lead=behind)) == REFUTED
    assert verdict(18, **confusions(fear_entropy_lead=close)) == UNDECIDED
    assert verdict(18, **confusions(fear_spread_pixels_lead=behind)) == SUPPORTED, "(d) by the other of its two reasons"
    assert verdict(18, **confusions(fear_spread_pixels_lead=behind, fear_nearness_pixels_lead=behind)) == REFUTED


def test_ranks_among_pairs():
    most = {"angry_sad_lead": entry(0.01, 0.05), "fear_neutral_lead": entry(0.01, 0.05)}
    assert verdict(11, **most) == SUPPORTED
    assert verdict(11, **most | {"angry_sad_lead": entry(-0.02, 0.05)}) == UNDECIDED
    assert verdict(11, **most | {"angry_sad_lead": entry(-0.05, -0.02)}) == REFUTED


def test_easily_is_more_than_the_average_of_its_kind():
    more, less = entry(0.05, 0.1), entry(-0.1, -0.05)
    names = [f"fear_{other}_beyond_average" for other in ("sad", "neutral")]
    assert verdict(23, **dict.fromkeys(names, more)) == SUPPORTED
    assert verdict(23, **{names[0]: more, names[1]: less}) == REFUTED
    assert verdict(23, **{names[0]: more, names[1]: entry(-0.05, 0.05)}) == UNDECIDED
    assert verdict(18, **confusions(angry_recall_under_average=less)) == REFUTED


def test_augmentation_is_the_cause_only_if_it_is_the_largest():
    gap = {"as_it_is_share_validation_above": 1, "as_it_is_gap_augmentation": entry(0.1, 0.2)}
    assert verdict(25, **gap, as_it_is_gap_augmentation_lead=entry(0.05, 0.1)) == SUPPORTED
    assert verdict(25, **gap, as_it_is_gap_augmentation_lead=entry(-0.1, -0.05)) == REFUTED
    assert verdict(25, **gap | {"as_it_is_share_validation_above": 0.9}) == REFUTED
    assert verdict(28, agreed_over_disputed_lead=entry(-0.2, -0.1)) == REFUTED


def test_saliency_is_measured_against_areas_brightness_and_an_untrained_net():
    more, less, unclear = entry(0.1, 0.2), entry(-0.2, -0.1), entry(-0.1, 0.1)
    eyes = {"eyes_mouth_excess": more, "eyes_mouth_over_untrained": more}
    assert verdict(3, **eyes) == SUPPORTED
    for name in eyes:
        assert verdict(3, **eyes | {name: less}) == REFUTED and verdict(3, **eyes | {name: unclear}) == UNDECIDED
    bright = dict.fromkeys(("face_excess", "brightness_trained", "training_outlines_change"), more)
    bright |= {"standardising_change": less, "training_over_standardising_change": less}
    assert verdict(19, **bright) == SUPPORTED
    other_way = {name: less if each is more else more for name, each in bright.items()}
    for name in bright:
        assert verdict(19, **bright | {name: other_way[name]}) == REFUTED, name
        assert verdict(19, **bright | {name: unclear}) == UNDECIDED, name


def test_a_changed_value_changes_the_verdict_and_what_is_printed(tmp_path, capsys):
    """Through files, as reports leave them."""
    (folder := tmp_path / "records").mkdir()

    def printed(share: float) -> str:
        values = {"shape_with_floor_share": {"value": share, "n": 8}}
        fields = {"notebook": "40_mathematics", "command": "c", "date": "d", "device": "e", "data": "embedded"}
        (folder / "40_mathematics.json").write_text(json.dumps(fields | {"values": values}))
        assert main(["claims", "--records", str(folder)]) == 0
        return re.search(r" 21  .*\n.*\n     embedded: (.*)", capsys.readouterr().out)[1]

    assert printed(1.0).startswith("supported, settings") and "1.000" in printed(1.0)
    assert printed(0.5).startswith("refuted, settings") and "0.500" in printed(0.5)
    assert main(["claims", "--records", str(folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["claim"] for row in rows] == list(range(1, 31))
    here = rows[20]["of_report"]
    assert (here["verdict"], here["value"], here["n"], here["notebook"]) == ("refuted", 0.5, 8, "40_mathematics")


def test_records_that_cannot_be_read_are_named(tmp_path, capsys):
    for text, why in (("{", "damaged"), ("{}", "no record of a notebook"), ("[]", "no record of a notebook")):
        (tmp_path / "40_mathematics.json").write_text(text)
        assert main(["claims", "--records", str(tmp_path)]) == 1
        error = capsys.readouterr().err
        assert "40_mathematics.json" in error and why in error and error.count("\n") == 1
    assert main(["claims", "--records", str(tmp_path / "none")]) == 1
    assert "holds no records" in capsys.readouterr().err


@pytest.mark.parametrize(
    "values",
    [[], {"a": 1}, {"a": {}}, {"a": {"value": None}}, {"a": {"value": float("nan")}},
     {"a": {"value": 1, "interval": [0.3, 0.2]}}, {"a": {"value": 1, "interval": ["0", 1]}},
     {"a": {"value": 1, "interval": [0.3]}}, {"a": {"value": 1, "n": "5"}}],
)  # fmt: skip
def test_values_that_no_notebook_records_are_refused(tmp_path, values, capsys):
    fields = {"notebook": "40_mathematics", "command": "c", "date": "d", "device": "e", "data": "embedded"}
    (tmp_path / "40_mathematics.json").write_text(json.dumps(fields | {"values": values}))
    assert main(["claims", "--records", str(tmp_path)]) == 1
    assert re.fullmatch(
        r"fer-keras: .*40_mathematics.json: \w+ is no recorded value; run the report again\n", capsys.readouterr().err
    )


def test_of_a_folder_with_several_data_the_last_report_counts(tmp_path):
    fields = {"command": "c", "date": "d", "device": "e", "values": {}}
    told = {"40_mathematics": "embedded", "20_kfold": "mine.csv", "21_confusion": "mine.csv", "90_claims": "embedded"}
    for seconds, (name, data) in enumerate(told.items(), 1):  # file times are coarse: set them apart
        (path := tmp_path / f"{name}.json").write_text(json.dumps(fields | {"notebook": name, "data": data}))
        os.utime(path, (seconds, seconds))
    assert [record.notebook for record in claims.of_report(tmp_path, "embedded")] == ["40_mathematics"]
    found = [(record.data, record.notebook) for record in claims.of_report(tmp_path)]
    assert found == [("mine.csv", "20_kfold"), ("mine.csv", "21_confusion")], "the ledger's own page is no evidence"


def test_trainings_on_drawn_faces_are_no_evidence_on_fer2013():
    assert {record.data for record in claims.committed()} == {"fer2013.csv"}
    slim = {
        record.value("net"): record.value("width") for record in claims.committed() if record.notebook == "training"
    }
    assert slim["vgg16_bn"] == 0.25 and slim["cnn_1m"] == 1


def test_the_ledger_comes_without_tensorflow():
    code = """import sys
from fer_keras.__main__ import main
main(["claims", "--json"])
print(*sys.modules, file=sys.stderr)"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/")
    assert len(json.loads(ran.stdout)) == 30
    loaded = set(ran.stderr.split())
    assert "fer_keras.claims.ledger" in loaded and not {"tensorflow", "keras", "matplotlib"} & loaded


def training(right: list[bool], seed: int, last: float = 0.9) -> tuple[str, dict]:
    """What is kept of one made-up training of report C's net."""
    values = {"accuracy": {"value": sum(right) / len(right), "n": len(right), "interval": [0.4, 0.6]}}
    values |= {"last_training_accuracy": {"value": last}, "last_training_loss": {"value": 0.5}}
    fields = {
        "command": f"fer-keras train cnn_pyramid --seed {seed}",
        "date": "d",
        "device": "e",
        "data": "fer2013.csv",
    }
    bits = np.packbits(right).tobytes().hex()
    return "cnn_pyramid", fields | {"values": values, "right": bits, "history": {"accuracy": [0.3, last]}}


def test_trainings_that_differ_in_their_seed_alone_are_pooled():
    half = [True, False] * 50
    kept = [training(half, 0), training(half[::-1], 1, last=0.7), training([True] * 100, 2)]
    other = training(half, 0)
    other[1]["command"] += " -r flip horizontal"
    records = pooled_trainings([*kept, other])
    assert [record.value("trainings") for record in records] == [3, 1]
    score = records[0].values["cnn_pyramid_validation_accuracy"]
    assert score["value"] == pytest.approx(2 / 3) and (score["n"], score["trainings"]) == (100, 3)
    low, high = score["interval"]
    assert low < 0 and high > 1, "three seeds so far apart tell nothing"
    assert records[0].value("cnn_pyramid_logged_training_accuracy") == 0.7, "the one that got least far"
    kept[1][1]["values"]["last_training_loss"]["value"] = 0.9
    assert pooled_trainings(kept)[0].value("cnn_pyramid_logged_training_loss") == 0.9
    for _, each in kept:  # PublicTest's bits are others
        each["values"]["public_accuracy"] = {"value": 0.25, "n": 4, "interval": [0.0, 0.7]}
        each["right_public"] = np.packbits([True, False, False, False]).tobytes().hex()
    elsewhere = pooled_trainings(kept)[0].values["cnn_pyramid_public_accuracy"]
    assert (elsewhere["value"], elsewhere["n"], elsewhere["trainings"]) == (0.25, 4, 3)
    assert records[0].log == (pytest.approx(0.3), pytest.approx((0.9 + 0.7 + 0.9) / 3))


def of(
    net: str, right: list[bool], seed: int, words: str = "", losses=(1.0, 0.5), known: float = 0.9, epochs=35
) -> tuple:
    """What is kept of one made-up training on the reports' split."""
    score = {"value": sum(right) / len(right), "n": len(right), "interval": [0.4, 0.6]}
    values = {"accuracy": score, "known_accuracy": {"value": known}, "epochs": {"value": epochs}}
    command = f"fer-keras train {net} --data fer2013.csv --split theirs{words} --seed {seed} --json"
    fields = {"command": command, "date": "d", "device": "e", "data": "fer2013.csv", "values": values}
    bits = np.packbits(right).tobytes().hex()
    return net, fields | {"right": bits, "history": {"accuracy": [0.3, 0.9], "loss": list(losses)}}


def test_two_nets_of_a_report_are_compared_face_by_face_with_the_same_seeds():
    better, worse = [True] * 90 + [False] * 10, [True] * 60 + [False] * 40
    kept = [of("cnn_1m", better, seed) for seed in range(3)] + [of("dnn_narrow", worse, seed) for seed in range(2)]
    kept[-1][1]["values"]["epochs"] = {"value": 20}
    record = pooled_trainings(kept)[0]
    assert record.value("dnn_narrow_named_epochs") == 27.5 and record.value("dnn_narrow_named_width") == 1
    (claim,) = [claim for claim in CLAIMS if claim.number == 9]
    assert "trained less than the report" in claims.judged(claim, [record])["parts"][0]["lacks"]
    lead = record.values["cnn_1m_over_dnn_narrow_named"]
    assert (lead["value"], lead["n"], lead["trainings"]) == (pytest.approx(0.3), 100, 2)
    assert 0.15 < lead["interval"][0] < lead["interval"][1] < 0.45
    assert record.value("judged_split") == "randomly held out" and record.value("trainings") == 3
    elsewhere = [*kept[:3], of("dnn_narrow", worse, 0, " -r epochs 3")]
    assert "cnn_1m_over_dnn_narrow_named" not in pooled_trainings(elsewhere)[0].values, "another recipe"


def test_trainings_without_batch_norm_or_dropout_are_set_beside_those_with_it():
    right = [True, False] * 50
    kept = [of("cnn_pyramid", right, seed, losses=(1.0, 0.6, 0.5)) for seed in range(3)]
    kept += [of("cnn_pyramid", right, s, " -o batch_norm false", (1.2, 1.0, 0.8, 0.7, 0.6 - s / 100)) for s in range(3)]
    kept += [of("cnn_pyramid", right, s, " -o dropout 0", known=0.99 + s / 1000) for s in range(3)]
    record = pooled_trainings(kept)[0]
    saved, closed = record.values["batch_norm_saves_epochs"], record.values["dropout_closes_at_equal_loss"]
    assert (saved["value"], saved["trainings"]) == (3.0, 3), "the loss of 0.6 is reached in epoch 2, and in epoch 5"
    assert closed["value"] == pytest.approx(0.091) and closed["interval"][0] < 0.091 < closed["interval"][1]
    assert closed["degrees"] == pytest.approx(2)
    assert "dropout_closes_at_equal_loss" not in pooled_trainings(kept[:6])[0].values
    nets = [each.value("net") for each in pooled_trainings(kept)]
    assert nets == ["cnn_pyramid", "cnn_pyramid (batch_norm false)", "cnn_pyramid (dropout 0)"], "not report C's own"
    e = [of("vgg16_bn", right, 0, " -o dropout 0.3"), of("vgg16_bn", right, 0, " -o batch_norm false -o width 0.5")]
    assert [each.value("net") for each in pooled_trainings(e)] == ["vgg16_bn", "vgg16_bn (batch_norm false)"]


def test_dropout_in_equal_epochs_is_of_trainings_that_took_as_many():
    right = [True, False] * 50
    own = [of("cnn_pyramid", right, seed, epochs=200 + seed) for seed in range(3)]
    others = [of("cnn_pyramid", right, s, f" -o dropout 0 -r epochs {200 + s}", (), 1.0, 200 + s) for s in range(3)]
    closed = pooled_trainings([*own, *others])[0].values["dropout_closes"]
    assert closed["value"] == pytest.approx(0.1) and closed["trainings"] == 3
    others[1] = of("cnn_pyramid", right, 1, " -o dropout 0 -r epochs 90", (), 1.0, 90)
    assert pooled_trainings([*own, *others])[0].values["dropout_closes"]["trainings"] == 2, "90 epochs are not 201"
    at_loss = [of("cnn_pyramid", right, seed, " -o dropout 0", known=1.0, epochs=40) for seed in range(3)]
    assert "dropout_closes" not in pooled_trainings([*own, *at_loss])[0].values


def test_notebooks_that_differ_in_their_seed_alone_are_pooled():
    def seen(seed: int, low: float, high: float) -> Record:
        command = f"fer-keras report --only 30 -p MODEL cnn_leaky -p SEED {seed}"
        values = {"net": {"value": "cnn_leaky"}, "eyes_mouth_excess": entry(low, high)}
        return Record("30_saliency", command, "d", "e", "fer2013.csv", values)

    alike = [seen(0, 0.05, 0.07), seen(1, 0.06, 0.08), seen(2, 0.04, 0.06)]
    other = replace(alike[0], command=alike[0].command.replace("cnn_leaky", "cnn_1m"))
    records = pooled_notebooks([*alike, other])
    assert [record.value("trainings") for record in records] == [3, None]
    found = records[0].values["eyes_mouth_excess"]
    assert found["value"] == pytest.approx(0.06) and found["trainings"] == 3
    of_faces, of_seeds = (0.01 / 1.984) ** 2, 0.01**2 / 3  # variances; 100 faces have 99 degrees of freedom
    degrees = (of_faces + of_seeds) ** 2 / (of_faces**2 / 99 + of_seeds**2 / 2)  # Welch and Satterthwaite's
    assert found["degrees"] == pytest.approx(degrees, rel=1e-3) and 5 < degrees < 7
    reach = t.ppf(0.975, degrees) * np.sqrt(of_faces + of_seeds)
    assert found["interval"][1] - 0.06 == pytest.approx(reach, rel=1e-3)
    few = [entry(0.0, 0.2) | {"degrees": 2.0}] * 3  # three untrained nets, which every seed is compared with
    same = pooled_notebooks([replace(each, values={"x": value}) for each, value in zip(alike, few, strict=True)])
    assert same[0].values["x"]["interval"] == [pytest.approx(0.0), pytest.approx(0.2)], "seeds differ in nothing"
    assert same[0].values["x"]["degrees"] == pytest.approx(2)
    assert records[0].value("net") == "cnn_leaky"


def test_only_what_was_measured_counts_and_the_least_far_training():
    def seen(seed: int, accuracy: float, **more) -> Record:
        values = {"net": {"value": "cnn_leaky"}, "logged_training_accuracy": {"value": accuracy}} | more
        return Record("30_saliency", f"report --only 30 -p SEED {seed}", "d", "e", "fer2013.csv", values)

    (found,) = pooled_notebooks([seen(0, 0.945), seen(1, 0.90), seen(2, 0.945, eyes_mouth_excess=entry(0.1, 0.2))])
    assert found.value("logged_training_accuracy") == 0.90
    alone = found.values["eyes_mouth_excess"]
    assert (alone["trainings"], alone["interval"]) == (1, [0.1, 0.2]), "two of the three nets had not learnt"
    pair = [seen(seed, 0.9, vgg16_bn_logged_training_accuracy={"value": last}) for seed, last in enumerate((0.9, 0.5))]
    assert pooled_notebooks(pair)[0].value("vgg16_bn_logged_training_accuracy") == 0.5, "of each net of several"
    (twice,) = pooled_notebooks([seen(0, 0.9), seen(0, 0.9)])
    assert twice.value("trainings") is None, "one training, kept twice"
    half = [True, False] * 50
    (record,) = pooled_trainings([of("cnn_1m", half, 4), of("cnn_1m", half, 4)])
    assert record.value("trainings") == 1
    pairs = [of("cnn_1m", half, 0), of("cnn_1m", half, 1), of("dnn_narrow", half, 1)]
    assert pooled_trainings(pairs)[0].values["cnn_1m_over_dnn_narrow_named"]["trainings"] == 1, "seed 1 with seed 1"


def test_the_more_parts_a_claim_has_the_wider_their_intervals():
    assert rules.widened(entry(0.1, 0.3), 1)["interval"] == [0.1, 0.3]
    low, high = rules.widened(entry(0.1, 0.3), 5)["interval"]
    assert (low, high) == (pytest.approx(0.2 - 0.1 * 2.576 / 1.96, abs=1e-4), pytest.approx(0.3314, abs=1e-4))
    assert rules.widened(entry(value=0.2), 5) == entry(value=0.2)
    three = rules.widened(entry(0.1, 0.3), 5, trainings=3)["interval"]
    assert three[1] - 0.2 == pytest.approx(0.1 * 9.925 / 4.303, abs=1e-4), "Student's t with two degrees of freedom"
    known = rules.widened(entry(0.1, 0.3) | {"degrees": 10}, 5, trainings=3)["interval"]
    assert known[1] - 0.2 == pytest.approx(0.1 * 3.169 / 2.228, abs=1e-4), "those that the interval was made with"
    assert rules.widened(entry(0.1, 0.3), 1, trainings=3)["interval"] == [0.1, 0.3]
    narrow = {"eyes_mouth_over_untrained": entry(0.1, 0.2)}
    many = {"degrees": 1000}
    assert verdict(3, eyes_mouth_excess=entry(0.01, 0.2) | many, **narrow) == UNDECIDED, "one of two parts, by a hair"
    assert verdict(3, eyes_mouth_excess=entry(0.02, 0.2) | many, **narrow) == SUPPORTED
    assert verdict(3, eyes_mouth_excess=entry(0.02, 0.2), **narrow) == UNDECIDED, "of three trainings: two degrees"


def test_the_committed_evidence_decides_what_any_machine_can_and_says_why_not_the_rest():
    rows = claims.ledger(claims.committed(), [])
    decided = {row["claim"] for row in rows if not row["verdict"].startswith(UNDECIDED)}
    assert decided >= {4, 5, 6, 8, 21, 22}
    for row in rows:
        if row["claim"] in decided:
            assert "fer-keras " in row["command"] and row["data"] == "fer2013.csv"
            exact = [part for part in row["parts"] if part["verdict"] == row["verdict"]]
            assert row["n"] or any(part["decided_by"] == "exactly" for part in exact), row["claim"]
        else:
            assert re.fullmatch(r"undecided(: .+)?", row["verdict"]), row["claim"]
        for part in row["parts"]:
            if (
                part["rule"] != "shown beside"
                and part["claimed_net"]
                and part["net"] not in (None, part["claimed_net"])
            ):
                assert part["verdict"].startswith(UNDECIDED), "another report's net decided"


def test_what_a_claim_rests_on_stands_on_the_list_with_three_seeds():
    wanted = {}
    for job in evidence.jobs():
        notebook = "training" if job.words[0] == "train" else job.name.split()[0]
        for number in map(int, re.findall(r"\d+", job.claims)):
            wanted.setdefault((notebook, number), []).append(job)
    for claim in CLAIMS:
        for part in (part for part in claim.parts if part.rule and claim.net_of(part)):
            jobs = [job for notebook in notebooks_of(part) for job in wanted.get((notebook, claim.number), [])]
            own = [job for job in jobs if claim.net in job.words or "PAIRS" in job.words]
            seeds = {
                job.words[job.words.index(word) + 1] for job in own for word in ("SEED", "--seed") if word in job.words
            }
            all_at_once = any(job.name.split("_")[0] in ("51", "52") for job in own)  # SEEDS is 3 on full
            assert len(seeds) == 3 or (own and all_at_once), (claim.number, part.measured)


def test_three_seeds_of_the_record_stand_on_the_list_and_the_first_is_there():
    jobs = {job.name: job for job in evidence.jobs() if job.words[:2] == ("train", "record")}
    assert list(jobs) == [f"train_record_{seed}" for seed in range(3)]
    assert jobs["train_record_0"].done()
    kept = json.loads((evidence.RESULTS / "train_record_0.json").read_text())["record"]
    assert kept["command"] == "fer-keras " + " ".join(evidence._filled(jobs["train_record_0"], Path("fer2013.csv")))


def test_the_hours_count_what_a_notebook_trains():
    hours = {job.name: job.hours for job in evidence.jobs()}
    once = hours["train_cnn_1m_theirs_0"]
    assert once == pytest.approx(30 * 25_838 / 405 / 3600)
    assert hours["30_saliency cnn_1m 0"] > 1.25 * once > hours["31_filters cnn_1m 0"], "a quarter, and standardised"
    assert hours["51_ablation cnn_1m 0"] > 6 * once, "three seeds with mirrors and without"
    assert hours["21_confusion cnn_1m ignore 2"] > 5 * once
    assert len(hours) == len(list(evidence.jobs())), "two jobs of one name"


def test_a_training_that_takes_as_long_as_another_waits_for_it(tmp_path, monkeypatch):
    (job,) = [job for job in evidence.jobs() if job.name == "train_cnn_pyramid_dropout_0_as_long_theirs_2"]
    monkeypatch.setattr(evidence, "RESULTS", tmp_path)
    with pytest.raises(ValueError, match="as many epochs as train_cnn_pyramid_theirs_2, which is not there"):
        evidence._filled(job, Path("fer2013.csv"))
    entry = {"cnn_pyramid": {"values": {"epochs": {"value": 251}}}}
    (tmp_path / "train_cnn_pyramid_theirs_2.json").write_text(json.dumps(entry))
    words = " ".join(evidence._filled(job, Path("fer2013.csv")))
    assert "--data fer2013.csv --split theirs -o dropout 0 -r epochs 251 --seed 2" in words


def test_what_is_kept_of_a_notebook_tells_of_every_net_that_is_compared(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "KEPT", tmp_path / "claims.json")
    names = ("dnn_deep_gap_wider", "dnn_deep_equal_plain_logged_training_accuracy", "middle_width", "folds", "other")
    record = {"notebook": "12_cnn_vs_dnn", "command": "c", "date": "d", "device": "e", "data": "fer2013.csv"}
    record |= {"failed": None, "values": {name: {"value": 1} for name in names}}
    (tmp_path / "record.json").write_text(json.dumps(record))
    evidence._keep(tmp_path / "record.json", "12_cnn_vs_dnn E 0")
    kept = json.loads((tmp_path / "claims.json").read_text())["12_cnn_vs_dnn E 0"]["values"]
    assert set(kept) == set(names) - {"other"}


def test_90_claims_prints_what_the_report_recorded(executed, smoke_report):
    notebook = executed("90_claims")
    values, answer = read_notebook(notebook)
    rows = claims.ledger(claims.committed(), claims.of_report(smoke_report / "records", "embedded"))
    for row in rows:
        number, here = f"claim_{row['claim']:02}", row["of_report"]
        assert values[f"{number}_verdict"]["value"] == row["verdict"].split(":")[0]
        assert values[f"{number}_verdict_of_report"]["value"] == here["verdict"].split(":")[0]
        assert here["effect"] == row["effect"], "two quantities side by side"
    assert values["own_records"]["value"] == len(list(NOTEBOOKS.glob("[0-8]*.ipynb"))), "90 ran before the others ended"
    everywhere = {4: REFUTED, 5: REFUTED, 6: REFUTED, 8: REFUTED, 21: SUPPORTED, 22: SUPPORTED}
    assert {n: rows[n - 1]["of_report"]["verdict"] for n in everywhere} == everywhere
    drawn = {claim.number for claim in CLAIMS if not claim.drawn}
    assert all(rows[n - 1]["of_report"]["verdict"].startswith(UNDECIDED) for n in drawn)
    count = sum(row["verdict"] == SUPPORTED for row in rows)
    assert answer.startswith(f"Of 30 claims {count} are supported on FER2013")
    text = "".join(
        output.data.get("text/html", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "data" in output
    )
    assert "Four conv blocks" in text
    page = (smoke_report / "90_claims.html").read_text()
    assert "Two kinds of faces" in page and "Two kinds of faces" not in (smoke_report / "01_faces.html").read_text()


def test_the_answer_counts_verdicts():
    verdicts = pd.DataFrame({"FER2013": ["supported", "undecided", "refuted"], "here": ["supported"] * 3})
    found = tables.answered(verdicts, "drawn faces")
    assert found.startswith("Of 3 claims 1 are supported on FER2013, 1 refuted. 1 stay open, most for want of")
    assert found.endswith("On drawn faces, in this run, 3 are supported and 0 refuted.")
    assert "stay open" not in tables.answered(verdicts.replace("undecided", "refuted"), "drawn faces")
