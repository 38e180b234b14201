"""What a report's folder holds: executed notebooks, their records, and what the next call must know of them."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat

from fer_keras.base.home import write_text
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


def by_hand(parameters: dict) -> dict:
    """What tells one report from another, besides its data."""
    return {name: value for name, value in parameters.items() if name not in ("DATA", "RECORDS")}


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
    """Write the executed notebook, with what the next call must know of it, and its records; one that failed after it
    had run to its end does not replace what was kept then, but stands beside it."""
    went = executed.metadata["fer_keras"]
    hidden = {"DATA": plan.about["data"], "RECORDS": "records"}  # pages and records are handed on: no folders of here
    hidden = {name: value for name, value in hidden.items() if name in plan.parameters}
    went |= {"parameters": plan.parameters | hidden, "about": plan.about, "key": plan.key}
    executed.metadata.get("papermill", {}).pop("input_path", None)
    text = nbformat.writes(executed)
    for name, value in hidden.items():
        text = text.replace(json.dumps(plan.parameters[name])[1:-1] or "\0", value)
    record = json.dumps(_record(executed, plan), indent=1) + "\n"
    name = plan.path.stem
    good, failed = (out / "executed" / f"{each}.ipynb" for each in (name, f"{name}{FAILED}"))
    with writing(out):
        if went["failed"] and noted(good).get("failed", True) is None:
            write_text(failed, text)
            return
        write_text(good, text)
        write_text(out / "records" / f"{name}.json", record)
        if not went["failed"]:
            failed.unlink(missing_ok=True)
            (out / f"{name}{FAILED}.html").unlink(missing_ok=True)


def _record(executed: nbformat.NotebookNode, plan: Plan) -> dict:
    went, about = executed.metadata["fer_keras"], plan.about
    command = ["fer-keras", "report", "--preset", about["preset"], "--only", plan.path.name[:2]]
    for name, value in went["parameters"].items():
        command += ["--data", value] if name == "DATA" else ["-p", name, json.dumps(value)]
    values, _ = records.read_notebook(executed)
    return (
        {"notebook": plan.path.stem, "preset": about["preset"], "parameters": went["parameters"]}
        | records.result(shlex.join(command), about["data"], values)
        | {name: went[name] for name in ("failed", "seconds", "peak_mb")}
    )


@contextmanager
def writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReportError(f"{out} could not be written: {error.strerror or error}") from None
