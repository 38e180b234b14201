"""The rules that turn recorded values into verdicts. A rule never sees more than the values, so that the same rule
serves all claims of its kind, and made-up values test it.

A value without an interval decides nothing, unless the rule says that it is exact: a count, or an identity.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "undecided"


@dataclass(frozen=True)
class Rule:
    """`text` says to readers when a claim is supported; `decide` takes the recorded entries (value, n, interval)."""

    text: str
    decide: Callable[[list[dict]], str]
    decided_by: str = "interval"  # or "exactly"
    order: int = 0  # of a rank: 1 counts from the largest, -1 from the smallest


def reaches(value: float, within: float = 0.03) -> Rule:
    """The whole interval lies above the claimed value less a margin; refuted if it lies wholly below. More than was
    claimed refutes nothing."""
    text = f"reaches {value:g}: wholly above {value - within:g}"
    return Rule(text, lambda entries: _above(_interval(entries[0]), value - within))


def above_zero() -> Rule:
    """A difference: the whole interval lies above 0; refuted if it lies wholly below."""
    return Rule("wholly above 0", lambda entries: _above(_interval(entries[0]), 0))


def below_zero() -> Rule:
    """The same the other way round."""
    return Rule("wholly below 0", lambda entries: _above(_mirrored(entries[0]), 0))


def counted(wanted: float, within: float = 0) -> Rule:
    """A number that is counted, not measured: as claimed, or nearly so."""

    def decide(entries: list[dict]) -> str:
        return SUPPORTED if abs(entries[0]["value"] - wanted) <= within else REFUTED

    text = f"about {wanted:,g}: within ±{within:,g}" if within else f"exactly {wanted:,g}"
    return Rule(text, decide, "exactly")


def at_least(least: float, exact: bool = False) -> Rule:
    """The whole interval reaches this value; refuted if none of it does. exact: a count, without an interval."""

    def decide(entries: list[dict]) -> str:
        value = entries[0]["value"]
        low, high = (value, value) if exact else _interval(entries[0])
        return SUPPORTED if low >= least else REFUTED if high < least else UNDECIDED

    return Rule(f"at least {least:g}", decide, "exactly" if exact else "interval")


def most(among: int = 1) -> Rule:
    """Rank: the first value is the largest, or among the so many largest. Supported if no more than that many can reach
    it, as far as intervals tell; refuted if so many others lie clear above it."""
    which = "the largest" if among == 1 else f"among the {among} largest"
    return Rule(f"{which}, clear of the rest", lambda entries: _rank(map(_interval, entries), among), order=1)


def least() -> Rule:
    """The same for the smallest."""
    return Rule("the smallest, clear of the rest", lambda entries: _rank(map(_mirrored, entries)), order=-1)


def holds() -> Rule:
    """An identity, true up to rounding: recorded as true, or as the share of cases in which it was found so."""

    def decide(entries: list[dict]) -> str:
        return SUPPORTED if entries[0]["value"] in (True, 1.0) else REFUTED

    return Rule("true up to rounding", decide, "exactly")


def widened(entry: dict, parts: int) -> dict:
    """A value of a claim that has so many measured parts: its 95 % interval widened, so that all of them together hold
    in 95 of a hundred cases (Bonferroni's correction)."""
    if parts < 2 or not entry.get("interval"):
        return entry
    by = NormalDist().inv_cdf(1 - 0.025 / parts) / NormalDist().inv_cdf(0.975)
    value = entry["value"]
    return entry | {"interval": [value + by * (end - value) for end in entry["interval"]]}


def whole(verdicts: Sequence[str]) -> str:
    """Of a claim in parts: refuted if any part is, supported if all are."""
    if REFUTED in verdicts:
        return REFUTED
    return SUPPORTED if set(verdicts) == {SUPPORTED} else next(each for each in verdicts if each != SUPPORTED)


def either(verdicts: Sequence[str]) -> str:
    """Of a part that names two reasons: supported if one is, refuted if both are."""
    if SUPPORTED in verdicts:
        return SUPPORTED
    return REFUTED if set(verdicts) == {REFUTED} else next(each for each in verdicts if each != REFUTED)


def _interval(entry: dict) -> tuple[float, float]:
    low, high = entry.get("interval") or (-math.inf, math.inf)
    return low, high


def _mirrored(entry: dict) -> tuple[float, float]:
    """The interval of the negative value."""
    low, high = _interval(entry)
    return -high, -low


def _above(interval: tuple[float, float], line: float) -> str:
    low, high = interval
    return SUPPORTED if low > line else REFUTED if high < line else UNDECIDED


def _rank(intervals: Iterable[tuple[float, float]], among: int = 1) -> str:
    (low, high), *others = intervals
    if sum(other_high >= low for _, other_high in others) < among:
        return SUPPORTED
    return REFUTED if sum(other_low > high for other_low, _ in others) >= among else UNDECIDED
