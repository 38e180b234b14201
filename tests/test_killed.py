"""Trainings in processes of their own: killed, two at once, over several devices, with bits that repeat."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import require

from fer_keras import build, train


def start(home: Path, *arguments, stderr=subprocess.PIPE, **variables) -> subprocess.Popen:
    environment = {**os.environ, "FER_KERAS_HOME": str(home), "FER_KERAS_DETERMINISTIC": "1", **variables}
    command = [sys.executable, "-m", "tests.trainings", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True)


@pytest.mark.parametrize(("backend", "epochs"), [("tensorflow", (2, 4)), ("jax", (3,)), ("torch", (3,))])
def test_a_run_that_is_killed_ends_with_the_bits_of_one_never_killed(tmp_path, backend, epochs):
    if backend != "tensorflow":
        require(backend)
    for epoch in epochs:
        process = start(tmp_path / "home", "killed", epoch, KERAS_BACKEND=backend)
        process.communicate()
        assert process.returncode == -9
    process = start(tmp_path / "home", "resumed", KERAS_BACKEND=backend)
    out, err = process.communicate()
    assert process.returncode == 0, err
    found = json.loads(out)
    assert "going on after epoch" in err
    assert found["resumed"] == found["whole"]


def test_two_processes_that_ask_for_one_run_end_with_the_same_whole_run(tmp_path):
    go, said = tmp_path / "go", tmp_path / "said"
    with said.open("w") as file:
        processes = [start(tmp_path, "waiting", go, stderr=file) for _ in range(2)]
    patience = time.monotonic() + 120
    while "waiting for it" not in said.read_text() and time.monotonic() < patience:
        time.sleep(0.05)
    go.touch()
    assert "waiting for it" in said.read_text()
    one, other = (json.loads(process.communicate()[0]) for process in processes)
    assert one == other and len(one) == 3
    assert len(list(tmp_path.glob("runs/*/metrics.json"))) == 1


def test_asking_for_repeated_bits_too_late_is_an_error_that_says_so(drawn, monkeypatch):
    build("tiny:net").predict(drawn.images[:8, ..., None], verbose=0)
    monkeypatch.setenv("FER_KERAS_DETERMINISTIC", "1")
    with pytest.raises(ValueError, match="FER_KERAS_DETERMINISTIC=1 comes too late"):
        train("tiny:net", drawn[:100], drawn[100:200], epochs=1)


def test_an_active_distribution_is_honoured(tmp_path):
    require("jax")
    flags = "--xla_force_host_platform_device_count=2"
    process = start(tmp_path, "distributed", KERAS_BACKEND="jax", XLA_FLAGS=flags)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert json.loads(out) == {"devices_of_weights": 2, "devices": 2, "predictions": 69, "epochs": 2}
