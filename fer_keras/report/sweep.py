"""`fer-keras sweep`: runs one notebook with every combination of some parameters, each once; or says how."""

import itertools
import json
import math
import re
import shlex
import sys
from pathlib import Path

import nbformat
import papermill

from fer_keras.base import home
from fer_keras.base.printable import printable, say
from fer_keras.base.typed import MOST
from fer_keras.data.load import absolute
from fer_keras.report.kept import ReportError, hide_folders, writing
from fer_keras.report.notebook import run_notebook
from fer_keras.report.run import NOTEBOOKS, fitting


def plan(notebook: str, choices: dict[str, list], out: Path | None) -> tuple[Path, dict[Path, dict]]:
    """The notebook, and for each file that is to be left the parameters that it is run with."""
    path = Path(notebook) if Path(notebook).exists() else NOTEBOOKS / f"{notebook}.ipynb"
    if path.suffix != ".ipynb" or not path.is_file():
        raise ReportError(f"{notebook} is no notebook; give a path, or a name such as 20_kfold")
    try:
        declared = papermill.inspect_notebook(path)
    except Exception:  # papermill and nbformat raise many kinds at damaged files
        raise ReportError(f"{notebook} is no notebook") from None
    if (settings := math.prod(map(len, choices.values()))) > MOST:
        raise ReportError(f"{settings:,} settings are more than {MOST:,}; give fewer values")
    out = out or Path("sweeps") / path.stem
    runs: dict[Path, dict] = {}
    for values in itertools.product(*choices.values()):
        given = fitting(dict(zip(choices, values, strict=True)), [declared])
        if given.get("DATA", "embedded") != "embedded":
            given["DATA"] = str(absolute(given["DATA"]))  # the notebook runs in its own folder
        words = [f"{name}-{_short(name, value)}" for name, value in given.items()]
        target = out / f"{re.sub(r'[^A-Za-z0-9_.]+', '-', '-'.join([path.stem, *words]))[:200]}.ipynb"
        if home.real(target) == home.real(path):
            raise ReportError(f"{target} is the notebook itself; name another folder with --out")
        if target in runs:
            raise ReportError(f"two settings would be left in {target}; give each value once")
        runs[target] = given
    return path, runs


def _short(name: str, value) -> str:
    return Path(value).name.split(".")[0] if name == "DATA" else str(value)


def finished(path: Path, target: Path, parameters: dict) -> bool:
    """Whether the target has been run to its end, by us or papermill, with these parameters and the same cells."""
    try:
        ran = nbformat.read(target, 4)
    except (OSError, ValueError, nbformat.ValidationError):
        return False
    about = ran.metadata.get("papermill", {})
    cells = [cell for cell in ran.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    same = [cell.source for cell in cells] == [cell.source for cell in nbformat.read(path, 4).cells]
    both = about.get("parameters", {}), parameters
    given, wanted = ({name: _short(name, value) for name, value in each.items()} for each in both)
    return same and given == wanted and bool(about.get("end_time")) and not about.get("exception")


def commands(path: Path, runs: dict[Path, dict]) -> list[str]:
    """A papermill command for each, and the folder, which papermill does not make."""
    for folder in {target.parent for target in runs}:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for target, parameters in runs.items():
        words = ["papermill", str(path), str(target), "--cwd", str(path.parent)]
        for name, value in parameters.items():
            if isinstance(value, str | int | float):
                words += ["-r" if isinstance(value, str) else "-p", name, str(value)]
            else:
                words += ["-y", json.dumps({name: value})]
        lines.append(shlex.join(words))
    return lines


def run(path: Path, runs: dict[Path, dict], timeout: int | None = None) -> dict[str, str]:
    """Run them one after the other; which failed, and why."""
    failed = {}
    for number, (target, parameters) in enumerate(runs.items(), 1):
        executed = run_notebook(path, parameters, set(), timeout, {}, lambda cell: None)
        went = executed.metadata["fer_keras"]
        went["notebook"] = path.stem
        shown = {"DATA": Path(parameters["DATA"]).name} if "DATA" in parameters else {}
        hide_folders(executed, parameters, shown)
        with writing(target.parent):
            home.write_text(target, nbformat.writes(executed))
        if went["failed"]:
            failed[target.name] = went["failed"]
        ended = went["failed"] or "done"
        say(f"{number} of {len(runs)}, {target.name}: {printable(ended)} ({went['seconds']:.0f} s)", sys.stderr)
    return failed


def due(path: Path, runs: dict[Path, dict]) -> dict[Path, dict]:
    """Those that are not finished."""
    return {target: given for target, given in runs.items() if not finished(path, target, given)}
