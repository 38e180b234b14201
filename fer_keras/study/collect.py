"""`fer-keras table`: what was recorded many times, as one table of means over seeds, and differences seed by seed."""

import warnings
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from fer_keras.scores import over_seeds, over_seeds_and_faces, share
from fer_keras.study.measured import Measured

FACES = ("DATA", "FACES", "SPLIT", "validation")  # settings that say on which faces something was measured


def table(measured: Sequence[Measured], by: Sequence[str] | None = None, names: Sequence[str] = ("*",)) -> pd.DataFrame:
    """A row for each value of each setting, the mean over its seeds with Student's 95 % interval (that of a single seed
    is as recorded); below them differences from the first setting, seed by seed, of values measured on the same faces.

    by: the settings to tell apart (those that differ, but SEED). names: of values, such as *accuracy.
    """
    by = list(by) if by else differing(measured)
    groups = _groups(measured, by)
    rows = [row for (what, _), group in groups.items() for row in _rows(what, group, by, names)]
    if not rows:
        raise ValueError(f"nothing here recorded a number called {' or '.join(names)}")
    kinds = [name for name in by if name != "SEED"]
    first: dict[tuple, dict] = {}  # of each notebook and its faces
    for (what, _), group in _groups(measured, kinds).items():
        of_faces = what, *(repr(next(iter(group.values())).settings.get(name)) for name in FACES)
        rows += _differences(what, first.setdefault(of_faces, group), group, kinds, names)
    columns = ["notebook", *by, "name", "value", "low", "high", "n", "seeds", "minus"]
    return pd.DataFrame(rows).reindex(columns=columns).astype({"n": "Int64", "seeds": "Int64"})


def differing(measured: Sequence[Measured]) -> list[str]:
    """The settings, without SEED, in which those of one notebook differ."""
    found: list[str] = []
    for what in dict.fromkeys(each.what for each in measured):
        alike = [each.settings for each in measured if each.what == what]
        for name in dict.fromkeys(name for settings in alike for name in settings):
            values = {repr(settings.get(name)) for settings in alike}
            if len(values) > 1 and name not in ("SEED", *found):
                found.append(name)
    return found


def _groups(measured: Sequence[Measured], by: Sequence[str]) -> dict[tuple, dict]:
    """By notebook and setting: what was measured, by seed; of the same seed the last."""
    if unknown := [name for name in by if not any(name in each.settings for each in measured)]:
        known = sorted({name for each in measured for name in each.settings})
        raise ValueError(f"nothing here has a setting {unknown[0]}; there are {', '.join(known)}")
    groups: dict[tuple, list[Measured]] = {}
    for each in measured:
        setting = tuple(repr(each.settings.get(name)) for name in by)
        groups.setdefault((each.what, setting), []).append(each)
    for group in groups.values():
        if mixed := differing(group):
            names = ", ".join(mixed)
            raise ValueError(f"what differs in {names} would be one mean: add it to --by, or name fewer files")
        seeds = [repr(each.settings.get("SEED")) for each in group]
        found = {(seed, repr(each.values)) for seed, each in zip(seeds, group, strict=True)}
        if len(found) > len(set(seeds)):
            what = group[0].what
            warnings.warn(f"{what} was measured several times with the same settings; the last counts", stacklevel=3)
    return {key: {each.settings.get("SEED"): each for each in group} for key, group in groups.items()}


def _rows(what: str, group: dict, by: Sequence[str], names: Sequence[str]) -> list[dict]:
    some = list(group.values())
    about = {"notebook": what} | {name: some[0].settings.get(name) for name in by}
    rows = []
    for name in dict.fromkeys(name for each in some for name in each.values):
        entries = [each.values[name] for each in some if name in each.values]
        if any(fnmatch(name, wanted) for wanted in names):
            score = entries[0] if len(entries) == 1 else over_seeds([entry["value"] for entry in entries])
            counts = {entry.get("n") for entry in entries}
            n = counts.pop() if len(counts) == 1 else None
            rows.append(about | {"name": name} | _score(score, n, len(entries)))
    return rows


def _differences(what: str, first: dict, others: dict, by: Sequence[str], names: Sequence[str]) -> list[dict]:
    """By how much the others' values are above the first's, over the seeds that both have; none of the first itself."""
    if others is first:
        return []
    pairs = [(first[seed], others[seed]) for seed in others if seed in first]
    settings = next(iter(first.values())).settings
    rows = []
    for name in dict.fromkeys(name for pair in pairs for each in pair for name in each.values):
        same = [pair for pair in pairs if _of_same_faces(name, *pair)]
        if same and any(fnmatch(name, wanted) for wanted in names):
            if all(name in each.right for pair in same for each in pair):
                score = over_seeds_and_faces(np.array([other.right[name] - one.right[name] for one, other in same]))
            else:
                score = over_seeds([other.values[name]["value"] - one.values[name]["value"] for one, other in same])
            about = {"notebook": what} | {each: same[0][1].settings.get(each) for each in by} | {"name": name}
            minus = ", ".join(f"{each} {settings.get(each)}" for each in by if settings.get(each) != about[each])
            rows.append(about | _score(score, same[0][0].values[name]["n"], len(same)) | {"minus": minus})
    return rows


def _of_same_faces(name: str, one: Measured, other: Measured) -> bool:
    same = all(one.settings.get(each) == other.settings.get(each) for each in FACES)
    counts = [each.values.get(name, {}).get("n") for each in (one, other)]
    return same and counts[0] is not None and counts[0] == counts[1]


def _score(score: dict, n: int | None, seeds: int) -> dict:
    low, high = score.get("interval") or (None, None)
    return {"value": float(score["value"]), "low": low, "high": high, "n": n, "seeds": seeds}


def published() -> pd.DataFrame:
    """What others published on FER2013, in the columns of `table`."""
    rows = []
    for each in yaml.safe_load(Path(__file__).with_name("field.yaml").read_text("utf-8")):
        n = each.get("n", 0)
        score = share(round(each["value"] * n), n) if n else {}
        rows.append({"notebook": each["method"], "name": "published"} | _score(score | each, n or None, 0) | each)
    columns = ["notebook", "name", "value", "low", "high", "n", "nets", "pretrained", "source", "caveat"]
    return pd.DataFrame(rows)[columns].astype({"n": "Int64", "nets": "Int64"})


def as_text(found: pd.DataFrame) -> str:
    """For a terminal: rounded, the bounds as one interval, without empty columns."""
    shown = found.dropna(axis="columns", how="all").copy()
    if "low" in shown:
        bounds = zip(found["low"], found["high"], strict=True)
        intervals = ["" if pd.isna(low) else f"{low:.3f} to {high:.3f}" for low, high in bounds]
        shown.insert(shown.columns.get_loc("low"), "95 % interval", intervals)
        shown = shown.drop(columns=["low", "high"])
    whole = (found["value"] % 1 == 0) & (found["value"].abs() > 1)
    texts = zip(found["value"], whole, strict=True)
    shown["value"] = [f"{value:,.0f}" if is_whole else f"{value:.3f}" for value, is_whole in texts]
    return shown.astype(object).where(shown.notna(), "").to_string(index=False)


def together(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([each.astype(object) for each in tables], ignore_index=True)
