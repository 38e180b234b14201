import numpy as np
import pytest
from scipy.stats import t

from fer_keras.scores import (
    accuracy,
    at_temperature,
    between_faces,
    confusion,
    difference,
    over_faces,
    over_seeds,
    over_seeds_and_faces,
    pooled,
    stand_in_both,
    temperature,
)
from fer_keras.study.tables import word


def test_accuracy_has_n_and_wilsons_interval():
    predicted = np.repeat([1, 0], [80, 20])
    found = accuracy(np.ones(100), predicted)
    assert found["value"] == 0.8 and found["n"] == 100
    assert found["interval"] == pytest.approx([0.7112, 0.8666], abs=1e-4)  # Wilson's formula, by hand


def test_accuracy_of_nothing_is_not_a_number_made_up():
    assert accuracy(np.empty(0), np.empty(0)) == {"value": None, "n": 0, "interval": None}


def test_copies_across_two_sets_are_found_whatever_side_they_stand_on(drawn):
    training, others = drawn.split("Training"), drawn.split("PublicTest")
    mirrored = training[:5].images[:, :, ::-1]
    faces = type(others)(
        np.concatenate([mirrored, others.images]), *(
            np.concatenate([getattr(training[:5], name), getattr(others, name)]) for name in ("labels", "splits", "ids")
        )
    )  # fmt: skip
    found = stand_in_both(faces, training)
    assert found[:5].all()
    assert 0 < found[5:].mean() < 0.5  # the planted copies


def test_a_difference_is_measured_on_the_faces_where_two_nets_differ():
    first, second = (np.repeat([True, False, True], counts) for counts in ((90, 10, 0), (70, 25, 5)))
    found = difference(first, second)  # 20 right in the first alone, 5 in the second alone
    assert found["value"] == pytest.approx(0.15) and found["n"] == 100
    assert found["p"] == pytest.approx(0.004077, rel=1e-3)  # both tails of 25 throws of a coin
    assert found["interval"] == pytest.approx([0.05333, 0.24079], abs=1e-5)  # Agresti and Min's formula, by hand
    swapped = difference(second, first)
    assert swapped["value"] == -found["value"] and swapped["interval"] == pytest.approx([-0.24079, -0.05333], abs=1e-5)
    same = difference(first, first)
    assert same["value"] == 0 and same["p"] == 1 and same["interval"][0] < 0 < same["interval"][1]


def test_a_mean_over_seeds_has_students_interval():
    assert over_seeds([0.5, 0.7]) == {
        "value": pytest.approx(0.6), "n": 2, "interval": pytest.approx([0.6 - 1.2706, 0.6 + 1.2706], abs=1e-3),
        "degrees": pytest.approx(1),
    }  # fmt: skip
    assert over_seeds([0.5]) == {"value": 0.5, "n": 1, "interval": None}


def test_a_mean_over_faces_has_an_interval_of_the_usual_width(rng):
    values = rng.normal(2, 1, 400)
    found = over_faces([*values, np.nan])
    assert found["n"] == 400 and found["value"] == pytest.approx(values.mean())
    assert np.subtract(found["interval"], values.mean()) == pytest.approx([-0.098, 0.098], abs=0.015)
    assert over_faces([3.0, np.nan])["interval"] is None


def test_differences_over_seeds_and_faces_count_both_scatters(rng):
    faces, seeds = rng.normal(0, 1, 10_000), np.array([[0.1], [0.3]])
    found = over_seeds_and_faces(faces + seeds)
    assert found["value"] == pytest.approx(0.2, abs=0.04) and found["n"] == 10_000
    width = np.ptp(found["interval"]) / 2  # seeds: variance 0.02 of 2, one degree of freedom; faces: 1 of 10,000
    assert width == pytest.approx(12.13 * np.sqrt(0.01 + 0.0001), rel=0.02)  # t of 1.02 degrees is 12.13
    assert found["degrees"] == pytest.approx(1.02, abs=0.005)
    more = over_seeds_and_faces(faces + seeds, [faces + seeds] * 9)  # ten times the degrees: 10.2
    assert np.ptp(more["interval"]) / 2 == pytest.approx(2.222 * np.sqrt(0.01 + 0.0001), rel=0.02)
    assert over_seeds_and_faces((faces + seeds)[:1])["interval"] == pytest.approx(
        [faces.mean() + 0.1 - 0.0196, faces.mean() + 0.1 + 0.0196], abs=5e-4
    )


def test_the_scatter_between_seeds_is_pooled_over_all_kinds(rng):
    kinds = {name: rng.normal(0, 1, (2, 50)) for name in ("a", "b", "c")}
    found = pooled(kinds)
    assert list(found) == list(kinds)
    assert found["b"] == over_seeds_and_faces(kinds["b"], [kinds["a"], kinds["c"]]) != over_seeds_and_faces(kinds["b"])


def test_a_difference_between_faces_counts_seeds_and_faces_of_both(rng):
    some, others = rng.normal(1, 1, 400), rng.normal(0, 2, 900)
    seeds = np.array([[0.0], [0.2]])
    found = between_faces(some + seeds, others - seeds)
    assert found["n"] == 900 and found["value"] == pytest.approx(some.mean() - others.mean() + 0.2)
    width = np.sqrt(0.04 + some.var() / 400 + others.var() / 900)  # seeds: variance 0.08 of 2
    degrees = width**4 / (0.04**2 + (some.var() / 400) ** 2 / 399 + (others.var() / 900) ** 2 / 899)  # little over 1
    reach = t.ppf(0.975, degrees) * width
    assert reach > 6 * width and found["interval"] == pytest.approx([found["value"] - reach, found["value"] + reach])
    alone = between_faces(some[None], others[None])
    expected = 2 * 1.96 * np.sqrt(some.var() / 400 + others.var() / 900)
    assert np.ptp(alone["interval"]) == pytest.approx(expected, rel=2e-3)


def test_a_word_is_chosen_by_the_side_of_zero():
    words = "below", "unclear", "above"
    chosen = [word({"interval": pair}, *words) for pair in ([0.1, 0.2], [-0.2, -0.1], [-0.1, 0.1], None)]
    assert chosen == ["above", "below", "unclear", "unclear"]


def test_confusions_are_counted_by_true_emotion_in_rows():
    table = confusion([2, 2, 2, 6], [2, 4, 4, 6])
    assert table.loc["fear", "sad"] == 2 and table.loc["fear", "fear"] == table.loc["neutral", "neutral"] == 1
    assert table.shape == (7, 7) and table.to_numpy().sum() == 4


def test_temperature_mends_what_was_spoilt_by_one(rng):
    honest = rng.dirichlet([0.5] * 7, 4000)
    labels = np.array([rng.choice(7, p=row) for row in honest])
    assert temperature(labels, honest) == pytest.approx(1, abs=0.1)
    too_sure = at_temperature(honest, 1 / 3)
    assert temperature(labels, too_sure) == pytest.approx(3, rel=0.1)
    np.testing.assert_allclose(at_temperature(too_sure, 3), honest, atol=1e-6)
    assert (too_sure.argmax(axis=1) == honest.argmax(axis=1)).all()
