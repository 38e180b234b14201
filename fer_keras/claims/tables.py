"""The ledger as tables for readers."""

from collections.abc import Sequence

import pandas as pd

from fer_keras.claims.fidelity import Record
from fer_keras.claims.ledger import how_often, shown

VERDICTS = ("supported", "refuted", "undecided")


def verdict_table(rows: Sequence[dict]) -> pd.DataFrame:
    """A row a claim: report, verdict on FER2013 and verdict of the report at hand, each in one word."""
    return pd.DataFrame({
        "report": [row["report"] for row in rows],
        "FER2013": [row["verdict"].split(":")[0] for row in rows],
        "here": [row["of_report"]["verdict"].split(":")[0] for row in rows],
    }, index=[f"claim {row['claim']:02}" for row in rows])  # fmt: skip


def ledger_table(rows: Sequence[dict], own: str) -> pd.DataFrame:
    """A row a claim: what was claimed, its verdict on FER2013 and what that is made of, and the same quantity in the
    report at hand."""
    table = {}
    for row in rows:
        here = row["of_report"]
        table[row["report"], row["claim"]] = {
            "claim": row["text"],
            "verdict": row["verdict"],
            "measured": row["effect"],
            "on FER2013": shown(row),
            "net": row["by"] or "–",
            f"on {own}": shown(here),
            "its verdict": here["verdict"],
        }
    return pd.DataFrame(table).T.rename_axis(["report", "no."])


def parts_table(rows: Sequence[dict], own: str) -> pd.DataFrame:
    """A row a part of a claim: its rule, and how far the net was trained beside the report's."""
    table = {}
    for row in rows:
        for number, part in enumerate(row["parts"]):
            here = row["of_report"]["parts"][number]
            table[row["claim"], number + 1] = {
                "measured": part["measured"],
                "rule": part["rule"],
                "verdict": part["verdict"] or "–",
                "on FER2013": shown(part),
                "trainings": how_often(part) or "–",
                "training accuracy": _or_dash(part["training_accuracy"]),
                "the report's": _or_dash(part["report_training_accuracy"]),
                f"on {own}": shown(here),
                "its verdict": here["verdict"] or "–",
            }
    return pd.DataFrame(table).T.rename_axis(["claim", "part"])


def _or_dash(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def source_table(records: Sequence[Record]) -> pd.DataFrame:
    """Where the values come from, and how to measure them again."""
    rows = []
    for record in records:
        about = {"command": record.command, "date": record.date, "device": record.device}
        rows.append({"notebook": record.notebook, "net": record.net or "several"} | about)
    return pd.DataFrame(rows).set_index("notebook")


def answered(verdicts: pd.DataFrame, own: str) -> str:
    """How many of the claims are supported, refuted and open, with an example of each; from `verdict_table`."""
    counts = verdicts["FER2013"].value_counts().reindex(VERDICTS, fill_value=0)
    here = verdicts["here"].value_counts().reindex(VERDICTS, fill_value=0)
    text = f"Of {len(verdicts)} claims {counts['supported']} are supported on FER2013, {counts['refuted']} refuted. "
    if counts["undecided"]:
        text += f"{counts['undecided']} stay open, most for want of a net of that very report that was trained as far "
        text += "as it was, and more than once. "
    return text + f"On {own}, in this run, {here['supported']} are supported and {here['refuted']} refuted."
