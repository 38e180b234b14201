"""Evidence for the claims ledger: the trainings and notebooks on FER2013 that it needs, most valuable first.

python -m tests.evidence list                          what is there, what is wanted, and the hours that it takes
python -m tests.evidence run fer2013.csv               make what is missing, on all cores at low priority
python -m tests.evidence run fer2013.csv --minutes 8   the same in steps: stop after so long, go on with the next call
python -m tests.evidence keep RECORD.json ...          keep what the ledger reads of records of reports on FER2013

Results are kept in notebooks/results/. What was stopped goes on where it was. On a processor one training runs on each
core: a training on two takes half the time of one on one, so two side by side are as quick and need no care.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Lock

from fer_keras.base import home
from fer_keras.claims.fidelity import LEARNT
from fer_keras.claims.ledger import RESULTS
from fer_keras.claims.thirty import CLAIMS

KEPT = RESULTS / "claims.json"
ABOUT = ("net", "width", "deep_width", "epochs", "faces", "judged_split", "seeds", "trainings")
ABOUT = (*ABOUT, "logged_training_accuracy", "logged_training_loss", "majority_accuracy", *LEARNT.values())
FIELDS = ("command", "date", "device", "data")
SEEDS = range(3)
LOCK = Lock()


@dataclass(frozen=True)
class Job:
    name: str  # of its file in notebooks/results/, or of its entry in claims.json
    words: tuple[str, ...]  # of the command line, DATA for the faces
    hours: float  # on one core with AVX-512
    claims: str  # that want it

    def done(self) -> bool:
        if self.words[0] == "train":
            return (RESULTS / f"{self.name}.json").exists()
        return KEPT.exists() and self.name in json.loads(KEPT.read_text())


def jobs() -> Iterator[Job]:
    """All that is wanted, most valuable first: what takes minutes and decides comes before what takes days."""
    for net, hours, claims in (
        ("cnn_leaky", 0.35, "1"),
        ("dnn_narrow", 0.02, "9"),
        ("cnn_1m", 0.6, "7, 9"),
        ("cnn_fc3", 0.2, "23"),
        ("cnn_pyramid", 5.5, "14, 16, 17"),
        ("dnn_deep", 1.5, "26"),
    ):
        yield from _trainings(net, (), hours, claims)
    for option, value, hours, claim in (("batch_norm", "false", 5.5, "16"), ("dropout", "0", 1.5, "17")):
        yield from _trainings("cnn_pyramid", ("-o", option, value), hours, claim)
    yield from _trainings("cnn_pyramid", ("-r", "flip", "horizontal"), 9, "14: does it depend on flips?")
    for net, hours, claims in (("cnn_leaky", 0.1, "3"), ("cnn_1m", 0.1, "12, 13"), ("cnn_pyramid", 0.1, "19, 20")):
        for seed in SEEDS:
            yield _notebook("30", net, seed, hours, claims)
            yield _notebook("31", net, seed, hours, claims)
    for net, hours, claims in (("cnn_leaky", 1.3, "2"), ("cnn_1m", 2.5, "11"), ("cnn_fc3", 0.9, "23")):
        yield from _folds(net, hours, claims)
    yield from _folds("cnn_pyramid", 25, "18")
    yield from _trainings("vgg16_bn", ("-o", "width", "0.25"), 3, "shown beside 24 to 30", seeds=[0])
    yield from _trainings("vgg16_bn", (), 60, "24 to 30", seeds=[0])


def _trainings(net: str, words: tuple[str, ...], hours: float, claims: str, seeds=SEEDS) -> Iterator[Job]:
    for seed in seeds:
        name = "_".join(["train", net, *(each.lstrip("-") for each in words[1:]), "theirs", str(seed)])
        command = ("train", net, "--data", "DATA", "--split", "theirs", *words, "--seed", str(seed), "--json")
        yield Job(name, command, hours, claims)


def _notebook(number: str, net: str, seed: int, hours: float, claims: str) -> Job:
    return _report(number, net, seed, hours, claims, ["SPLIT", "theirs"])


def _folds(net: str, hours: float, claims: str) -> Iterator[Job]:
    """Five folds of all of Training: as copies fall, which is the reports' way, and with copies together, ours."""
    for copies in ("ignore", "together"):
        yield _report("21", net, 0, hours, claims, ["FOLDS", "5"], ["COPIES", copies])


def _report(number: str, net: str, seed: int, hours: float, claims: str, *given: list[str]) -> Job:
    name = next((RESULTS.parent).glob(f"{number}_*.ipynb")).stem
    words = ["report", "--only", number, "--preset", "full", "--data", "DATA", "-p", "MODEL", net]
    for parameter in (*given, ["SEED", str(seed)]):
        words += ["-p", *parameter]
    which = [value for parameter, value in given if parameter == "COPIES"]
    return Job(" ".join([name, net, *which, str(seed)]), tuple(words), hours, claims)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, dest="command")
    commands.add_parser("list")
    run = commands.add_parser("run")
    run.add_argument("data", type=Path)
    run.add_argument("--minutes", type=float, default=float("inf"))
    keep = commands.add_parser("keep")
    keep.add_argument("records", nargs="+", type=Path)
    options = parser.parse_args()
    if options.command == "list":
        _list()
    elif options.command == "run":
        _run(options.data.resolve(), options.minutes)
    else:
        for path in options.records:
            _keep(path)


def _list() -> None:
    wanted = list(jobs())
    for job in wanted:
        print(f"{'there' if job.done() else f'{job.hours:5.2f} h':8} {job.name:45} claim {job.claims}")
    missing = [job.hours for job in wanted if not job.done()]
    cores = len(_workers())
    print(f"{len(missing)} of {len(wanted)} are missing: {sum(missing):.0f} hours of one core with AVX-512, here about "
          f"{sum(missing) / cores:.0f} hours on {cores}")  # fmt: skip


def _run(data: Path, minutes: float) -> None:
    if not data.exists():
        sys.exit(f"evidence: {data} is not there; it is FER2013 in any form that `fer-keras data` reads")
    os.setpgrp()  # so that a benchmark can stop all of it for a while: see `paused`
    home.write_text(_pid(), str(os.getpid()))
    missing = [job for job in jobs() if not job.done()]
    until, free = time.monotonic() + 60 * minutes, Queue()
    for core in _workers():
        free.put(core)
    try:
        with ThreadPoolExecutor(free.qsize()) as pool:
            for job in missing:
                pool.submit(_do, job, data, free, until)
    finally:
        _pid().unlink(missing_ok=True)


def _do(job: Job, data: Path, free: Queue, until: float) -> None:
    if time.monotonic() > until:
        return
    core = free.get()
    try:
        _make(job, data, core, until)
    except Exception as error:  # one that fails holds up no other
        print(f"{job.name}: {error}", flush=True)
    finally:
        free.put(core)


def _make(job: Job, data: Path, core: int | None, until: float) -> None:
    start = time.monotonic()
    print(f"{job.name}: begun or gone on with, about {job.hours:.2f} hours in all", flush=True)
    pinned = ["taskset", "-c", str(core)] if core is not None and shutil.which("taskset") else []
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "out", "w+") as out:
        words = [data.name if word == "DATA" else word for word in job.words]
        if job.words[0] == "report":
            words += ["--out", folder, "--jobs", "1"]
        command = ["nice", "-n", "19", *pinned, sys.executable, "-m", "fer_keras", *words]
        process = subprocess.Popen(command, cwd=data.parent, stdout=out, stderr=subprocess.DEVNULL, env=_environment())
        try:
            code = process.wait(None if until == float("inf") else max(1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)  # the state after the last epoch stays
            process.wait()
            code = None
        took = (time.monotonic() - start) / 3600
        if code == 0 and job.words[0] == "train":
            out.seek(0)
            home.write_text(RESULTS / f"{job.name}.json", out.read())
        elif code == 0:
            _keep(Path(folder) / "records" / f"{job.name.split()[0]}.json", job.name)
    says = {0: "done", None: "stopped, the next call goes on"}.get(code, f"failed; try it: {shlex.join(command[3:])}")
    print(f"{job.name}: {says}, {took:.2f} hours", flush=True)


def _workers() -> list[int | None]:
    """The cores to train on; one worker without a core of its own where there is a graphics card."""
    if shutil.which("nvidia-smi"):
        return [None]
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count()))


def _environment() -> dict:
    """Not in the repeatable mode, which costs half as much again: three seeds make it needless."""
    kept = {name: value for name, value in os.environ.items() if name != "FER_KERAS_DETERMINISTIC"}
    return kept | {"PYTHONPATH": str(RESULTS.parents[1])}


def _pid() -> Path:
    return home.folder() / "evidence.pid"


@contextmanager
def paused() -> Iterator[None]:
    """The campaign, if one runs on this machine, stands still meanwhile."""
    with suppress(OSError, ValueError):
        os.killpg(int(_pid().read_text()), signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            os.killpg(int(_pid().read_text()), signal.SIGCONT)


def _keep(path: Path, name: str = "") -> None:
    """Of the record of a report what the ledger reads; it replaces what stood under that name."""
    found = json.loads(path.read_text())
    if found["failed"] or found["data"] == "embedded":
        raise ValueError(f"{path} is not of a run on FER2013 that came to its end")
    wanted = set(ABOUT)
    for part in (part for claim in CLAIMS for part in claim.parts):
        wanted |= {part.value, *part.needs}
    values = {n: v for n, v in found["values"].items() if n in wanted or n.endswith("_epochs")}
    name = name or f"{found['notebook']} {values.get('net', {}).get('value', '')}".strip()
    entry = {field: found[field] for field in FIELDS} | {"values": values}
    with LOCK:  # two workers may come to their ends together
        kept = (json.loads(KEPT.read_text()) if KEPT.exists() else {}) | {name: entry}
        home.write_text(KEPT, json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
