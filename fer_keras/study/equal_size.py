"""Notebook 12: what convolution buys, and what dropout gives back to the dense net.

Nets are found by their labels, the columns of `hits`: a CNN's name, and that of its dense net with what is special.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from fer_keras.scores import difference
from fer_keras.study.tables import learnt, listed, no_answer, score_table, shares, word

PAIRS = {"B": ("cnn_1m", "dnn_narrow"), "E": ("vgg16_bn", "dnn_deep")}  # of each report the CNN and the dense net


def pairs_of(reports: str) -> dict[str, str]:
    """By each CNN the dense net of its report. reports: "B", "E" or "B, E"."""
    pairs = dict(PAIRS[report] for report in PAIRS if report in reports)
    if not pairs:
        raise ValueError(f'PAIRS names report B, report E or both, as "B, E", not {reports!r}')
    return pairs


def dropout_closes(right: pd.DataFrame, pairs: Mapping[str, str]) -> pd.DataFrame:
    """The share of the CNN's lead over the plain dense net that dropout closes, a row a dense net: 1 is all, below 0
    the lead grows. Where no lead is shown, or one of the three has not learnt, there is no row.

    right: `hits` with the majority class. pairs: by a CNN its dense net. Intervals by drawing faces again (bootstrap).
    """
    able = set(learnt(shares(right)))
    rows = {}
    for cnn, dense in pairs.items():
        plain, dropped = f"{dense}, equal, plain", f"{dense}, equal, dropout"
        if not {cnn, plain, dropped} <= able:
            continue
        lead = difference(right[cnn], right[plain])
        if lead["interval"][0] <= 0:
            continue
        way = right[cnn].astype(float) - right[plain]
        gained = right[dropped].astype(float) - right[plain]
        drawn = bootstrap((gained, way), _ratio, paired=True, n_resamples=1000, batch=50, method="percentile", rng=0)
        low, high = drawn.confidence_interval
        value = float(gained.mean() / way.mean())
        rows[dense] = {"value": value, "n": len(right), "interval": [float(low), float(high)]}
    return score_table(rows)


def _ratio(gained: np.ndarray, way: np.ndarray, axis: int = -1) -> np.ndarray:
    return gained.mean(axis=axis) / way.mean(axis=axis)


def what_it_buys(scores: pd.DataFrame, ahead: pd.DataFrame, cnn: str, dense: str) -> str:
    """The answer's first sentence, of one CNN and a dense net of its size, by their labels. ahead: the leads, with a
    row "CNN over dense" where both have learnt."""
    rates = scores["value"]
    if f"{cnn} over {dense}" in ahead.index:
        lead = ahead.loc[f"{cnn} over {dense}"]
        verdict = word(lead, "It costs", "Nothing that shows", "Much" if lead["value"] >= 0.1 else "A little")
        low, high = lead["interval"]
        both = f"`{cnn}` is right for {rates[cnn]:.0%} of the faces, a dense net for {rates[dense]:.0%}"
        return f"{verdict}: with as many parameters {both} (difference {low:.2f} to {high:.2f})."
    one = [f"`{label}`" for label in (cnn, dense) if label in learnt(scores)]
    return no_answer(scores) or f"No answer: of `{cnn}` and the dense net of its size {listed(one)} has learnt."
