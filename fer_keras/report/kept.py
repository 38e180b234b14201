"""What a report's folder holds: executed notebooks, their records, and what the next call must know of them."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat

from fer_keras.base.home import write_whole
from fer_keras.report.pages import FAILED, noted
from fer_keras.study import records

SHELF = Path("reports")  # where reports go that are not told where


class ReportError(ValueError):
    """What stops a report, in one sentence."""


@dataclass(frozen=True)
class Plan:
    """One notebook to run; `key` names all that decides its outputs, None where not all of it is known."""

    path: Path
    parameters: dict
    about: dict  # data, preset, what was set by hand
    key: str | None
    reads: bool = False  # the records of the others: runs when these have ended


def folder_of(data: str, preset: str, parameters: dict) -> Path:
    """Where a report goes that is not told where: `reports` if all is left as it is, else a folder of its own in it."""
    data = str(parameters.get("DATA", data))
    given = [f"{name}-{value}" for name, value in by_hand(parameters).items()]
    names = [*([Path(data).name.split(".")[0]] if data != "embedded" else []), preset, *given]
    return SHELF if names == ["quick"] else SHELF / re.sub(r"[^\w.]+", "-", "-".join(names))[:100]


def by_hand(parameters: dict | None) -> dict:
    """What tells one report from another, besides its data."""
    return {name: value for name, value in (parameters or {}).items() if name not in ("DATA", "RECORDS")}


def refuse_another(out: Path, about: dict) -> None:
    """A report does not replace one of other settings; drawn faces may change with the package."""
    for path in (out / "executed").glob("*.ipynb"):
        there = {"given": {}} | noted(path).get("about", about)
        decide = ["data", "preset", "given"] + ["fingerprint"] * (about["data"] != "embedded")
        if json.dumps([there.get(name) for name in decide]) != json.dumps([about[name] for name in decide]):
            given = "".join(f", {name} {value}" for name, value in there["given"].items())
            then = " as it was then" if there["data"] == about["data"] != "embedded" else ""
            raise ReportError(
                f"{out} holds another report, {there['preset']} on {there['data']}{then}{given}: "
                "name another folder with --out, or remove that one"
            )


def unchanged(plan: Plan, out: Path) -> bool:
    same = plan.key is not None and noted(out / "executed" / plan.path.name).get("key") == plan.key
    return same and not failure(out, plan.path.stem) and (out / "records" / f"{plan.path.stem}.json").exists()


def failure(out: Path, name: str) -> str | None:
    """Why the last run of a notebook stopped, if it did."""
    went = [noted(out / "executed" / f"{each}.ipynb") for each in (f"{name}{FAILED}", name)]
    return next((each["failed"] for each in went if each), None)


def keep(executed: nbformat.NotebookNode, plan: Plan, out: Path) -> None:
    """Write the executed notebook, with what the next call must know of it, and its records."""
    went = executed.metadata["fer_keras"]
    hidden = {"DATA": plan.about["data"], "RECORDS": "records"}  # pages and records are handed on: no folders of here
    went["parameters"] = shown = plan.parameters | {n: v for n, v in hidden.items() if n in plan.parameters}
    went |= {"about": plan.about, "key": plan.key}
    executed.metadata.get("papermill", {}).pop("input_path", None)
    values, _ = records.read_notebook(executed)
    command = ["fer-keras", "report", "--preset", plan.about["preset"], "--only", plan.path.name[:2]]
    for name, value in shown.items():
        command += ["--data", value] if name == "DATA" else ["-p", name, json.dumps(value)]
    record = {"notebook": plan.path.stem, "preset": plan.about["preset"], "parameters": shown}
    record |= records.result(shlex.join(command), plan.about["data"], values)
    record |= {name: went[name] for name in ("failed", "seconds", "peak_mb")}
    text = nbformat.writes(executed)
    for name in hidden.keys() & plan.parameters.keys():
        text = text.replace(json.dumps(plan.parameters[name])[1:-1] or "\0", hidden[name])
    name, before = plan.path.stem, noted(out / "executed" / plan.path.name)
    files = {
        out / "executed" / plan.path.name: text,
        out / "records" / f"{name}.json": json.dumps(record, indent=1) + "\n",
    }
    if went["failed"] and before and not before["failed"]:  # the last good one stays beside it
        files = {out / "executed" / f"{name}{FAILED}.ipynb": text}
    with writing(out):
        for path, whole in files.items():
            write_whole(path, lambda file, text=whole: file.write(text.encode()))
        if not went["failed"]:
            for path in (out / "executed" / f"{name}{FAILED}.ipynb", out / f"{name}{FAILED}.html"):
                path.unlink(missing_ok=True)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReportError(f"{out} could not be written: {error.strerror or error}") from None
