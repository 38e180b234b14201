"""What is read back is what was written: a flipped bit anywhere is seen, and old files stay readable."""

import json
import os
import time

import numpy as np
import pytest

from fer_keras.base import home
from fer_keras.claims import ledger
from fer_keras.report.kept import _is_kept
from fer_keras.study import measured
from fer_keras.training import run as runs


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path / "home"))


def flipped(path, rng, times):
    """The file with one bit flipped, so many times, each time another."""
    whole = path.read_bytes()
    for bit in rng.choice(8 * len(whole), min(times, 8 * len(whole)), replace=False):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        yield bit
    path.write_bytes(whole)


def test_cached_faces_are_what_was_cached_or_read_anew(drawn, rng):
    faces = drawn[:5]
    home.keep("faces/x", "stamp", faces.arrays(), {"count": 0})
    lost = 0
    for _ in flipped(home.folder() / "faces" / "x.npz", rng, 1500):
        found = home.restore("faces/x", "stamp")
        lost += found is None
        if found is not None:
            assert found[1] == {"count": 0} and set(found[0]) == set(faces.arrays())
            assert all(np.array_equal(found[0][name], each) for name, each in faces.arrays().items())
    assert lost > 1000


def test_kept_predictions_are_what_was_kept_or_made_anew(drawn, rng, tmp_path):
    predictions = rng.random((5, 7), np.float32)
    runs.keep_predictions(tmp_path, drawn[:5], predictions)
    (path,) = (tmp_path / "predictions").iterdir()
    assert np.array_equal(runs._read_predictions(path), predictions)
    for _ in flipped(path, rng, 2000):
        assert runs._read_predictions(path) is None
    np.save(path, predictions)  # as older versions did
    assert np.array_equal(runs._read_predictions(path), predictions)


@pytest.fixture
def finished(tmp_path, drawn):
    folder = tmp_path / "home" / "runs" / "net-1"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.json").write_text('{"net": "net"}')
    (folder / "history.csv").write_text("epoch,loss\n1,0.5\n")
    (folder / "checkpoints" / "1.keras").write_bytes(b"weights")
    runs.keep_predictions(folder, drawn[:3], np.full((3, 7), 1 / 7, np.float32))
    return runs.finish(folder, {"accuracy": {"value": 0.25, "n": 70, "interval": [0.2, 0.3]}, "epoch": 3})


def test_no_flipped_bit_of_a_run_is_believed(finished, rng):
    assert runs.finished(finished.folder)
    said = finished.metrics
    for path in [path for path in finished.folder.rglob("*") if path.is_file()]:
        for _ in flipped(path, rng, 500):
            if again := runs.finished(finished.folder):  # such as another space in metrics.json
                assert path.name == "metrics.json" and again.metrics["accuracy"] == said["accuracy"]
                assert again.metrics["epoch"] == said["epoch"] and again.metrics["files"] == said["files"]


def test_a_damaged_score_or_checkpoint_is_refused_with_its_name(finished):
    (finished.folder / "checkpoints" / "1.keras").write_bytes(b"weighty")
    with pytest.raises(ValueError, match=r"checkpoints/1.keras is damaged; `fer-keras train`"):
        finished.checkpoint(1)
    path = finished.folder / "metrics.json"
    path.write_text(path.read_text().replace("0.25", "0.95"))
    assert runs.finished(finished.folder) is None
    with pytest.raises(ValueError, match=r"metrics.json is damaged"):
        _ = runs.Run(finished.folder).metrics
    with pytest.raises(ValueError, match=r"metrics.json is not what was written"):
        measured.read([finished.folder])


def test_a_run_of_an_older_version_stays_finished(finished):
    path = finished.folder / "metrics.json"
    values = json.loads(path.read_text())
    del values["checksum"]
    path.write_text(json.dumps(values))
    assert runs.finished(finished.folder).metrics["epoch"] == 3


def test_a_damaged_record_is_refused_and_made_anew(tmp_path):
    record = {"notebook": "20_kfold", "values": {"accuracy": {"value": 0.25}}, "data": "embedded"}
    record |= dict.fromkeys(ledger.FIELDS - record.keys(), "")
    path = tmp_path / "20_kfold.json"
    path.write_text(json.dumps(home.sealed(record)))
    assert ledger.of_report(tmp_path) and measured.read([path]) and _is_kept(path)
    path.write_text(path.read_text().replace("0.25", "0.35"))
    assert not _is_kept(path)
    for read in (lambda: ledger.of_report(tmp_path), lambda: measured.read([path])):
        with pytest.raises(ValueError, match=r"20_kfold.json is not what was written"):
            read()
    path.write_text(json.dumps(record))  # as older versions wrote it
    assert ledger.of_report(tmp_path) and _is_kept(path)


def test_what_killed_processes_left_is_removed_later(tmp_path):
    left, new, others = (
        tmp_path / name for name in (".unfinished-abcd_123.npz", ".unfinished-x1234567", ".unfinished-b")
    )
    for path in (left, new, others):
        path.write_text("x")
    for path in (left, others):
        os.utime(path, (time.time() - 7200,) * 2)
    home.write_text(tmp_path / "a.txt", "whole")
    assert not left.exists() and new.exists() and others.exists()


def test_a_store_that_takes_no_files_costs_no_prediction(finished, drawn, monkeypatch):
    def read_only(*_):
        raise OSError(30, "Read-only file system")

    answers = np.full((4, 7), 1 / 7, np.float32)
    monkeypatch.setattr(runs, "write_whole", read_only)
    monkeypatch.setattr(runs, "predict", lambda model, faces: answers)
    monkeypatch.setattr(runs.Run, "model", None)
    assert finished.predict(drawn[:4]) is answers


def test_a_run_that_is_told_more_keeps_its_checksum(finished):
    path = runs.tell(finished, data="mine.csv").folder / "metrics.json"
    assert runs.finished(finished.folder).metrics["data"] == "mine.csv"
    path.write_text(path.read_text().replace("mine.csv", "yours.csv"))
    assert runs.finished(finished.folder) is None


def test_what_killed_processes_left_of_a_run_is_removed_by_the_next(finished):
    left = finished.folder / "checkpoints" / ".unfinished-abcd_123.keras"
    left.write_text("x")
    with runs.alone(finished.folder) as check:
        check()
        assert not left.exists() and (left.parent / "1.keras").exists()


def test_a_file_may_be_read_by_those_who_may_read_others(tmp_path):
    home.write_text(tmp_path / "ours", "x")
    (tmp_path / "others").write_text("x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "others").stat().st_mode
