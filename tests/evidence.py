"""Keeps, of the records of full runs, what the claims ledger reads: python -m tests.evidence RECORD.json ...

The result is notebooks/results/claims.json; a notebook's values replace those that it left there for the same net.
"""

import argparse
import json
from pathlib import Path

from fer_keras.claims.ledger import CLAIMS, LEARNT, RESULTS

KEPT = RESULTS / "claims.json"
ABOUT = ("net", "width", "deep_width", "epochs", "faces", "judged_split", "majority_accuracy", *LEARNT.values())
FIELDS = ("command", "date", "device", "data")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "records", nargs="+", type=Path, help="files from OUT/records of a `fer-keras report` on FER2013"
    )
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    wanted = set(ABOUT)
    for part in (part for claim in CLAIMS for part in claim.parts):
        wanted |= {part.values} if isinstance(part.values, str) else set(part.values)
        wanted |= set(part.needs)
    for path in parser.parse_args().records:
        found = json.loads(path.read_text())
        if found["failed"] or found["data"] == "embedded":
            parser.error(f"{path} is not of a run on FER2013 that came to its end")
        values = {n: v for n, v in found["values"].items() if n in wanted or n.endswith("_epochs")}
        net = values.get("net", {}).get("value", "")
        kept[f"{found['notebook']} {net}".strip()] = {name: found[name] for name in FIELDS} | {"values": values}
    KEPT.write_text(json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
