"""Two hosts that share a folder never work at the same time, and one that dies is followed by the other."""

import os
import signal
import subprocess
import sys
import time

import pytest

from fer_keras.base import lease

HOST = ["unshare", "--user", "--map-root-user", "--uts", "--net"]  # a name and a network of its own
AGE = 6.0  # seconds after which a lease is old here
WORK = """
import socket, sys, time
from pathlib import Path
from fer_keras.base import lease

name, folder, age, until = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
if name != "here":
    socket.sethostname(name)
lease.SECONDS = age
with lease.held(folder / "locks" / "run.lease", "trains run") as mine:
    while not until or not Path(until[0]).exists():
        lease.check(mine, "trains run")
        with open(folder / "log", "a") as log:
            log.write(f"{name} {time.time()}\\n")
        time.sleep(0.1)
"""


@pytest.fixture
def at_work(tmp_path):
    """`at_work("one")`: a process on a host of that name, which writes down when it works, until it is killed."""
    processes = []

    def start(name, age=AGE, *until):
        if name != "here" and subprocess.run([*HOST, "true"], capture_output=True).returncode:
            pytest.skip("hosts of their own cannot be made here: unshare is missing or not permitted")
        host = [] if name == "here" else HOST
        command = [*host, sys.executable, "-c", WORK, name, str(tmp_path), str(age), *map(str, until)]
        processes.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()


def worked(folder, name):
    """When this host worked."""
    log = folder / "log"
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [float(seconds) for who, seconds in lines if who == name]


def wait_for(holds, patience=120):
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_another_host_takes_over_when_one_is_killed_and_not_before(tmp_path, at_work):
    first = at_work("one")
    wait_for(lambda: worked(tmp_path, "one"))
    second = at_work("two")
    assert second.stderr.readline() == "fer-keras: another process trains run; waiting for it\n"
    time.sleep(1.5 * AGE)  # it stays with the one that lives
    first.kill()
    wait_for(lambda: worked(tmp_path, "two"))
    assert min(worked(tmp_path, "two")) > max(worked(tmp_path, "one")) + 0.5 * AGE


def test_on_one_machine_it_takes_over_at_once(tmp_path, at_work):
    first = at_work("here", lease.SECONDS)
    wait_for(lambda: worked(tmp_path, "here"))
    first.kill()
    first.wait()
    before = len(worked(tmp_path, "here"))
    at_work("here", lease.SECONDS)
    wait_for(lambda: len(worked(tmp_path, "here")) > before, lease.SECONDS / 2)


def test_who_was_away_too_long_stops_and_leaves_the_other_alone(tmp_path, at_work):
    first = at_work("one")
    wait_for(lambda: worked(tmp_path, "one"))
    os.kill(first.pid, signal.SIGSTOP)
    at_work("two", AGE, tmp_path / "end")
    wait_for(lambda: worked(tmp_path, "two"))
    os.kill(first.pid, signal.SIGCONT)
    said = first.communicate(timeout=60)[1]
    assert "another process trains run by now, after 6 seconds without a sign of life" in said
    together = [when for when in worked(tmp_path, "one") if when > min(worked(tmp_path, "two"))]
    assert not together or max(together) - min(together) < AGE / 2  # until its next sign of life
    third = at_work("three")
    assert "waiting for it" in third.stderr.readline()  # as two still holds it
    assert not worked(tmp_path, "three")
    (tmp_path / "end").touch()
    wait_for(lambda: worked(tmp_path, "three"), AGE)  # what is given back is free at once
