"""Values as people type them on a command line."""

import json
import re

MOST = 10_000  # settings that one call names


def values(pairs: list[list[str]]) -> dict:
    """`-p NAME VALUE` and its like, each read as `value` does."""
    once(pairs)
    return {name: value(name, text) for name, text in pairs}


def once(pairs: list[list[str]]) -> None:
    """Refuse a name that is given twice, of which one value would be dropped."""
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{twice[0]} is given twice; leave one")


def value(name: str, text: str):
    """Numbers, lists, true, false and null as JSON has them, tables also as YAML; all else is text, such as 010 and
    1:30, which YAML takes for other numbers."""
    words = {"True": True, "False": False, "None": None}
    try:
        return words[text] if text in words else json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        if not text.startswith(("[", "{", "'")):
            return text
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: such as of a 31st of February
        raise ValueError(f"the value of {name}, {text}, is no number, text or list") from None


def choices(name: str, text: str) -> list:
    """`a,b` or `0..4` (0 to 4, both included) or one value; a list in brackets where a comma belongs to a value."""
    if span := re.fullmatch(r"(-?\d+)\.\.(-?\d+)", text.strip()):
        first, last = map(int, span.groups())
        if last - first >= MOST:
            raise ValueError(f"{name} has more than {MOST:,} values in {text}; give fewer")
        found = list(range(first, last + 1))
    elif text.startswith("["):
        found = value(name, text)
    else:
        found = [value(name, each.strip()) for each in text.split(",")]
    if not isinstance(found, list) or not found:
        raise ValueError(f"{name} has no value in {text}; give such as a,b or 0..4")
    return found
