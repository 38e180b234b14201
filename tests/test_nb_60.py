"""60: how far one net gets, by how it is asked and by what it is trained with."""

import numpy as np
import pytest

from fer_keras import Faces
from fer_keras.nets.recipes import RECIPES, Recipe
from fer_keras.study import views
from fer_keras.study.records import read_notebook


def test_it_records_looks_and_ingredients(executed):
    values, _ = read_notebook(executed("60_record"))
    names = [
        "the_face_accuracy",
        "with_its_mirror_accuracy",
        "and_moved_by_2_pixels_accuracy",
        "all_nets_together_accuracy",
    ]
    assert all(values[name]["n"] == 40 for name in names)
    mean = np.mean([values[f"seed_{seed}_accuracy"]["value"] for seed in range(2)])
    assert values["the_face_accuracy"]["value"] == pytest.approx(mean)


def test_a_view_mirrors_and_moves_with_the_border_going_on():
    image = np.add.outer(4 * np.arange(48), np.arange(48)).astype(np.uint8)
    face = Faces(image[None], np.array([0]), np.array(["PublicTest"]), np.array([1]))
    assert (views.seen(face, False, (0, 0)).images[0] == image).all()
    assert views.seen(face, True, (0, 0)).images[0, 0].tolist() == list(range(47, -1, -1))
    assert views.seen(face, False, (1, 0)).images[0, :4, 0].tolist() == [0, 0, 4, 8]
    assert views.seen(face, False, (0, -1)).images[0, 0, -4:].tolist() == [45, 46, 47, 47]


class Asked:
    """A run that says happy of faces that are light on their left side, else sad."""

    def predict(self, faces):
        left, right = faces.images[:, :, :24].mean(axis=(1, 2)), faces.images[:, :, 24:].mean(axis=(1, 2))
        rows = np.full((len(faces), 7), 0.0)
        rows[np.arange(len(faces)), np.where(left > right, 3, 4)] = 1
        return rows


def test_answers_over_views_are_means(drawn):
    found = views.over_views(Asked(), drawn[:20])
    assert (found["the face"].max(axis=1) == 1).all()
    assert (found["with its mirror"][:, [3, 4]] == 0.5).all(), "in the mirror the other side is light"
    assert found["and moved by 2 pixels"].sum(axis=1) == pytest.approx(np.ones(20))
    right = views.right_by_view({"a": found, "b": found}, drawn[:20])
    assert right["the face"].isin([0, 1]).all() and list(right)[-1] == "all nets together"


def test_the_rates_rise_to_the_highest_and_fall_to_0():
    plan = RECIPES["record"].changed(epochs=10)
    rates = views.rates(plan)
    assert rates[1] == pytest.approx(plan.rate(1) / 2) and rates[2] == rates.max() == pytest.approx(plan.rate(1))
    assert rates[6] == pytest.approx(plan.rate(1) / 2) and rates[10] == pytest.approx(0, abs=1e-9)
    assert views.rates(Recipe(epochs=3, learning_rate={1: 0.1, 3: 0.01})).tolist() == [0.1, 0.1, 0.01]


def test_an_ingredient_is_left_out():
    plan = RECIPES["record"]
    assert plan.changed(**views.without("flip")).flip is None
    assert plan.changed(**views.without("erase")).erase == 0 and plan.changed(**views.without("sizes")).phases() == [
        (48, plan.epochs)
    ]


def test_the_field_and_our_own_trainings_stand_in_one_table():
    table = views.beside_the_field()
    assert table["value"].is_monotonic_decreasing and "majority class" in table["method"].tolist()
    assert {"record, further", "record, further, with its mirror", "record, mixup"} <= set(table["method"])
    own = table[table["method"] == "record"]
    assert len(own) >= 1 and (own["split"] == "PublicTest").all() and own["value"].between(0.6, 0.75).all()


def test_what_a_training_began_with_is_counted_in_its_cost():
    values = {"epochs": {"value": 15}, "seconds": {"value": 6000}}
    assert views._cost(values) == "15 epochs, 100 minutes"
    values |= {"began_after_epochs": {"value": 24}, "began_after_seconds": {"value": 600}}
    assert views._cost(values) == "39 epochs, 110 minutes"
