"""The rules that turn recorded values into verdicts. A rule never sees more than the values, so that the same rule
serves all claims of its kind, and made-up values test it.

A value without an interval decides nothing, unless the rule says that it is exact: a count, or an identity.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "undecided"
DEPENDS = "depends on"
REASONS = (  # why a part stays undecided, the weightiest first
    *("drawn faces", "a net that has not learnt", "another net", "slim net", "wide net", "another split"),
    *("other settings", "trained longer than the report", "how far it was trained is not recorded"),
    *("trained less than the report", "trained faster than the report", "not measured", "few faces", "one training"),
    *("two trainings", DEPENDS),
)


@dataclass(frozen=True)
class Rule:
    """`text` says to readers when a claim is supported; `decide` takes the recorded entry (value, n, interval)."""

    text: str
    decide: Callable[[dict], str]
    decided_by: str = "interval"  # or "exactly"


def reaches(value: float, within: float = 0.03) -> Rule:
    """The whole interval lies above the claimed value less a margin; refuted if it lies wholly below. More than was
    claimed refutes nothing."""
    text = f"reaches {value:g}: wholly above {value - within:g}"
    return Rule(text, lambda entry: _above(entry, value - within))


def above_zero() -> Rule:
    """A difference: the whole interval lies above 0; refuted if it lies wholly below."""
    return Rule("wholly above 0", lambda entry: _above(entry, 0))


def below_zero() -> Rule:
    """The same the other way round."""
    return Rule("wholly below 0", lambda entry: _above(_mirrored(entry), 0))


def counted(wanted: float, within: float = 0) -> Rule:
    """A number that is counted, not measured: as claimed, or nearly so."""

    def decide(entry: dict) -> str:
        return SUPPORTED if abs(entry["value"] - wanted) <= within else REFUTED

    text = f"about {wanted:,}: within ±{within:,}" if within else f"exactly {wanted:,}"
    return Rule(text, decide, "exactly")


def at_least(least: float, exact: bool = False) -> Rule:
    """The whole interval reaches this value; refuted if none of it does. exact: a count, without an interval."""

    def decide(entry: dict) -> str:
        value = entry["value"]
        low, high = (value, value) if exact else _interval(entry)
        return SUPPORTED if low >= least else REFUTED if high < least else UNDECIDED

    return Rule(f"at least {least:g}", decide, "exactly" if exact else "interval")


def holds() -> Rule:
    """An identity, true up to rounding: recorded as true, or as the share of cases in which it was found so."""

    def decide(entry: dict) -> str:
        return SUPPORTED if entry["value"] in (True, 1.0) else REFUTED

    return Rule("true up to rounding", decide, "exactly")


def widened(entry: dict, parts: int, trainings: int = 1) -> dict:
    """A value of a claim that has so many measured parts: its 95 % interval widened, so that all of them together hold
    in 95 of a hundred cases (Bonferroni's correction).

    The factor is that of Student's t with the degrees of freedom that the interval was made with. Of several trainings
    that do not tell theirs they are one fewer than the trainings, which is the widest that it can be."""
    from scipy.stats import t  # here, as it is slow to load

    if parts < 2 or not entry.get("interval"):
        return entry
    degrees = entry.get("degrees") or (trainings - 1 if trainings > 1 else math.inf)
    by = float(t.ppf(1 - 0.025 / parts, degrees) / t.ppf(0.975, degrees))
    value = entry["value"]
    return entry | {"interval": [value + by * (end - value) for end in entry["interval"]]}


def whole(verdicts: Sequence[str]) -> str:
    """Of a claim in parts: refuted if any part is, supported if all are, else undecided for the weightiest reason."""
    if REFUTED in verdicts:
        return REFUTED
    return SUPPORTED if set(verdicts) == {SUPPORTED} else weightiest(verdicts)


def either(verdicts: Sequence[str]) -> str:
    """Of a part that names two reasons: supported if one is, refuted if both are."""
    if SUPPORTED in verdicts:
        return SUPPORTED
    return REFUTED if set(verdicts) == {REFUTED} else weightiest(verdicts)


def agreed(verdicts: Sequence[str], differ_in: str) -> str:
    """Of one thing that was measured in several ways: what all of them say. If none lacks anything and they do not
    agree, it depends on what they differ in."""
    if len(set(verdicts)) == 1:
        return verdicts[0]
    found = weightiest(verdicts)
    return found if ":" in found else f"{UNDECIDED}: {DEPENDS} {differ_in}"


def weightiest(verdicts: Sequence[str]) -> str:
    """The undecided verdict with the weightiest reason; plain undecided if none of them has a reason."""
    reasons = [verdict.removeprefix(f"{UNDECIDED}: ") for verdict in verdicts if ":" in verdict]
    return f"{UNDECIDED}: {min(reasons, key=weight)}" if reasons else UNDECIDED


def weight(reason: str) -> int:
    """The place of a reason among REASONS."""
    return REASONS.index(DEPENDS if reason.startswith(DEPENDS) else reason)


def _interval(entry: dict) -> tuple[float, float]:
    low, high = entry.get("interval") or (-math.inf, math.inf)
    return low, high


def _mirrored(entry: dict) -> dict:
    """The negative value."""
    low, high = _interval(entry)
    return {"value": -entry["value"], "interval": [-high, -low]}


def _above(entry: dict, line: float) -> str:
    low, high = _interval(entry)
    return SUPPORTED if low > line else REFUTED if high < line else UNDECIDED
