"""The ledger: the reports' thirty claims with a verdict each, computed from what notebooks and trainings recorded.

`thirty` holds the claims as data, `rules` what makes a verdict of values. Here records are read and the two meet.
"""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_keras.claims.rules import UNDECIDED, either, whole
from fer_keras.claims.thirty import CLAIMS, Claim, Part
from fer_keras.nets.recipes import RECIPES

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "notebooks" / "results"  # of full runs on FER2013, committed
REPORT = ROOT / "reports" / "records"  # of the last `make report`
TRAINING_FACES = 28_709  # of FER2013: what an accuracy that a report states was reached with
DEEP = ("vgg16_bn", "dnn_deep")  # whose width notebooks with several nets record apart
NBSP = "\N{NO-BREAK SPACE}"
LEARNT = {  # how accurate the net is that each notebook tells of
    "12_cnn_vs_dnn": "cnn_1m_judged_accuracy",
    "21_confusion": "accuracy",
    "30_saliency": "judged_accuracy",
    "31_filters": "judged_accuracy",
    "51_ablation": "as_it_is_accuracy",
    "52_labels": "net_accuracy",
}


@dataclass(frozen=True)
class Record:
    """What one notebook, or one training, recorded: `values` by name, and how to measure them again."""

    notebook: str
    command: str
    date: str
    device: str
    data: str
    values: dict[str, dict]

    def value(self, name: str):
        return self.values.get(name, {}).get("value")

    def measures(self, name: str) -> bool:
        return isinstance(self.value(name), int | float)


FIELDS = set(Record.__dataclass_fields__)


def committed(folder: Path = RESULTS) -> list[Record]:
    """The records of full runs on FER2013: notebooks' (claims.json) and trainings' (train_*.json)."""
    records = []
    for path in [folder / "claims.json", *sorted(folder.glob("train_*.json"))]:
        for name, entry in _read(path).items():
            if path.stem == "claims":
                records.append(Record(name.split()[0], **entry))
            elif entry["data"] != "embedded":
                records.append(_training(name, entry))
    return records


def of_report(folder: Path = REPORT, data: str | None = None) -> list[Record]:
    """The records that a report left; of several data those of `data`, or of the ones that ran last."""
    records = []
    paths = (path for path in Path(folder).glob("*.json") if path.stem != "90_claims")  # which has the verdicts
    for path in sorted(paths, key=lambda path: path.stat().st_mtime):
        entry = _read(path)
        if missing := FIELDS - entry.keys():
            raise ValueError(f"{path} is no record of a notebook: it has no {min(missing)}; run the report again")
        _check(path, entry["values"])
        records.append(Record(**{name: entry[name] for name in FIELDS}))
    data = data or (records[-1].data if records else None)
    return [record for record in records if record.data == data]


def ledger(full: Sequence[Record], report: Sequence[Record]) -> list[dict]:
    """A row a claim: its headline from the full runs on FER2013, and beside it under `report` what a report found."""
    rows = []
    for claim in CLAIMS:
        row = {"claim": claim.number, "report": claim.report, "text": claim.text, "note": claim.note}
        rows.append(row | judged(claim, full) | {"of_report": judged(claim, report)})
    return rows


def judged(claim: Claim, records: Sequence[Record]) -> dict:
    """The verdict on a claim with its evidence; the effect is that of the part which decided it, or else of the first
    that was measured."""
    parts = [_judged_part(part, claim, records) for part in claim.parts]
    ruled = [found for found in parts if found["verdict"]]
    deciding = [found["verdict"] for found in ruled if not found["reason"]]
    reasons = [found["verdict"] for found in ruled if found["reason"]]
    verdict = whole([*deciding, either(reasons)] if reasons else deciding)
    measured = [found for found in ruled if found["value"] is not None]
    main = next((found for found in measured if found["verdict"] == verdict), (measured or parts)[0])
    evidence = {name: main[name] for name in ("value", "interval", "n", "data", "by", "notebook", "command")}
    return {"verdict": verdict, "effect": main["measured"], "shown": shown(main)} | evidence | {"parts": parts}


def shown(found: dict) -> str:
    """A part's value as readers see it: 0.561 [0.545, 0.578], 4, true, or with its rank."""
    value, interval = found["value"], found["interval"]
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
    if interval:
        text += f" [{interval[0]:.3f},{NBSP}{interval[1]:.3f}]"
    return f"{text}, no.{NBSP}{found['rank']}{NBSP}of{NBSP}{found['of']}" if "rank" in found else text


def as_text(rows: Sequence[dict]) -> str:
    """The ledger for a terminal, report by report."""
    lines, report = [], None
    for row in rows:
        if row["report"] != report:
            report = row["report"]
            lines.append(f"Report {report}")
        here = row["of_report"]
        lines.append(f"{row['claim']:3}  {row['verdict']:24} {row['text']}")
        lines.append(f"     FER2013: {row['effect']} {row['shown']}{_source(row)}")
        if here["value"] is not None:
            lines.append(f"     {here['data']}: {here['verdict']}, {here['effect']} {here['shown']}{_source(here)}")
    return "\n".join(lines)


def _source(found: dict) -> str:
    n = f", n = {found['n']:,}" if found["n"] else ""
    return f"{n} ({found['notebook']}{', ' * bool(found['by'])}{found['by']})" if found["notebook"] else ""


def _judged_part(part: Part, claim: Claim, records: Sequence[Record]) -> dict:
    names = (part.values,) if isinstance(part.values, str) else part.values
    record = _evidence(part, names, records)
    found = {"measured": part.measured, "rule": part.rule.text if part.rule else "shown beside"}
    found |= {"verdict": "", "reason": part.reason}
    entry = record.values[names[0]] if record else {}
    found |= {"value": entry.get("value"), "interval": entry.get("interval"), "n": entry.get("n")}
    for name in ("data", "notebook", "command", "date", "device"):
        found[name] = getattr(record, name, None)
    found["by"] = _net(record) if record else ""
    if part.rule:
        entries = [record.values[name] for name in names] if record else []
        why = "not measured" if not record else _open(part, claim, record)
        found["verdict"] = f"{UNDECIDED}: {why}" if why else part.rule.decide(entries)
        found["decided_by"] = part.rule.decided_by
        if len(names) > 1 and record:
            beyond = sum(part.rule.order * each["value"] > part.rule.order * entry["value"] for each in entries)
            found["rank"], found["of"] = 1 + beyond, len(entries)
    return found


def _evidence(part: Part, names: Sequence[str], records: Sequence[Record]) -> Record | None:
    """The first record, in the part's order of notebooks, that holds the values, of the claimed net if there is one."""
    for notebook in (part.notebooks,) if isinstance(part.notebooks, str) else part.notebooks:
        for record in records:
            right_net = not part.net or not _one_net(record) or record.value("net") == part.net
            if record.notebook == notebook and all(map(record.measures, names)) and right_net:
                return record
    return None


def _net(record: Record) -> str:
    """The net that a record tells of, where it is one."""
    net, width = record.value("net"), record.value("width")
    if not net or not _one_net(record):
        return ""
    return net if width in (None, 1) else f"{net} at width {width:g}"


def _one_net(record: Record) -> bool:
    """Does it tell of one net alone? Those of several name the net with each value."""
    return record.notebook not in ("10_architecture", "11_history", "12_cnn_vs_dnn")


def _open(part: Part, claim: Claim, record: Record) -> str:
    """Why a value that was recorded cannot decide the claim; "" where it can."""
    drawn = record.data == "embedded"
    if drawn and not claim.drawn:
        return "drawn faces"
    low = (record.values.get(LEARNT.get(record.notebook), {}).get("interval") or [math.inf])[0]
    if part.rule.decided_by == "interval" and low <= (record.value("majority_accuracy") or 0):
        return "a net that has not learnt"
    if any(record.value(name) != wanted for name, wanted in part.needs.items()):
        return "other settings"
    if not part.net:
        return ""
    width = record.value("deep_width") if part.net in DEEP and not _one_net(record) else record.value("width")
    epochs, recipe = record.value(f"{part.net}_epochs") or record.value("epochs"), RECIPES[part.net]
    if width not in (None, 1):
        return "slim net" if width < 1 else "wide net"
    if epochs not in (None, recipe.epochs):
        return "few epochs" if epochs < recipe.epochs else "more epochs"
    return "few faces" if not drawn and (record.value("faces") or TRAINING_FACES) < TRAINING_FACES else ""


def _training(net: str, entry: dict) -> Record:
    """What `fer-keras train` printed, under the names that notebooks of several nets use."""
    names = {"accuracy": "validation_accuracy", "last_training_accuracy": "logged_training_accuracy"}
    values = {f"{net}_{names.get(name, name)}": value for name, value in entry["values"].items()}
    width = re.search(r" -o width ([\d.]+)", entry["command"])
    values |= {"net": {"value": net}, "width": {"value": float(width[1]) if width else 1}}
    return Record("training", entry["command"], entry["date"], entry["device"], entry["data"], values)


def _check(path: Path, values) -> None:
    """Refuse values that no notebook records."""
    for name, entry in values.items() if isinstance(values, dict) else [("values", values)]:
        entry = entry if isinstance(entry, dict) else {}
        numbers = [*(entry.get("interval") or []), entry.get("n", 1)]
        right = isinstance(entry.get("value"), str) or all(map(_finite, [entry.get("value"), *numbers]))
        if not right or len(numbers) not in (1, 3) or numbers[:-1] != sorted(numbers[:-1]):
            raise ValueError(f"{path}: {name} is no recorded value; run the report again")


def _finite(value) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _read(path: Path) -> dict:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); remove it, or run the report again") from None
    return found if isinstance(found, dict) else {}
