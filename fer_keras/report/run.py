"""`fer-keras report`: runs notebooks side by side, each again only where something has changed, and leaves a site."""

import json
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib
import nbformat
import papermill
import yaml

from fer_keras import load_faces
from fer_keras.base import home, interrupts, progress
from fer_keras.base.environment import NO_BACKEND, no_backend, threads
from fer_keras.base.printable import printable, say
from fer_keras.data.load import absolute
from fer_keras.faces import UNLABELLED
from fer_keras.report.costs import estimate
from fer_keras.report.kept import Plan, ReportError, by_hand, failure, keep, refuse_another, unchanged, writing
from fer_keras.report.notebook import code_cells, kill, run_notebook
from fer_keras.report.pages import FAILED, title, write_site

HERE = Path(__file__).parents[1]
NOTEBOOKS = home.notebooks()
PRESETS = tuple(sorted(path.stem for path in (NOTEBOOKS / "presets").glob("*.yaml")))
KINDS = {"int": (int,), "float": (int, float), "str": (str,)}  # of parameters, as notebooks declare them
LIBRARIES = ("keras", "tensorflow", "tensorflow-cpu", "jax", "torch", "numpy", "pandas", "scikit-learn", "matplotlib")


def make_report(
    out: Path,
    data: str = "embedded",
    preset: str = "quick",
    only: str = "",
    parameters: dict | None = None,
    jobs: int | None = None,
    timeout: int | None = None,
    fresh: bool = False,
) -> dict[str, str]:
    """Run the notebooks on `data` and write their pages to `out`; returns which failed, and why.

    only: numbers such as "20,21". jobs: how many at a time. timeout: seconds that a cell may take.
    fresh: also those that ran to their end before and have not changed.
    """
    for name, value in {"jobs": jobs, "timeout": timeout}.items():
        if value is not None and value < 1:
            raise ReportError(f"{name} is at least 1, not {value}")
    if no_backend():
        raise ReportError(NO_BACKEND)
    out = Path(out).absolute()
    os.environ["FER_KERAS_FROM"] = os.getcwd()  # kernels work in the notebooks' folder, and nets of one's own lie here
    plans = _plans(out, data, preset, only, parameters or {})
    refuse_another(out, plans[0].about)
    with writing(out):
        for folder in ("executed", "records"):
            (out / folder).mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=out / folder).close()
    due = [plan for plan in plans if fresh or not unchanged(plan, _key(plan), out)]
    due += [plan for plan in plans if plan.reads and due and plan not in due]
    if kept := len(plans) - len(due):
        print(f"{kept} of {len(plans)} notebooks ran before and have not changed (--fresh runs them)", file=sys.stderr)
    if due:
        _run_and_show(due, out, jobs or default_jobs(), timeout)
    with writing(out):
        write_site(out)
    failures = {plan.path.stem: failure(out, plan.path.stem) for plan in plans}
    return {name: why for name, why in failures.items() if why}


def default_jobs() -> int:
    """Two at a time, for a kernel's start and imports (5 to 6 s of one core) leave the other core idle; not more,
    for each may take over a gigabyte and its trainings use all cores that there are."""
    return min(2, joblib.cpu_count())


def _plans(out: Path, data: str, preset: str, only: str, parameters: dict) -> list[Plan]:
    """What is to run with which parameters; what cannot run is refused."""
    values = _preset(NOTEBOOKS / "presets" / f"{preset}.yaml")
    chosen, slim = values.pop("NOTEBOOKS", ""), values.pop("SLIM", {})  # of a report's own preset
    declared = {path: papermill.inspect_notebook(path) for path in _select(only or chosen)}
    parameters = fitting(parameters, list(declared.values()))
    values |= slim if data == "embedded" else {}
    values |= {"RECORDS": str(out / "records"), "DATA": data} | parameters
    if values["DATA"] != "embedded":
        values["DATA"] = str(absolute(str(values["DATA"])))  # notebooks run in their own folder
    faces = load_faces(values["DATA"])  # what cannot be read stops us here; what can is cached for all notebooks
    if (faces.labels == UNLABELLED).any():
        raise ReportError(f"{data} holds unlabelled faces; the notebooks need labels")
    fingerprint = faces.digest(faces.labels, faces.splits, *([] if faces.votes is None else [faces.votes]))
    about = {"data": Path(values["DATA"]).name, "preset": preset, "given": by_hand(parameters)}
    about = json.loads(json.dumps(about | {"fingerprint": fingerprint}, default=str))
    return [
        Plan(path, {name: value for name, value in values.items() if name in known}, about)
        for path, known in declared.items()
    ]


def _preset(path: Path) -> dict:
    try:
        found = yaml.safe_load(path.read_text("utf-8")) or {}
        if isinstance(found, dict) and isinstance(found.get("SLIM", {}), dict):
            return found
        why = "it is no table of names and values"
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = " ".join(str(error).split())[:100]
    raise ReportError(f"{path} is no preset: {why}")


def fitting(parameters: dict, declared: Sequence[dict]) -> dict:
    """The parameters as some of these notebooks take them, which declare what papermill has found; or why not."""
    names = set().union(*declared)
    if unknown := set(parameters) - names:
        raise ReportError(f"no selected notebook has a parameter {min(unknown)}; there are {', '.join(sorted(names))}")
    for name, value in parameters.items():
        wanted = {each[name]["inferred_type_name"] for each in declared if name in each}
        if wanted == {"str"} and isinstance(value, int | float):
            parameters = parameters | {name: str(value)}  # such as a file called 2013
        elif not any(isinstance(value, KINDS.get(kind, (object,))) for kind in wanted) or isinstance(value, bool):
            raise ReportError(f"{name} is {' or '.join(sorted(wanted))}, not {value!r}")
    return parameters


def _select(only: str) -> list[Path]:
    every = {path.name[:2]: path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}
    if not every:
        raise ReportError(f"no notebooks in {NOTEBOOKS}; install fer-keras from its repository with pip install -e .")
    wanted = [number.strip() for number in only.split(",") if number.strip()] or list(every)
    if unknown := [number for number in wanted if number not in every]:
        raise ReportError(f"no notebook {unknown[0]}; there are {', '.join(every)}")
    return [path for number, path in every.items() if number in wanted]


def _key(plan: Plan) -> str | None:
    """Names all that decides the outputs of a notebook; None where not all of it is known."""
    if any(isinstance(value, str) and re.fullmatch(r"[\w.]+:\w+", value) for value in plan.parameters.values()):
        return None  # module:function, a net of the user's own, whose code is not ours to follow
    cells = [(cell.cell_type, cell.source, cell.metadata) for cell in nbformat.read(plan.path, 4).cells]
    above = {HERE / "__main__.py", *(HERE / "report").glob("*.py")}  # run and show notebooks, and change no number
    files = sorted(set(HERE.rglob("*.py")) - above)
    versions = [sys.version, os.environ.get("KERAS_BACKEND"), os.environ.get("FER_KERAS_DETERMINISTIC")]
    for library in LIBRARIES:
        with suppress(PackageNotFoundError):
            versions.append(f"{library} {version(library)}")
    if plan.reads:
        records = [*(NOTEBOOKS / "results").glob("*.json"), *Path(plan.parameters["RECORDS"]).glob("*.json")]
        files += sorted(path for path in records if path.stem != plan.path.stem)
    decide: list = [cells, plan.parameters, versions, [sha256(path.read_bytes()).hexdigest() for path in files]]
    decide.append(plan.about["fingerprint"] if "DATA" in plan.parameters else None)
    return sha256(json.dumps(decide, default=str).encode()).hexdigest()


def _run_and_show(due: list[Plan], out: Path, jobs: int, timeout: int | None) -> None:
    """Run the notebooks while the index in `out` grows, and say about how long that takes."""
    coming = {plan.path.stem: title(nbformat.read(plan.path, 4)) for plan in due}
    seconds = estimate(list(coming), due[0].about["preset"], jobs)
    long = "nobody knows how long" if seconds is None else f"about {max(2, round(seconds / 60))} minutes"
    if seconds and seconds < 90:
        long = "about a minute"
    state = f"Being made since {datetime.now():%H:%M}, {long} in all. Reload this page to see more."
    if seconds is None or seconds > 120:
        print(f"{long}, less where trainings are kept; {out / 'index.html'} grows meanwhile", file=sys.stderr)

    def show(name: str) -> None:
        coming.pop(name, None)
        with writing(out):
            write_site(out, {name, f"{name}{FAILED}"}, list(coming.values()), state)

    show("")
    try:
        _run_all(due, out, jobs, timeout, show)
    except BaseException:
        state = "Stopped before all notebooks had run; the same call goes on from here."
        with suppress(ReportError):  # a full disk: its own sentence comes
            show("")
        raise


def _run_all(plans: list[Plan], out: Path, jobs: int, timeout: int | None, show: Callable[[str], None]) -> None:
    """Run the notebooks, `jobs` at a time, under one bar of their cells; in a log a line for each that has ended.

    show: told the name of each that has ended."""
    kernels: set[int] = set()
    cells = {plan.path.stem: code_cells(nbformat.read(plan.path, 4)) + bool(plan.parameters) for plan in plans}
    done: dict[str, int] = {}  # cells that have ended, of those notebooks that have started
    stopped = threading.Event()
    room = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}  # on a graphics card
    shares = threads(joblib.cpu_count() // jobs) | room if jobs > 1 else {}
    environment = {name: value for name, value in shares.items() if name not in os.environ}

    def run(plan: Plan) -> tuple[str, dict]:
        def on_cell(number: int) -> None:
            done[plan.path.stem] = number - 1

        key = _key(plan)
        executed = run_notebook(plan.path, plan.parameters, kernels, timeout, environment, on_cell)
        if not stopped.is_set():  # or what was kept of an earlier call stays
            keep(executed, plan, key, out)
        return plan.path.stem, executed.metadata["fer_keras"]

    waiting: set[Future] = set()
    display = progress.bar(what="running", total=sum(cells.values()), unit=" cells", disable=not progress.redraws())
    with interrupts.remembered(), display, ThreadPoolExecutor(jobs) as pool:
        try:
            for reads in (False, True):  # who reads the records of the others runs when these have ended
                waiting = {pool.submit(run, plan) for plan in plans if plan.reads == reads}
                while waiting:
                    ended, waiting = wait(waiting, 0.3, FIRST_COMPLETED)
                    interrupts.check()
                    for name, went in (future.result() for future in ended):
                        done[name] = cells[name]
                        if not progress.redraws():
                            say(f"{name}: {printable(went['failed'] or 'done')} ({went['seconds']:.0f} s)", sys.stderr)
                        show(name)
                    _show_running(display, dict(done), cells)  # a copy, for the others write to it
        except BaseException:  # Ctrl-C, a full disk
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            while any(not future.done() for future in waiting):  # a kernel may be just starting
                for process in list(kernels):
                    kill(process)
                wait(waiting, 0.1)
            raise


def _show_running(display, done: dict[str, int], cells: dict[str, int]) -> None:
    """Move the bar on, and name the notebooks that run, with the cell that each is at."""
    running = [f"{name} {at + 1}/{cells[name]}" for name, at in done.items() if at < cells[name]]
    display.n = sum(done.values())
    display.set_postfix_str(", ".join(running))
