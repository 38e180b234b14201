"""Evidence for the claims ledger, and the record's seeds: the trainings and notebooks on FER2013 that are wanted.

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
ABOUT = ("net", "width", "deep_width", "epochs", "faces", "judged_split", "seeds", "trainings", "folds")
ABOUT = (*ABOUT, "logged_training_accuracy", "logged_training_loss", "majority_accuracy", *LEARNT.values())
FIELDS = ("command", "date", "device", "data")
TOLD = ("net", "width", "epochs", "logged_training_accuracy", "logged_training_loss")  # of each net of several
SEEDS = range(3)
SPEED = {  # faces that one core with AVX-512 trains on in a second
    "cnn_leaky": 370,
    "cnn_1m": 405,
    "cnn_fc3": 860,
    "cnn_pyramid": 346,
    "dnn_narrow": 30_000,
    "dnn_deep": 500,
    "vgg16_bn": 13,
    "record": 250,
}
EPOCHS = {  # of the recipes; of those that end at a loss or an accuracy about
    "cnn_leaky": 14,
    "cnn_1m": 30,
    "cnn_fc3": 12,
    "cnn_pyramid": 260,
    "dnn_narrow": 35,
    "dnn_deep": 60,
    "vgg16_bn": 30,
    "record": 24,
}
MAPS = 0.3  # hours of notebook 30 or 31 beyond its trainings
AS_LONG = "EPOCHS"  # in a command: as many as the net as it is took with this seed
THEIRS, OURS = 25_838, 28_709  # faces to train on, of either split
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
    for net, claims in (("cnn_leaky", "1"), ("dnn_narrow", "9"), ("cnn_1m", "7, 9"), ("cnn_fc3", "23")):
        yield from _trainings(net, (), _hours(net), claims)
    yield from _maps("31", "cnn_1m", "13")
    yield from _maps("30", "cnn_leaky", "3")
    yield from _maps("30", "cnn_1m", "12")
    yield from _folds("cnn_fc3", "23")
    yield _ablation("cnn_1m", 6, "10", VARIANTS="flip_either", GAPS=1)
    yield from _folds("cnn_leaky", "2")
    whole = _hours("cnn_pyramid")
    yield from _trainings("cnn_pyramid", (), whole, "14, 16, 17, 19, 20")
    yield from _maps("31", "cnn_pyramid", "20")
    yield from _trainings("cnn_pyramid", ("-o", "batch_norm", "false"), whole, "16")
    yield from _trainings("cnn_pyramid", ("-o", "dropout", "0"), 0.3 * whole, "17: at an equal loss")
    yield from _trainings("cnn_pyramid", ("-o", "dropout", "0", "-r", "epochs", AS_LONG), whole, "17: in equal epochs")
    yield from _trainings("cnn_pyramid", ("-r", "flip", "horizontal"), 1.6 * whole, "14: does it depend on flips?")
    yield from _folds("cnn_1m", "11")
    yield from _maps("30", "cnn_pyramid", "19")
    yield _ablation("cnn_pyramid", 14, "15", VARIANTS="", GAPS=1, MIDDLE=500)
    yield from _folds("cnn_pyramid", "18")
    for seed in SEEDS:
        command = ("train", "record", "--data", "DATA", "--seed", str(seed), "--json")
        yield Job(f"train_record_{seed}", command, _hours("record", faces=OURS), "none, three seeds of ours")
    yield from _of_report_e()


def _of_report_e() -> Iterator[Job]:
    """What takes days to weeks without a graphics card."""
    yield from _trainings("dnn_deep", (), _hours("dnn_deep"), "26")
    slim = 0.15 * _hours("vgg16_bn")
    yield from _trainings(
        "vgg16_bn", ("-o", "width", "0.25"), slim, "shown beside 24 to 30, decides nothing", seeds=[0]
    )
    yield from _trainings("vgg16_bn", (), _hours("vgg16_bn"), "26, 27, 29, 30, by the notebooks below")
    for seed in SEEDS:
        hours = _hours("dnn_deep") + 100 / 60 * _hours("dnn_deep")  # with dropout it may never come to 0.95
        yield _report("12", hours, "26: the gap, 27", PAIRS="E", SPLIT="theirs", SEED=seed)
    yield from _maps("31", "vgg16_bn", "30")
    yield from _maps("30", "vgg16_bn", "29")
    yield _ablation("vgg16_bn", 3, "25", VARIANTS="", GAPS=3)
    yield _report("52", _hours("vgg16_bn", 3, OURS), "28: the votes", MODEL="vgg16_bn", SEED=0)
    yield from _folds("vgg16_bn", "28")
    for seed in SEEDS:  # 20 folds of both kinds, and one split
        yield _report("20", _hours("vgg16_bn", 2 * 19 + 1, OURS), "24", MODEL="vgg16_bn", FOLDS=20, SEED=seed)


def _hours(net: str, trainings: float = 1, faces: int = THEIRS) -> float:
    return trainings * EPOCHS[net] * faces / SPEED[net] / 3600


def _trainings(net: str, words: tuple[str, ...], hours: float, claims: str, seeds=SEEDS) -> Iterator[Job]:
    for seed in seeds:
        changed = "_".join(each.lstrip("-") for each in words[1:]).replace(f"r_epochs_{AS_LONG}", "as_long")
        name = "_".join(filter(None, ["train", net, changed, "theirs", str(seed)]))
        command = ("train", net, "--data", "DATA", "--split", "theirs", *words, "--seed", str(seed), "--json")
        yield Job(name, command, hours, claims)


def _maps(number: str, net: str, claims: str) -> Iterator[Job]:
    """Notebook 30 trains the net for a quarter of its epochs, too, and on standardised faces; 31 nothing more."""
    hours = MAPS + (_hours(net, 1.25) if number == "30" else 0)
    for seed in SEEDS:
        yield _report(number, hours, claims, MODEL=net, SPLIT="theirs", SEED=seed)


def _ablation(net: str, trainings: int, claims: str, **given) -> Job:
    """All three seeds at once."""
    return _report("51", _hours(net, trainings, OURS) + 0.2, claims, MODEL=net, SEED=0, **{"MIDDLE": 0} | given)


def _folds(net: str, claims: str) -> Iterator[Job]:
    """Five folds of all of Training: as copies fall, which is the reports' way, and with copies together, ours. The
    folds of one seed are one training. The features are those of one more."""
    for copies in ("ignore", "together"):
        for seed in SEEDS:
            yield _report("21", _hours(net, 5, OURS), claims, MODEL=net, FOLDS=5, COPIES=copies, SEED=seed)


def _report(number: str, hours: float, claims: str, **given) -> Job:
    name = next((RESULTS.parent).glob(f"{number}_*.ipynb")).stem
    words = ["report", "--only", number, "--preset", "full", "--data", "DATA"]
    for parameter, value in given.items():
        words += ["-p", parameter, str(value)]
    which = [str(given[each]) for each in ("MODEL", "PAIRS", "COPIES", "SEED") if each in given]
    return Job(" ".join([name, *which]), tuple(words), hours, claims)


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
        words = _filled(job, data)
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


def _filled(job: Job, data: Path) -> list[str]:
    """The words of the command with the name of the data and, if it asks for them, the epochs of another training."""
    known = {"DATA": data.name}
    if AS_LONG in job.words:
        net, seed = job.words[1], job.words[job.words.index("--seed") + 1]
        other = RESULTS / f"train_{net}_theirs_{seed}.json"
        if not other.exists():
            raise ValueError(f"it takes as many epochs as {other.stem}, which is not there; the next call goes on")
        known[AS_LONG] = str(json.loads(other.read_text())[net]["values"]["epochs"]["value"])
    return [known.get(word, word) for word in job.words]


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
        wanted |= {part.value, *part.needs} | {f"{place}_{name}" for place in part.nets for name in TOLD}
    values = {n: v for n, v in found["values"].items() if n in wanted or n.endswith("_epochs")}
    name = name or f"{found['notebook']} {values.get('net', {}).get('value', '')}".strip()
    entry = {field: found[field] for field in FIELDS} | {"values": values}
    with LOCK:  # two workers may come to their ends together
        kept = (json.loads(KEPT.read_text()) if KEPT.exists() else {}) | {name: entry}
        home.write_text(KEPT, json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
