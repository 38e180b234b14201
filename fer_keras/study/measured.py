"""What executed notebooks, trainings and runs recorded, read from their files for `fer-keras table`."""

import ast
import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np

from fer_keras.base import home
from fer_keras.base.numbers import check_recorded
from fer_keras.base.typed import value
from fer_keras.study.records import read_notebook

BITS = {"accuracy": "right", "public_accuracy": "right_public"}  # which faces a training got right


@dataclass(frozen=True)
class Measured:
    """What one notebook, training or run found."""

    what: str  # the notebook's name, "training" or "run"
    settings: dict  # MODEL, SEED, DATA, …
    values: dict  # by name: value, and n and interval where they are known
    right: dict  # by name of the value: for each face whether it was told rightly, where that is known


def read(paths: Sequence[Path]) -> tuple[list[Measured], list[str]]:
    """All that these files and folders hold, and what was left out of the folders."""
    found, notes = [], []
    for path in paths:
        if path.is_dir() and not (path / "metrics.json").exists():
            some, left_out = _of_folder(path)
            found += some
            if left_out:
                notes.append(f"{path}: {len(left_out):,} left out, the first: {left_out[0]}")
        else:
            found += _of_file(path)
    return found, notes


def _of_folder(folder: Path) -> tuple[list[Measured], list[str]]:
    """Of its executed notebooks; where it has none, of its runs, or else of its JSON files."""
    notebooks = [path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    runs = [path.parent for path in folder.rglob("metrics.json") if ".damaged-" not in path.parent.name]
    left_out = []
    for paths in (notebooks, runs, folder.rglob("*.json")):
        found = []
        for path in sorted(paths):
            try:
                found += _of_file(path)
            except ValueError as error:
                left_out.append(str(error))
        if found:
            return found, left_out
    why = f": {left_out[0]}" if left_out else ""
    raise ValueError(f"{folder} holds no executed notebook, run or record{why}")


def _of_file(path: Path) -> list[Measured]:
    try:
        return _read_one(path)
    except ValueError:
        raise
    except Exception as error:  # of nbformat, ast and our own look-ups, at damaged files
        why = " ".join(f"{type(error).__name__}: {error}".split())[:100]
        raise ValueError(f"{path} is damaged ({why}); make it again") from error


def _read_one(path: Path) -> list[Measured]:
    if not path.exists():
        raise ValueError(f"{path} does not exist; give executed notebooks, records, runs, or folders of them")
    if path.is_dir():
        return [_of_run(path)]
    if path.suffix == ".ipynb":
        return [_of_notebook(path)]
    found = _json(path)
    if "notebook" in found:
        found = {found["notebook"]: found}
    some = [_of_entry(name, entry) for name, entry in found.items() if isinstance(entry, dict) and "values" in entry]
    if not some:
        raise ValueError(f"{path} holds no recorded values")
    return some


def _of_notebook(path: Path) -> Measured:
    try:
        notebook = nbformat.read(path, 4)
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    except (ValueError, KeyError, AttributeError, nbformat.ValidationError):
        raise ValueError(f"{path} is no notebook") from None
    if any(output.output_type == "error" for output in outputs):
        raise ValueError(f"{path} stopped at an error; run it again")
    values, _ = read_notebook(notebook)
    if not values:
        raise ValueError(f"{path} has recorded nothing; it is not executed, or records no values")
    ran = notebook.metadata.get("papermill", {}).get("input_path")
    name = notebook.metadata.get("fer_keras", {}).get("notebook") or Path(ran or path).stem
    return Measured(name, _settings(parameters_of(notebook)), _numbers(values), {})


def parameters_of(notebook: nbformat.NotebookNode) -> dict:
    """What its parameters cell sets, and papermill's after it; literals only."""
    found = {}
    for cell in notebook.cells:
        if {"parameters", "injected-parameters"} & set(cell.metadata.get("tags", [])):
            for name, expression in assigned(ast.parse(cell.source)):
                try:
                    found[name] = ast.literal_eval(expression)
                except ValueError:
                    found[name] = ast.unparse(expression)
    return found


def assigned(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """The names that the top level of a cell sets, each with its expression."""
    for line in tree.body:
        if not isinstance(line, ast.Assign | ast.AnnAssign | ast.AugAssign) or not line.value:
            continue
        targets = line.targets if isinstance(line, ast.Assign) else [line.target]
        adds = isinstance(line, ast.AugAssign)  # what += adds is not what the name is set to
        expression: ast.AST = line if adds else line.value
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, expression


def _of_run(folder: Path) -> Measured:
    config, metrics = _json(folder / "config.json"), _json(folder / "metrics.json")
    settings = {"MODEL": config.get("net"), "SEED": config.get("seed")}
    settings |= {"training": config.get("training"), "validation": config.get("validation")}
    settings |= config.get("recipe", {}) | config.get("options", {})
    values = {name: each if isinstance(each, dict) else {"value": each} for name, each in metrics.items()}
    return Measured("run", settings, _numbers(values), {})


def _of_entry(name: str, entry: dict) -> Measured:
    """An entry of a file in notebooks/results/, or the record of a report's notebook."""
    values, right = _numbers(entry["values"]), {}
    for of, bits in BITS.items():
        if bits in entry and of in values:
            each = np.unpackbits(np.frombuffer(bytes.fromhex(entry[bits]), np.uint8))
            if not len(each) - 8 < values[of]["n"] <= len(each):
                raise ValueError(f"{name} does not hold a bit for each of {values[of]['n']} faces; train it again")
            right[of] = each[: values[of]["n"]].astype(float)
    if "parameters" in entry:
        return Measured(name, _settings(entry["parameters"]), values, right)
    settings = _typed(entry.get("command", ""))
    return Measured(settings.pop("what", name), _settings(settings), values, right)


def _typed(command: str) -> dict:
    """The settings in a command of `fer-keras train` or `report`, by the names that notebooks give them."""
    words = shlex.split(command)
    found: dict = {}
    if "train" in words[:-1]:
        found = {"what": "training", "MODEL": words[words.index("train") + 1]}
        found |= {"SEED": 0, "DATA": "embedded", "SPLIT": "ours"}  # unless the command says otherwise
    for at, word in enumerate(words):
        after = words[at + 1 : at + 3]
        if word in ("-o", "-r", "-p", "--option", "--recipe", "--parameter") and len(after) == 2:
            found[after[0]] = value(*after)
        elif word in ("--seed", "--data", "--split", "--preset") and after:
            found[word[2:].upper()] = after[0]
    return found


def _settings(found: dict) -> dict:
    found = {name: value for name, value in found.items() if name != "RECORDS"}
    if "DATA" in found:
        found["DATA"] = Path(str(found["DATA"])).name
    if str(found.get("SEED", "")).isdigit():
        found["SEED"] = int(found["SEED"])
    return found


def _numbers(values: dict) -> dict:
    """The entries that are numbers; texts and truth values have no mean."""
    found = {
        name: entry
        for name, entry in values.items()
        if isinstance(entry.get("value"), int | float)
        and not isinstance(entry["value"], bool)
        and math.isfinite(entry["value"])
        and name != "seed"
    }
    check_recorded("what is recorded", found)
    return found


def _json(path: Path) -> dict:
    try:
        found = home.unsealed(path)
    except ValueError as error:
        raise ValueError(f"{error}; make it again") from None
    if not isinstance(found, dict):
        raise ValueError(f"{path} holds no recorded values")
    return found
