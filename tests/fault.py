"""`make fault`: files, options, processes and disks are harmed, and nothing may be lost, hang or end in a traceback.

`python -m tests.fault [KIND …] [--seed N]`, by hand, about half an hour on two cores. `tests/harm.py` harms what is
read, this file what runs. A table at the end: tried, failed, lost (what was there is changed, or other bits come out).
What failed is printed with the seed, and its files are kept.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import joblib
import psutil

from fer_keras import load_faces, run_kfold
from tests import forms, harm

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
PATIENCE = 240  # seconds for a command
TRAIN = ["train", "dnn_narrow", "-o", "width", "0.25", "-r", "epochs", "12"]
REPORT = ["report", "--preset", "smoke", "--only", "01", "--out", "out"]
FOLDS = "import tests.fault; tests.fault.three_folds()"

tally: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
chance = random.Random()


def note(kind: str, wrong: str | None, how: str) -> None:
    """Count a case; say what is wrong with it and how to repeat it."""
    tally[kind][0] += 1
    if wrong:
        tally[kind][2 if wrong.startswith("lost") else 1] += 1
        print(f"{kind}: {wrong}\n    {how}", flush=True)


class Place:
    """A folder for one case: where the commands work, and the store beside it."""

    def __init__(self, root: Path, like: "Place | None" = None):
        self.work, self.home = root / "work", root / "home"
        for folder in (self.work, self.home):
            if like:
                shutil.copytree(like.root / folder.name, folder, dirs_exist_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
        self.root = root

    def start(self, arguments: list[str]) -> subprocess.Popen:
        variables = {"FER_KERAS_HOME": str(self.home), "FER_KERAS_DETERMINISTIC": "1", "PYTHONPATH": os.getcwd()}
        how = ["-c", *arguments[1:]] if arguments[0] == "-c" else ["-m", "fer_keras", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
        return subprocess.Popen([sys.executable, *how], cwd=self.work, env=os.environ | variables, **pipes)

    def left(self) -> str:
        """What must not depend on whether anything was killed: histories, predictions, and what was written."""
        files = [path for pattern in ("history.csv", "predictions/*") for path in self.home.glob(f"runs/*/{pattern}")]
        files += self.work.glob("*.csv")
        data = b"".join(path.name.encode() + path.read_bytes() for path in sorted(files) if path.is_file())
        return hashlib.sha256(data).hexdigest()


def said_badly(code: int, err: str) -> str | None:
    if "Traceback" in err or "not foreseen" in err:
        return f"a traceback or its like: {err[-300:]!r}"
    if code == 1 and not err.strip().rpartition("\n")[2].startswith("fer-keras: "):
        return f"exit {code} without a sentence: {err[-300:]!r}"
    return None


def goes_on(place: Place, arguments: list[str], whole: str | None) -> str | None:
    """What is wrong with the same call made once more after trouble."""
    _, err = (process := place.start(arguments)).communicate(timeout=PATIENCE)
    if process.returncode:
        return f"the same call ends with {process.returncode}: {err[-300:]!r}"
    if whole and place.left() != whole:
        return "lost: it ends with other bits"
    if unfinished := [*place.root.rglob("state.npz")]:
        return f"{unfinished[0]} is left"
    for path in [*place.root.glob("work/out/executed/*.ipynb"), *place.root.glob("work/out/records/*.json")]:
        json.loads(path.read_text())
    return None


@cache
def whole_ones(root: Path) -> dict[str, tuple[list[str], Place, float, str]]:
    """Each command run once without trouble: its arguments, the place before, its seconds, and what it left."""
    before = Place(root / "before")
    commands = {"train": TRAIN, "kfold": ["-c", FOLDS], "report": REPORT}
    made = Place(root / "net", before)
    out, _ = made.start(TRAIN).communicate(timeout=PATIENCE)
    commands["predict"] = ["predict", out.split()[0], "faces.csv", "--out", "answers.csv"]
    forms.unlabelled(made.work / "faces.csv", load_faces(n=300))
    done = {}
    for name, arguments in commands.items():
        start = made if name == "predict" else before
        place, began = Place(root / f"whole-{name}", start), time.monotonic()
        _, err = (process := place.start(arguments)).communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        done[name] = arguments, start, time.monotonic() - began, "" if name == "report" else place.left()
    return done


def three_folds() -> None:
    run_kfold("dnn_narrow", load_faces(n=400), 3, options={"width": 0.25}, epochs=2)


def kills(root: Path, rounds: int = 2) -> None:
    """SIGKILL at random moments, twice in a row, then the same call."""
    for name, (arguments, start, seconds, whole) in whole_ones(root.with_name("whole")).items():
        for number in range(rounds):
            place, moments = Place(root / f"{name}-{number}", start), []
            for _ in range(2):
                moments.append(round(chance.uniform(0.2, 1) * seconds, 1))
                hit(place, arguments, signal.SIGKILL, moments[-1])
            note("killed", goes_on(place, arguments, whole), f"{name} killed after {moments} s, in {place.root}")


def signals(root: Path) -> None:
    for name, (arguments, start, seconds, whole) in whole_ones(root.with_name("whole")).items():
        if name == "kfold":  # no command, so that Ctrl-C ends in Python's own words
            continue
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            place, moment = Place(root / f"{name}-{number.name}", start), round(chance.uniform(0.2, 0.9) * seconds, 1)
            wrong = hit(place, arguments, number, moment) or goes_on(place, arguments, whole)
            note("stopped by a signal", wrong, f"{name}, {number.name} after {moment} s, in {place.root}")


def hit(place: Place, arguments: list[str], number: signal.Signals, after: float) -> str | None:
    """Send a signal to a command; what is wrong with how it ended, or with what it left running."""
    process = place.start(arguments)
    try:
        process.wait(timeout=after)
        return None  # it was faster
    except subprocess.TimeoutExpired:
        pass
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE)
    _, alive = psutil.wait_procs(children, timeout=15)
    if alive:
        return f"left running: {[' '.join(each.cmdline())[:80] for each in alive]}"
    expected = (0, 130) if number is signal.SIGINT else (0, -number)
    if process.returncode not in expected:
        return f"exit {process.returncode}, not {expected[1]}: {err[-300:]!r}"
    return said_badly(process.returncode, err)


def two_at_once(root: Path) -> None:
    for name, (arguments, start, _, whole) in whole_ones(root.with_name("whole")).items():
        place = Place(root / name, start)
        ended = [(each, each.communicate(timeout=PATIENCE)) for each in [place.start(arguments) for _ in range(2)]]
        wrong = next((f"exit {each.returncode}: {err[-300:]!r}" for each, (_, err) in ended if each.returncode), None)
        note("two at once", wrong or goes_on(place, arguments, whole), f"{name} twice in {place.root}")


def cluster(root: Path) -> None:
    """A worker, then the scheduler of a Dask cluster killed while it trains."""
    if not find_spec("distributed"):
        print("Dask is not installed: pip install -e .[cluster]")
        return
    arguments = ["-c", FOLDS]
    for victim in ("worker", "scheduler"):
        place = Place(root / victim)
        process = place.start(["-c", f"import tests.fault; tests.fault.on_a_cluster({victim!r})"])
        try:
            _, err = process.communicate(timeout=PATIENCE)
            wrong = err[-400:] if victim == "worker" and process.returncode else None
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            wrong = f"hangs for {PATIENCE} s"
        note("Dask", wrong or goes_on(place, arguments, None), f"{victim} killed, in {place.root}")


def on_a_cluster(victim: str) -> None:
    from distributed import Client, LocalCluster, SubprocessCluster

    kind, more = (LocalCluster, {"n_workers": 2}) if victim == "worker" else (SubprocessCluster, {"n_workers": 1})
    with kind(**more, dashboard_address=None) as made, Client(made) as client, joblib.parallel_config(backend="dask"):
        pids = client.run(os.getpid) if victim == "worker" else {"": client.run_on_scheduler(os.getpid)}
        target = next(iter(pids.values()))
        threading.Thread(target=_kill_once_it_trains, args=[target], daemon=True).start()
        three_folds()


def _kill_once_it_trains(process: int) -> None:
    while not [*Path(os.environ["FER_KERAS_HOME"]).glob("runs/*/config.json")]:
        time.sleep(0.02)
    os.kill(process, signal.SIGKILL)


def fuzzed(root: Path, examples: int = 150) -> None:
    valid = harm.Valid(root / "valid")
    for name in harm.READERS:
        found = harm.fuzz(name, valid, root / name, chance.randrange(2**32), examples)
        tally[f"harmed: {name}"][0] += examples
        for wrong, how in found.items():
            tally[f"harmed: {name}"][2 if wrong.startswith("lost") else 1] += 1
            print(f"harmed {name}: {wrong}\n    {how}", flush=True)


def damaged(root: Path) -> None:
    for what, wrong in harm.damage(harm.Valid(root / "valid")):
        note("damaged files of the store", wrong, f"{what} in {root}")


def stores(root: Path) -> None:
    for kind, what, wrong in harm.stores(harm.Valid(root / "valid")):
        note(kind, wrong, f"{what} in {root}")


KINDS: dict[str, Callable[[Path], None]] = {
    "fuzzed": fuzzed,
    "damaged": damaged,
    "stores": stores,
    "kills": kills,
    "signals": signals,
    "two": two_at_once,
    "cluster": cluster,
}


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.fault", description=__doc__.partition("\n")[0])
    parser.add_argument("kinds", nargs="*", choices=[[], *KINDS], help=f"some of {', '.join(KINDS)} (default: all)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    options = parser.parse_args()
    chance.seed(options.seed)
    root = Path(tempfile.mkdtemp(prefix="fault-"))
    print(f"seed {options.seed}, files in {root}", flush=True)
    for name in options.kinds or KINDS:
        began = time.monotonic()
        KINDS[name](root / name)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    print(f"\n{'kind':32}{'tried':>8}{'failed':>8}{'lost':>8}")
    for kind, counts in tally.items():
        print(f"{kind:32}" + "".join(f"{count:8,}" for count in counts))
    bad = sum(failed + lost for _, failed, lost in tally.values())
    if not bad:
        shutil.rmtree(root)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
