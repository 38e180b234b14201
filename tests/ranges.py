"""What the ranges of requirements.txt and of pyproject.toml's extras admit, beside what is installed here.

`python -m tests.ranges` prints it (CI does); it fails where a range admits no set of releases that go together.
"""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


def requirements() -> list[Requirement]:
    """All that this machine could be asked to install."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    listed = [line.partition("  # ")[0] for line in lines if line[:1].isalpha()]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    listed += [line for name, lines in extras.items() if name != "tensorflow" for line in lines]
    asked = map(Requirement, listed)
    return [each for each in asked if not each.marker or each.marker.evaluate()]


def resolved(asked: list[str], *options: str) -> dict[str, str]:
    """The releases that uv would install for these, by name."""
    uv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-annotate", "--no-header"]
    command = [*uv, "--python", sys.executable, *options, "-"]
    made = subprocess.run(command, input="\n".join(asked), capture_output=True, text=True)
    if made.returncode:
        raise SystemExit(f"these ranges admit no set of releases: {made.stderr}")
    return dict(re.findall(r"^([\w.-]+)==(\S+)", made.stdout, re.MULTILINE))


def here(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def table(asked: list[Requirement], oldest: dict, newest: dict, latest: dict) -> str:
    """A row for each: its range, the oldest and the newest release that go with the others, and what is here; `latest`
    has the newest there are, to see which the range keeps out."""
    rows = [("", "range", "oldest", "newest", "here", "")]
    for each in sorted(asked, key=lambda each: each.name):
        later = latest.get(each.name, "")
        note = "" if not later or later in each.specifier else f"{later} is not admitted"
        span = ",".join(sorted(map(str, each.specifier), reverse=True))
        rows.append((each.name, span, oldest[each.name], newest[each.name], here(each.name), note))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


if __name__ == "__main__":
    asked = requirements()
    ranges = [str(each) for each in asked]
    oldest = resolved(ranges, "--resolution", "lowest-direct")
    print(table(asked, oldest, resolved(ranges), resolved([each.name for each in asked])))
