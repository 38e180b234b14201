"""A class reads the runs and faces of a shared folder, and writes nothing there."""

import json
import os
import warnings

import numpy as np
import pytest
from PIL import Image

from fer_keras import draw_faces, load_faces, train
from fer_keras.__main__ import main
from fer_keras.base import home
from fer_keras.report.notebook import kernel_variables
from fer_keras.training.run import tell
from fer_keras.training.store import find_run, run_table

NET = "tests.tiny:net"


def listing(folder):
    """Every file and folder, with what writing changes of it."""
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in [folder, *folder.rglob("*")]}


def trained(seed=0):
    faces = load_faces(n=300)
    return train(NET, faces.split("Training"), faces.split("PublicTest"), epochs=1, seed=seed)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """What a teacher leaves who works with FER_KERAS_HOME set to it."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_KERAS_HOME", str(folder))
        trained()
    return folder


@pytest.fixture
def own(filled, tmp_path, monkeypatch):
    """The empty folder of one's own, beside the shared one."""
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("FER_KERAS_SHARED", str(filled))
    return tmp_path / "own"


def test_runs_and_faces_come_from_the_shared_folder_into_which_nothing_is_written(filled, own, monkeypatch):
    before = listing(filled)
    monkeypatch.setattr("fer_keras.drawing.people._draw", None)  # faces are not drawn anew
    monkeypatch.setattr("fer_keras.duplicates.copies", None)  # nor their copies looked for
    run = trained()
    assert run.folder.parents[1] == filled
    assert not list(own.rglob("*"))
    others = load_faces(n=300).split("PrivateTest")
    assert run.predict(others).shape == (30, 7)
    assert tell(run, command="mine").metrics == run.metrics
    assert listing(filled) == before


def test_what_is_not_shared_is_made_in_ones_own_folder(filled, own):
    before = listing(filled)
    assert trained(seed=1).folder.parents[1] == own
    draw_faces(240)
    assert {path.name for path in own.rglob("*.npz")} == {"embedded-240-0.npz"}
    assert listing(filled) == before


def test_ones_own_goes_first(filled, own, monkeypatch):
    shared = trained()
    monkeypatch.delenv("FER_KERAS_SHARED")
    mine = trained()
    monkeypatch.setenv("FER_KERAS_SHARED", str(filled))
    assert mine.name == shared.name and trained().folder == mine.folder
    assert find_run(mine.name).folder == find_run(mine.name[:-4]).folder == mine.folder
    assert find_run(str(shared.folder)).folder == shared.folder
    assert run_table()["run"].tolist() == [mine.name] and not run_table()["shared"].any()


def test_commands_see_the_shared_runs(filled, own, drawn, tmp_path, capsys):
    before = listing(filled)
    name = find_run("tests.tiny").name
    Image.fromarray(drawn.images[0]).save(tmp_path / "face.png")
    assert main(["runs", "--json"]) == 0
    assert [(row["run"], row["shared"]) for row in json.loads(capsys.readouterr().out)] == [(name, True)]
    assert main(["card", name]) == 0
    assert main(["predict", name, str(tmp_path / "face.png")]) == 0
    assert main(["predict", name, str(tmp_path / "face.png"), "--out", str(filled / "out.csv")]) == 1
    assert "runs and faces are kept there" in capsys.readouterr().err
    assert listing(filled) == before


def test_a_damaged_run_that_is_shared_is_trained_in_ones_own_folder(filled, own):
    path = find_run("tests.tiny").folder / "history.csv"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole + b"x")
        assert trained().folder.parents[1] == own
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("name", "why"), [("missing", "is not there"), ("file", "is a file"), ("locked", "cannot be read")]
)
def test_a_shared_folder_that_cannot_be_read_costs_one_sentence(own, tmp_path, monkeypatch, name, why):
    path = tmp_path / name
    if name == "file":
        path.touch()
    if name == "locked":
        path.mkdir()
        monkeypatch.setattr(os, "access", lambda *_: False)  # tests may run as root, who may read all
    monkeypatch.setenv("FER_KERAS_SHARED", str(path))
    with pytest.warns(UserWarning, match=rf"the shared folder \S+ {why}, .* mend FER_KERAS_SHARED"):
        faces = draw_faces(240)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # once is enough
        np.testing.assert_array_equal(draw_faces(240).images, faces.images)
        assert home.folders() == [own] and "shared" not in run_table()


def test_who_fills_the_shared_folder_may_have_both_variables(filled, monkeypatch):
    monkeypatch.setenv("FER_KERAS_HOME", str(filled))
    monkeypatch.setenv("FER_KERAS_SHARED", f"{filled}/../{filled.name}")
    assert home.folders() == [filled] and not home.is_shared(filled / "runs")


def test_workers_and_kernels_are_told_where_it_is(own, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FER_KERAS_SHARED", "class")
    assert kernel_variables()["FER_KERAS_SHARED"] == str(tmp_path / "class")
    assert kernel_variables()["FER_KERAS_HOME"] == str(own)
