"""The ledger: the reports' thirty claims with a verdict each, computed from what notebooks and trainings recorded.

`thirty` holds the claims as data, `rules` what makes a verdict of values, `reached` how far the reports trained and
`fidelity` what a record lacks to decide. Here records are read and these meet.
"""

import re
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from fer_keras.base import home
from fer_keras.base.numbers import check_recorded
from fer_keras.claims.fidelity import Record, best, lacks, nets_of, that_decide
from fer_keras.claims.reached import REACHED, Reached
from fer_keras.claims.rules import DEPENDS, UNDECIDED, agreed, either, whole, widened
from fer_keras.claims.thirty import CLAIMS, Claim, Part
from fer_keras.claims.trainings import pooled_notebooks, pooled_trainings

RESULTS = home.notebooks() / "results"  # of full runs on FER2013, committed
REPORT = home.notebooks().parent / "reports" / "records"  # of the last `make report`
NBSP = "\N{NO-BREAK SPACE}"
TRAINING = ("by", "net", "width", "trainings", "folds", "training_accuracy", "report_training_accuracy")
FIELDS = {each.name for each in fields(Record)} - {"log"}


def committed(folder: Path = RESULTS) -> list[Record]:
    """The records of full runs on FER2013: notebooks' (claims.json) and trainings' (train_*.json)."""
    records = [Record(name.split()[0], **entry) for name, entry in _read(folder / "claims.json").items()]
    trained = [pair for path in sorted(folder.glob("train_*.json")) for pair in _read(path).items()]
    return pooled_notebooks(records) + pooled_trainings(
        [(net, entry) for net, entry in trained if entry["data"] != "embedded"]
    )


def of_report(folder: Path = REPORT, data: str | None = None) -> list[Record]:
    """The records that a report left; of several data those of `data`, or of the ones that ran last."""
    records = []
    paths = (path for path in Path(folder).glob("*.json") if path.stem != "90_claims")  # which has the verdicts
    for path in sorted(paths, key=lambda path: path.stat().st_mtime):
        entry = _read(path)
        if missing := FIELDS - entry.keys():
            raise ValueError(f"{path} is no record of a notebook: it has no {min(missing)}; run the report again")
        if odd := [name for name in FIELDS - {"values"} if not isinstance(entry[name], str)]:
            raise ValueError(f"{path} is no record of a notebook: its {min(odd)} is no text; run the report again")
        check_recorded(path, entry["values"])
        records.append(Record(**{name: entry[name] for name in FIELDS}))
    data = data or (records[-1].data if records else None)
    return [record for record in records if record.data == data]


def ledger(full: Sequence[Record], report: Sequence[Record]) -> list[dict]:
    """A row a claim: its headline from the full runs on FER2013, and beside it under `of_report` what a report found of
    the same quantity."""
    rows = []
    for claim in CLAIMS:
        row = {"claim": claim.number, "report": claim.report, "text": claim.text, "note": claim.note}
        here, beside = judged(claim, full), judged(claim, report)
        if here["value"] is None:  # nothing measured in full: show what the report measured
            here = judged(claim, full, beside["part"])
        rows.append(row | here | {"of_report": judged(claim, report, here["part"])})
    return rows


def judged(claim: Claim, records: Sequence[Record], shown_part: int | None = None) -> dict:
    """The verdict on a claim with its evidence; the effect is that of the part which decided it, or else of the first
    that was measured. shown_part: the number of the part whose effect to show instead."""
    parts = [_judged_part(part, claim, records) for part in claim.parts]
    ruled = [found for found in parts if found["verdict"]]
    deciding = [found["verdict"] for found in ruled if not found["reason"] and not found["way"]]
    if reasons := [found["verdict"] for found in ruled if found["reason"]]:
        deciding.append(either(reasons))
    for way in dict.fromkeys(found["way"] for found in ruled if found["way"]):
        deciding.append(agreed([found["verdict"] for found in ruled if found["way"] == way], way))
    verdict = whole(deciding)
    measured = [found for found in ruled if found["value"] is not None]
    main = next((found for found in measured if found["verdict"] == verdict), (measured or parts)[0])
    if shown_part is not None:
        main = parts[shown_part]
    names = ("value", "interval", "n", "data", "notebook", "command", *TRAINING)
    evidence = {name: main[name] for name in names}
    found = {"verdict": verdict, "part": parts.index(main), "effect": main["measured"], "shown": shown(main)}
    return found | evidence | {"parts": parts}


def shown(found: dict) -> str:
    """A part's value as readers see it: 0.561 [0.545, 0.578], 4 or true."""
    value, interval = found["value"], found["interval"]
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    counted = isinstance(value, int) or value >= 1000  # a mean of counts is one, too
    text = f"{value:,.0f}" if counted else f"{value:.3f}"
    if interval:
        text += f" [{interval[0]:.3f},{NBSP}{interval[1]:.3f}]"
    return text


def how_often(found: dict) -> str:
    """With how many trainings a part was measured: 3, or 1 × 5 folds, as the folds of a seed are one training; "" where
    none was."""
    if not found["trainings"]:
        return ""
    return f"{found['trainings']} × {found['folds']} folds" if found["folds"] else f"{found['trainings']}"


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
    trainings, folds = found["trainings"] or 1, found["folds"]
    if folds or trainings > 1:
        n += f", {trainings} training{'s' * (trainings > 1)}" + (f" of {folds} folds" if folds else "")
    return f"{n} ({found['notebook']}{', ' * bool(found['by'])}{found['by']})" if found["notebook"] else ""


def _judged_part(part: Part, claim: Claim, records: Sequence[Record]) -> dict:
    net = claim.net_of(part)
    record = best(part, claim, records)
    found: dict = {"measured": part.measured, "rule": part.rule.text if part.rule else "shown beside"}
    found |= {"verdict": "", "reason": part.reason, "way": part.way, "claimed_net": net}
    entry = record.values[part.value] if record else {}
    found |= {"value": entry.get("value"), "interval": entry.get("interval"), "n": entry.get("n")}
    for name in ("data", "notebook", "command", "date", "device"):
        found[name] = getattr(record, name, None)
    found |= _training_of(part, claim, record)
    if part.rule:
        found["verdict"], found["lacks"] = _verdict(part, claim, records, record)
        found["decided_by"] = part.rule.decided_by
    return found


def _verdict(part: Part, claim: Claim, records: Sequence[Record], record: Record | None) -> tuple[str, list[str]]:
    """What the rule says of the best record, or why nothing can decide; and all that the record lacks."""
    if record is None:
        return f"{UNDECIDED}: not measured", []
    missing = lacks(part, claim, record)
    if missing:
        return f"{UNDECIDED}: {missing[0]}", missing
    measured = [each for each in claim.parts if each.rule is not None and each.rule.decided_by == "interval"]
    things = len({each.way or each.measured for each in measured})  # which ways of measuring one must agree upon

    def decide(one: Record) -> str:
        entry = one.values[part.value]
        wide = widened(entry, things, one.trainings(entry))
        return part.rule.decide(wide)  # type: ignore[union-attr]  # only parts with a rule come here

    verdict = decide(record)
    for other in that_decide(part, claim, records):
        if {verdict, decide(other)} == {"supported", "refuted"}:
            reason = f"{DEPENDS} {_differs(record, other)}"
            return f"{UNDECIDED}: {reason}", [reason]
    return verdict, []


def _differs(one: Record, other: Record) -> str:
    """What two trainings of one net were not given alike, as their commands tell."""
    words = [set(re.findall(r"-[ropR]+ (\S+ \S+)", each.command)) for each in (one, other)]
    return ", ".join(sorted({each.split()[0] for each in words[0] ^ words[1]})) or "the way of measuring"


def _training_of(part: Part, claim: Claim, record: Record | None) -> dict:
    """Of which net, how wide, how often and how far it was trained, beside the report's."""
    if record is None:
        return dict.fromkeys(TRAINING)
    net, entry = claim.net_of(part), record.values[part.value]
    place = next((place for place, each in nets_of(part, claim).items() if each == net), "")
    width = record.of_net(net, "width", place) or record.value(f"{net}_named_width")
    named = record.value(f"{place}_net") or record.net or net
    return {
        "by": named if width in (None, 1) or not named else f"{named} at width {width:g}",
        "net": named,
        "width": width,
        "trainings": record.trainings(entry) if named else None,
        "folds": record.value("folds") or None,
        "training_accuracy": record.of_net(net, "logged_training_accuracy", place),
        "report_training_accuracy": REACHED.get(net, Reached()).accuracy,
    }


def _read(path: Path) -> dict:
    if not path.exists():
        return {}
    try:
        found = home.unsealed(path)
    except ValueError as error:
        raise ValueError(f"{error}; remove it, or run the report again") from None
    return found if isinstance(found, dict) else {}
