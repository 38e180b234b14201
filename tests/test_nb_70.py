"""70: photographs are found, answered and compared with what was tried."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fer_keras.data.photographs import Found, photographs_below
from fer_keras.drawing.scene import PLACES, draw_pictures
from fer_keras.faces import EMOTIONS
from fer_keras.seeing.answers import Answer
from fer_keras.study import own_face
from fer_keras.study.records import read_notebook


def found(*names) -> list[Found]:
    return [Found(Path(name), 1, (0, 0, 48), np.zeros((48, 48), np.uint8), b"", ()) for name in names]


def answers(*emotions, agree=1.0) -> list[Answer]:
    rows = np.eye(7)[[EMOTIONS.index(name) for name in emotions]] * 0.65 + 0.05
    return [Answer(row, agree, {}, None) for row in rows]


def test_it_looks_at_drawn_people_by_default(executed):
    values, answer = read_notebook(executed("70_own_face"))
    assert values["faces_found"]["value"] >= 7 and values["read_as_tried"]["n"] >= 5
    assert 0 < values["mean_agreement"]["value"] <= 1
    assert f"Of {values['faces_found']['value']} faces" in answer and "is not what its owner feels" in answer


def test_drawn_pictures_are_a_scene_and_a_portrait_of_each_emotion(tmp_path):
    paths = list(photographs_below(draw_pictures(tmp_path / "drawn")))
    assert [path.stem for path in paths] == ["a scene", *sorted(EMOTIONS)]
    scene = np.asarray(Image.open(paths[0]))
    assert scene.shape == (420, 700) and len(PLACES) == 3
    again = draw_pictures(tmp_path / "again")
    assert (np.asarray(Image.open(again / "a scene.png")) == scene).all()


def test_the_pictures_are_those_uploaded_named_or_drawn(tmp_path):
    Image.new("L", (60, 60)).save(tmp_path / "mine.png")
    assert own_face.chosen(str(tmp_path)) == [tmp_path / "mine.png"]
    assert own_face.chosen(str(tmp_path / "mine.png")) == [tmp_path / "mine.png"]

    class Button:
        value = ({"name": "../up.png", "content": (tmp_path / "mine.png").read_bytes()},)

    (uploaded,) = own_face.chosen("", Button())
    assert uploaded.name == "up.png" and uploaded.read_bytes() == (tmp_path / "mine.png").read_bytes()
    assert len(own_face.chosen("")) == 8 and own_face.upload() is None


def test_what_was_tried_is_told_by_the_names_of_the_pictures():
    faces = found("happy 1.jpg", "Angry.png", "holiday.jpg", "happy 2.jpg")
    table = own_face.tried(faces, answers("happy", "sad", "fear", "neutral"))
    assert table["tried"].tolist() == ["happy", "angry", "happy"] and table["read"].tolist() == [
        "happy",
        "sad",
        "neutral",
    ]
    matrix = own_face.matrix(table)
    assert list(matrix.index) == ["angry", "happy"] and list(matrix) == list(EMOTIONS)
    assert matrix.loc["happy", "happy"] == matrix.loc["angry", "sad"] == 1 and matrix.to_numpy().sum() == 3
    none = own_face.tried(found("a.png"), answers("happy"))
    assert none.empty and own_face.matrix(none).empty


@pytest.mark.parametrize(("agree", "firm"), [(1.0, "2 of these answers bear"), (0.5, "0 of these answers bear")])
def test_the_answer_follows_from_the_tables(agree, firm):
    faces = found("happy.jpg", "b.jpg")
    given = answers("happy", "sad", agree=agree)
    table = own_face.overview(faces, given)
    text = own_face.in_short(table, own_face.tried(faces, given))
    assert text.startswith("Of 2 faces it sees mostly happy in 1 and sad in 1.") and firm in text
    assert "Of 1 emotions that were tried it reads 1 as meant" in text
    assert "tried" not in own_face.in_short(table, pd.DataFrame(columns=["tried", "read"]))
