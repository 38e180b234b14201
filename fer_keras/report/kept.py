"""What a report's folder holds: executed notebooks, their records, and what the next call must know of them."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat

from fer_keras.base import home
from fer_keras.base.home import sealed, write_text
from fer_keras.report.pages import FAILED, noted
from fer_keras.study import records

SHELF = Path("reports")  # where reports go that are not told where


class ReportError(ValueError):
    """What stops a report, in one sentence."""


@dataclass(frozen=True)
class Plan:
    """One notebook to run."""

    path: Path
    parameters: dict
    about: dict  # data and their fingerprint, preset, what was set by hand

    @property
    def reads(self) -> bool:
        """Whether it reads the records of the others."""
        return "RECORDS" in self.parameters


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
    """A report does not replace one of other settings, or a page of others; drawn faces may change with the package."""
    index = out / "index.html"
    ours = (out / "executed").is_dir() or (index.is_file() and b'href="reference.html"' in index.read_bytes())
    if index.exists() and not ours:
        raise ReportError(f"{out} holds an index.html that no report wrote: name another folder with --out")
    for path in (out / "executed").glob("*.ipynb"):
        there = noted(path).get("about", about)
        if about["data"] == there["data"] == "embedded":
            there = there | {"fingerprint": about["fingerprint"]}
        if there != about:
            given = "".join(f", {name} {value}" for name, value in there["given"].items())
            then = " as it was then" if there["data"] == about["data"] != "embedded" else ""
            another = f"{out} holds another report, {there['preset']} on {there['data']}{then}{given}"
            raise ReportError(f"{another}: name another folder with --out, or remove that one")


def unchanged(plan: Plan, key: str | None, out: Path) -> bool:
    """Whether the notebook ran to its end before, with this key."""
    name = plan.path.stem
    same = key is not None and noted(out / "executed" / plan.path.name).get("key") == key
    return same and not failure(out, name) and _is_kept(out / "records" / f"{name}.json")


def _is_kept(record: Path) -> bool:
    try:
        return isinstance(home.unsealed(record), dict)
    except (OSError, ValueError):
        return False


def failure(out: Path, name: str) -> str | None:
    """Why the last run of a notebook stopped, if it did."""
    went = [noted(out / "executed" / f"{each}.ipynb") for each in (f"{name}{FAILED}", name)]
    return next((each["failed"] for each in went if each), None)


def keep(executed: nbformat.NotebookNode, plan: Plan, key: str | None, out: Path) -> None:
    """Write the executed notebook, with what the next call must know of it, and its records; one that failed after it
    had run to its end does not replace what was kept then, but stands beside it."""
    name, went = plan.path.stem, executed.metadata["fer_keras"]
    shown = {"DATA": plan.about["data"], "RECORDS": "records"}
    shown = {parameter: value for parameter, value in shown.items() if parameter in plan.parameters}
    hide_folders(executed, plan.parameters, shown)
    went |= {"parameters": plan.parameters | shown, "about": plan.about, "key": key}
    text = nbformat.writes(executed)
    record = json.dumps(sealed(_record(executed, plan)), indent=1) + "\n"
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
    """What the notebook recorded, how to measure it again, and what that took."""
    name, about, went = plan.path.stem, plan.about, executed.metadata["fer_keras"]
    command = ["fer-keras", "report", "--preset", about["preset"], "--only", name[:2]]
    for parameter, value in went["parameters"].items():
        command += ["--data", value] if parameter == "DATA" else ["-p", parameter, json.dumps(value)]
    record = {"notebook": name, "preset": about["preset"], "parameters": went["parameters"]}
    record |= records.result(shlex.join(command), about["data"], records.read_notebook(executed)[0])
    return record | {each: went[each] for each in ("failed", "seconds", "peak_mb")}


def hide_folders(executed: nbformat.NotebookNode, given: dict, shown: dict) -> None:
    """What is handed on names no folder of this machine: what some parameters were given is called as in `shown`."""
    executed.metadata.get("papermill", {}).pop("input_path", None)
    for parameter, name in shown.items():
        hide(executed, parameter, given[parameter], name)


def hide(notebook: nbformat.NotebookNode, parameter: str, path: str, name: str) -> None:
    """Let a notebook call by a name what lies in a folder of this machine: in its parameters and in texts that its
    cells left, never within a word or a picture."""
    whole = re.compile(rf"(?<![\w./-]){re.escape(path)}(?![\w-])")

    def named(text: str) -> str:
        return whole.sub(lambda _: name, text)

    given = notebook.metadata.get("papermill", {}).get("parameters", {})
    given |= {parameter: name} if parameter in given else {}
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            line = f"{parameter} = {json.dumps(name)}"
            cell.source = re.sub(rf"^{parameter} = .*$", line.replace("\\", r"\\"), cell.source, flags=re.MULTILINE)
        for output in cell.get("outputs", []):
            for field in {"text", "evalue"} & output.keys():
                output[field] = named(output[field])
            if "traceback" in output:
                output.traceback = [named(each) for each in output.traceback]
            for kind, value in output.get("data", {}).items():
                if kind.startswith("text/"):
                    output.data[kind] = named(value)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn what forbids writing there into a sentence."""
    try:
        yield
    except OSError as error:
        raise ReportError(f"{out} could not be written: {error.strerror or error}") from None
