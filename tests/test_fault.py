"""A small part of `make fault`, always the same cases; and what it found, once and for all."""

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from fer_keras.__main__ import main
from fer_keras.base import home
from tests import harm

PROMISES = Path(__file__).with_name("PROMISES.md")


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    return harm.Valid(tmp_path_factory.mktemp("fault") / "valid")


@pytest.mark.parametrize("name", harm.READERS)
def test_what_is_harmed_ends_in_a_sentence_and_nothing_is_lost(valid, tmp_path, name):
    assert harm.fuzz(name, valid, tmp_path, seed=16, examples=5) == {}


def test_no_damaged_file_of_the_store_is_believed(valid):
    found = dict(harm.damage(valid, ways=["with a flipped bit"]))
    assert len(found) > 6 and {what: wrong for what, wrong in found.items() if wrong} == {}


def test_a_full_store_and_one_that_is_read_only_end_in_a_sentence(valid):
    found = list(harm.stores(valid, limits=[3000]))
    assert len(found) == 10 and [each for each in found if each[2]] == []


def test_harm_is_noticed(valid, tmp_path, monkeypatch):
    """Of the suite itself: a traceback, a changed file, silence and too much time are found."""
    (given := tmp_path / "given").mkdir()
    (given / "mine").write_text("mine")

    def raises(options):
        raise KeyError("odd")

    def writes(options):
        (given / "mine").write_text("yours")
        return 0

    def hangs(options):
        while True:
            pass

    monkeypatch.setattr(harm, "SECONDS", 0.2)
    for run, says in (
        (raises, "not foreseen: KeyError"),
        (lambda _: 1, "not one sentence but []"),
        (writes, "lost: .*mine"),
    ):
        monkeypatch.setattr("fer_keras.__main__._claims", run)
        assert re.search(says.replace("[]", r"\[\]"), harm.trouble(["claims"], given))
    monkeypatch.setattr("fer_keras.__main__._claims", hangs)
    assert "took more than 0.2 s" in harm.trouble(["claims"], given)


@pytest.mark.parametrize("text", ["\N{EURO SIGN}".encode("utf-16"), b"FACES: [", b"- 1", b"SLIM: 3"])
def test_a_damaged_preset_is_named(tmp_path, monkeypatch, capsys, text):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "smoke.yaml").write_bytes(text)
    monkeypatch.setattr("fer_keras.report.run.NOTEBOOKS", tmp_path)
    assert main(["report", "--preset", "smoke", "--out", str(tmp_path / "out")]) == 1
    assert "smoke.yaml is no preset" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        ({"values": {"a": {"value": 1, "interval": 5.0}}}, "a is no recorded value"),
        ({"values": {"a": {"value": 10**400}}}, "damaged (OverflowError"),
        ({"values": [1]}, "damaged (AttributeError"),
        ({"command": 5}, "damaged (AttributeError"),
        ({"values": {"accuracy": {"value": 1, "n": 17}}, "right": "ffff"}, "does not hold a bit for each of 17 faces"),
    ],
)
def test_an_odd_record_is_named(tmp_path, capsys, odd, says):
    entry = {"command": "fer-keras train cnn_1m", "values": {"a": {"value": 1}}} | odd
    (tmp_path / "train.json").write_text(json.dumps({"cnn_1m": entry}))
    assert main(["table", str(tmp_path / "train.json")]) == 1
    assert says in (said := capsys.readouterr().err) and len(said.splitlines()) == 1


def test_what_is_recorded_does_not_move_the_cursor(tmp_path, capsys):
    entry = {"values": {"a": {"value": 1}}}
    record = {name: entry | {"command": f"fer-keras train cnn_1m --data '{name}'"} for name in ("a.csv", "b\x1b[2J")}
    (tmp_path / "train.json").write_text(json.dumps(record))
    for more in ([], ["--csv"]):
        assert main(["table", str(tmp_path / "train.json"), *more]) == 0
        assert r"b\x1b[2J" in (told := capsys.readouterr().out) and "\x1b" not in told


def test_a_file_with_holes_is_not_read_to_its_end(tmp_path, capsys):
    small = gzip.compress(b"small")  # behind which zeros are padding
    for name, start in {"sparse.csv": b"", "train.parquet": b"", "folder/sparse.csv": b"", "sparse.gz": small}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.write(start)
            file.truncate(300 << 30)
        assert main(["data", str(path.parent if "/" in name else path)]) == 1
        assert "holds 300 GB, more than the 4 GB" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["train", "cnn_1m", "-r"], ["report", "-p"], ["sweep", "20_kfold", "-p"]])
def test_an_option_that_is_given_twice_is_refused(capsys, command):
    assert main([*command, "SEED", "1", command[-1], "SEED", "2"]) == 1
    assert capsys.readouterr().err == "fer-keras: SEED is given twice; leave one\n"


def test_a_backend_that_trains_nothing_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("fer_keras.base.backend.BACKEND", "numpy")
    assert main(["models"]) == 1
    assert "numpy trains no nets; tensorflow, jax and torch do): look at KERAS_BACKEND" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "\ufeff{}", "NaN"])
def test_records_nested_too_deep_are_named(tmp_path, capsys, text):
    (tmp_path / "01_faces.json").write_text(text)
    for command in (["claims", "--records", str(tmp_path)], ["table", str(tmp_path)]):
        assert main(command) == 1
        said = capsys.readouterr().err
        assert "01_faces.json" in said and "not foreseen" not in said


def test_a_record_whose_command_is_no_text_is_refused(tmp_path, capsys):
    fields = {"notebook": "01", "command": 5, "date": "d", "device": "e", "data": "embedded", "values": {}}
    (tmp_path / "01_faces.json").write_text(json.dumps(fields))
    assert main(["claims", "--records", str(tmp_path)]) == 1
    assert "its command is no text" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage", [{"metadata": 5}, {"cells": 5}, {"cells": [{"cell_type": "code"}]}, {"nbformat": None}]
)
def test_an_odd_notebook_is_named(valid, tmp_path, capsys, damage):
    path = tmp_path / "odd.ipynb"
    path.write_text(json.dumps(valid.notebook | damage))
    for command in (["table", str(path)], ["sweep", str(path), "--print", "--out", str(tmp_path / "out")]):
        assert main(command) == 1
        said = capsys.readouterr().err
        assert "odd.ipynb" in said and "not foreseen" not in said and len(said.splitlines()) == 1


def test_what_is_known_of_a_run_is_whole_or_refused(valid, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path))
    folder = tmp_path / "runs" / valid.run.name
    shutil.copytree(valid.run, folder)
    found = json.loads((folder / "metrics.json").read_text())
    for name in ("checksum", "date"):
        del found[name]
    (folder / "metrics.json").write_text(json.dumps(home.sealed(found)))
    assert main(["card", folder.name]) == 1
    assert "what is known of run dnn_narrow" in capsys.readouterr().err
    assert main(["runs"]) == 0
    assert "cannot be listed (KeyError: 'date')" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("width", "900", "cnn_pyramid would have about"),
        ("width", "1e300", "width is a number above 0"),
        ("width", "[" * 3000, "the value of width"),
        ("filters", "[1, 2, 3, 99999]", "filters are four whole numbers"),
        ("filters", "[1, 2, 3, true]", "filters are four whole numbers"),
        ("kernel", "99", "kernel is a whole number of pixels, from 1 to 48"),
        ("kernel", "1" * 9000, "kernel is a whole number"),
    ],
)
def test_options_too_large_for_any_machine_are_refused_in_a_short_sentence(capsys, option, value, says):
    assert main(["train", "cnn_pyramid", "-o", option, value]) == 1
    error = capsys.readouterr().err
    assert says in error and len(error) < 1100 and error.count("\n") == 1


def test_each_promise_names_a_test_that_is_there():
    promises = re.findall(r"^\| [^|]+ \| (`.+`) \|$", PROMISES.read_text(), re.MULTILINE)
    named = [name for row in promises for name in re.findall(r"`([^`]+)`", row)]
    assert 5 <= len(promises) <= 8
    for name in named:
        file, _, test = name.partition("::")
        assert f"def {test}(" in (PROMISES.parent / file).read_text(), name
