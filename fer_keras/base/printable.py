"""Text of others, such as names of files, as a terminal may be given it."""

import re
from typing import TextIO

CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""What would move a terminal's cursor, turn its text round or not encode, as it is written in Python: \x1b."""
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(text: str, file: TextIO | None = None) -> None:
    """Print lines that may hold text of others."""
    print("\n".join(map(printable, text.split("\n"))), file=file)
