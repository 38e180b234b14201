import gc
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import joblib
import keras
import numpy as np
import pytest
from conftest import require
from joblib.parallel import ParallelBackendBase

from fer_keras import draw_faces, run_kfold
from fer_keras.faces import UNLABELLED
from fer_keras.training.kfold import _workers, fold_numbers

SETTINGS = {"epochs": 1, "batch_size": 64}
TINY = "tiny:net"


@pytest.fixture(scope="module")
def folds(drawn):
    return run_kfold(TINY, drawn, k=3, **SETTINGS)


def test_folds_hold_every_face_once_and_every_class_in_proportion(drawn):
    fold = fold_numbers(drawn, 5, seed=1)
    assert set(fold) == set(range(5))
    counts = np.array([np.bincount(drawn.labels[fold == number], minlength=7) for number in range(5)])
    even = np.bincount(drawn.labels, minlength=7) / 5
    assert np.abs(counts - even).max() <= 5 and counts.min() > 0
    assert (fold == fold_numbers(drawn, 5, seed=1)).all() and (fold != fold_numbers(drawn, 5, seed=2)).any()


def test_copies_stand_in_one_fold_unless_they_are_ignored(drawn):
    groups = drawn.duplicate_groups()
    assert len(np.unique(groups)) < len(drawn)  # there are copies

    def groups_in_two_folds(fold):
        return sum(len(np.unique(fold[groups == group])) > 1 for group in np.unique(groups))

    assert groups_in_two_folds(fold_numbers(drawn, 5)) == 0
    assert groups_in_two_folds(fold_numbers(drawn, 5, duplicates="ignore")) > 0


def test_every_face_is_judged_by_a_net_that_has_not_seen_it(drawn, folds):
    assert folds.probabilities.shape == (len(drawn), 7)
    np.testing.assert_allclose(folds.probabilities.sum(axis=1), 1, atol=1e-4)
    for number, folder in enumerate(folds.runs):
        held_out = folds.fold == number
        right = folds.probabilities[held_out].argmax(axis=1) == drawn.labels[held_out]
        scores = json.loads((folder / "metrics.json").read_text())
        assert folds.accuracies[number] == right.mean() == scores["accuracy"]["value"]
        assert scores["accuracy"]["n"] == scores["accuracy_without_duplicates"]["n"] == held_out.sum()
        assert not (folder / "model.keras").exists()
    assert len(set(folds.runs)) == 3


def test_scores_are_pooled_with_spread_and_interval(drawn, folds):
    metrics = folds.metrics
    assert metrics["pooled"]["n"] == len(drawn)
    assert metrics["pooled"]["value"] == np.mean(folds.probabilities.argmax(axis=1) == drawn.labels)
    assert metrics["mean"]["value"] == pytest.approx(folds.accuracies.mean())
    assert metrics["spread"]["value"] == pytest.approx(np.std(folds.accuracies, ddof=1))
    half = 4.3027 * metrics["spread"]["value"] / np.sqrt(3)  # Student's t, two degrees of freedom
    mean = metrics["mean"]["value"]
    assert metrics["mean"]["interval"] == pytest.approx([mean - half, mean + half], abs=1e-4)
    assert folds.confusion.shape == (7, 7) and (folds.confusion.sum(axis=1) == np.bincount(drawn.labels)).all()
    assert np.trace(folds.confusion) / len(drawn) == pytest.approx(metrics["pooled"]["value"])


def test_folds_start_from_weights_of_their_own_and_are_not_made_twice(drawn, folds):
    config = [json.loads((folder / "config.json").read_text()) for folder in folds.runs]
    assert len({each["seed"] for each in config}) == len({each["training"] for each in config}) == 3
    made = [(folder / "metrics.json").stat().st_mtime_ns for folder in folds.runs]
    again = run_kfold(TINY, drawn, k=3, **SETTINGS)
    assert [(folder / "metrics.json").stat().st_mtime_ns for folder in again.runs] == made
    np.testing.assert_array_equal(again.probabilities, folds.probabilities)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({"k": 1}, "1 folds need k at least 2"),
        ({"k": 500}, r"500 folds need .* only \d+ different disgust faces"),
        ({"duplicates": "drop"}, 'duplicates is "together" or "ignore", not \'drop\''),
        ({"faces": draw_faces(240)[:5]}, "there are"),
        ({"net": object()}, "name a net"),
        ({"epoch": 1}, "a recipe has no field 'epoch'"),
        ({"jobs": 2, "n_jobs": 3}, "n_jobs is 3 and jobs 2, which mean the same"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(drawn, call, says):
    with pytest.raises(ValueError, match=says):
        run_kfold(**{"net": "cnn_leaky", "faces": drawn, "k": 3} | call)


class Elsewhere(ParallelBackendBase):
    """A backend of others, whose workers may be anywhere."""

    def effective_n_jobs(self, n_jobs):
        return 4 if n_jobs is None else n_jobs

    def submit(self, func, callback=None):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("backend", "given", "expected"),
    [
        ({}, {}, (1, True, True)),
        ({}, {"n_jobs": 2}, (2, False, True)),
        ({}, {"jobs": 2}, (2, False, True)),
        ({}, {"n_jobs": 9}, (5, False, True)),  # there are five folds
        ({"backend": "loky", "n_jobs": 3}, {}, (3, False, True)),
        ({"backend": "loky", "n_jobs": 3}, {"n_jobs": 1}, (1, True, True)),
        ({"backend": "multiprocessing", "n_jobs": 2}, {}, (2, False, True)),
        ({"backend": "threading", "n_jobs": 2}, {}, (2, True, True)),  # Keras' seeds belong to the process
        ({"backend": "elsewhere"}, {}, (4, False, False)),
        ({"backend": "elsewhere", "n_jobs": 2}, {}, (2, False, False)),
        ({"backend": "elsewhere"}, {"n_jobs": 1}, (1, False, False)),
    ],
)
def test_the_number_of_jobs_is_joblibs_whatever_its_backend(backend, given, expected):
    joblib.register_parallel_backend("elsewhere", Elsewhere)
    with joblib.parallel_config(**backend) if backend else nullcontext():
        assert _workers(given.get("n_jobs"), given.get("jobs"), 5) == expected


def test_folds_in_threads_of_joblib_are_the_runs_of_one_process(drawn, folds):
    made = [(folder / "metrics.json").stat().st_mtime_ns for folder in folds.runs]
    with joblib.parallel_config(backend="threading", n_jobs=2):
        again = run_kfold(TINY, drawn, k=3, **SETTINGS)
        other = run_kfold(TINY, drawn[:300], k=2, seed=5, epochs=1)
    assert [(folder / "metrics.json").stat().st_mtime_ns for folder in again.runs] == made
    assert len(other.runs) == 2 and np.isfinite(other.probabilities).all()


def test_unlabelled_faces_are_refused(drawn):
    unlabelled = replace(drawn, labels=np.where(np.arange(len(drawn)) < 3, UNLABELLED, drawn.labels))
    with pytest.raises(ValueError, match="folds need labelled faces"):
        run_kfold("cnn_leaky", unlabelled, k=3)


def test_folds_keep_the_users_number_type_and_their_last_epoch(drawn):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        folds = run_kfold(TINY, drawn[:300], k=2, epochs=1)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    config = [json.loads((folder / "config.json").read_text()) for folder in folds.runs]
    assert [each["dtype"] for each in config] == ["mixed_bfloat16"] * 2
    assert not any("keep" in each["recipe"] for each in config)  # "last", the usual


def test_folds_leave_no_graphs_in_memory(drawn):
    counts = []
    for seed in (1, 2):
        run_kfold(TINY, drawn[:300], k=2, seed=seed, epochs=1)
        gc.collect()
        counts.append(sum(type(each).__name__ == "FuncGraph" for each in gc.get_objects()))
    assert counts[0] == counts[1]


def test_ctrl_c_stops_says_how_to_go_on_and_the_same_call_does(drawn, tmp_path, monkeypatch, capsys):
    class Interrupt(keras.callbacks.Callback):
        """Told to from outside, so that its settings stay the same; counts the folds that start."""

        folds, at = 0, 2

        def on_train_begin(self, logs=None):
            Interrupt.folds += 1
            if Interrupt.folds == Interrupt.at:
                os.kill(os.getpid(), signal.SIGINT)

    def run():
        return run_kfold(TINY, drawn[:300], k=3, epochs=1, callbacks=[Interrupt()])

    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert "stopped after 1 of 3 folds; the same call goes on from there" in capsys.readouterr().err
    Interrupt.at = None
    assert len(run().runs) == 3 and Interrupt.folds == 4


# In processes of their own, where bits repeat


def start(*arguments) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.trainings", *map(str, arguments)],
        env={**os.environ, "FER_KERAS_DETERMINISTIC": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def _left_by(session: int) -> list[str]:
    """Processes of a session that do not end within five seconds: joblib's tracker ends a moment after its parent."""
    patience = time.monotonic() + 5
    while (found := _processes_of(session)) and time.monotonic() < patience:
        time.sleep(0.1)
    return found


def _processes_of(session: int) -> list[str]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = status.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(after_name[3]) == session and after_name[0] != "Z":
            found.append(status.parent.name)
    return found


def test_two_jobs_and_a_cluster_that_loses_a_worker_give_the_bits_of_one_process(tmp_path):
    require("distributed")
    process = start("kfold", tmp_path)
    out, err = process.communicate()
    assert process.returncode == 0, err
    found = json.loads(out)
    assert found["one"] == found["two"] == found["cluster"]
    assert all(len(list(tmp_path.glob(f"{how}/runs/*/metrics.json"))) == 3 for how in found)
    assert not _left_by(process.pid)


def test_ctrl_c_stops_two_jobs_and_leaves_no_process(tmp_path):
    process = start("six_folds", tmp_path)
    while not list(tmp_path.glob("six/runs/*/metrics.json")) and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode not in (0, None)
    assert "of 6 folds; the same call goes on from there" in err
    assert not _left_by(process.pid)
