"""What 12_cnn_vs_dnn makes of the hits of four nets a report: its CNN, the dense net it names, and two of equal size.

Nets that are not shown to be better than the majority class are left out: they have no lead and no gap to speak of.
"""

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from fer_keras.study.tables import differences, learnt, score_table, shares, word

PAIRS = {"cnn_1m": "dnn_narrow", "vgg16_bn": "dnn_deep"}  # reports B and E


def leads(right: pd.DataFrame) -> pd.DataFrame:
    """How much more often each CNN is right than the dense nets beside it, a row a pair. right: of `hits`, with the
    majority class."""
    able = learnt(shares(right))
    pairs = {}
    for cnn, dense in PAIRS.items():
        for kind in ("named", "equal, plain", "equal, dropout"):
            if {cnn, f"{dense}, {kind}"} <= set(able):
                pairs[f"{cnn} over {dense}, {kind}"] = cnn, f"{dense}, {kind}"
    return differences(right, pairs).reindex(columns=["value", "n", "interval", "p"])


def wider_gaps(known: pd.DataFrame, right: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """How much wider the plain dense net's gap between training faces (`known`) and others (`right`) is than the
    CNN's, a row a dense net; 95 % intervals by drawing both kinds of faces again (the bootstrap)."""
    able, rows = learnt(shares(right)), {}
    for cnn, dense in PAIRS.items():
        plain = f"{dense}, equal, plain"
        if {cnn, plain} <= set(able):
            sides = [table[plain].astype(float) - table[cnn].astype(float) for table in (known, right)]
            rows[dense] = _resampled(sides, _apart, resamples, seed)
    return score_table(rows)


def dropout_closes(right: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """The share of the CNN's lead over the plain dense net that dropout closes, a row a dense net: 1 is all, below 0
    the lead grows. Where no lead is shown there is no row. Intervals as above, all nets on the same faces."""
    able, ahead, rows = learnt(shares(right)), leads(right), {}
    for cnn, dense in PAIRS.items():
        plain, dropped = f"{dense}, equal, plain", f"{dense}, equal, dropout"
        row = f"{cnn} over {plain}"
        if dropped in able and row in ahead.index and word(ahead.loc[row], "", "", "leads"):
            way = [right[net].astype(float) - right[plain].astype(float) for net in (dropped, cnn)]
            rows[dense] = _resampled(way, _share, resamples, seed, paired=True)
    return score_table(rows)


def what_it_buys(scores: pd.DataFrame, ahead: pd.DataFrame, cnn: str = "cnn_1m") -> str:
    """The answer's first sentence, of one CNN and the plain dense net of its size. ahead: of `leads`."""
    plain = f"{PAIRS[cnn]}, equal, plain"
    rates = scores["value"]
    if f"{cnn} over {plain}" in ahead.index:
        lead = ahead.loc[f"{cnn} over {plain}"]
        verdict = word(lead, "It costs", "Nothing that shows", "Much" if lead["value"] >= 0.1 else "A little")
        low, high = lead["interval"]
        both = f"the CNN is right for {rates[cnn]:.0%} of the faces, the dense net for {rates[plain]:.0%}"
        return f"{verdict}: with as many parameters {both} (difference {low:.2f} to {high:.2f})."
    able = learnt(scores)
    if cnn in able:
        return f"All that is learnt: the CNN is right for {rates[cnn]:.0%}, the dense net has learnt nothing."
    if plain in able:
        return f"Nothing here: the dense net is right for {rates[plain]:.0%}, the CNN has learnt nothing."
    return f"No answer for `{cnn}`: neither it nor the dense net of its size has learnt."


def what_dropout_does(closes: pd.DataFrame) -> str:
    """A sentence for each row of `dropout_closes`."""
    told = []
    for dense, row in closes.iterrows():
        size = f"{abs(row['value']):.0%}"
        change = word(row, f"widens by {size}", "is not shown to change", f"closes by {size}")
        told.append(f"Dropout {change} the lead over `{dense}`.")
    return " ".join(told) or "No lead is shown that dropout could close."


def _resampled(samples: list[pd.Series], statistic, resamples: int, seed: int, paired: bool = False) -> dict:
    arrays = [sample.to_numpy() for sample in samples]
    drawn = bootstrap(
        arrays, statistic, n_resamples=resamples, batch=50, paired=paired, method="percentile", rng=seed,
        vectorized=True,
    )  # fmt: skip
    ends = [float(end) for end in drawn.confidence_interval]
    return {"value": float(statistic(*arrays)), "n": len(arrays[-1]), "interval": ends}


def _apart(known: np.ndarray, right: np.ndarray, axis: int = -1) -> np.ndarray:
    return known.mean(axis=axis) - right.mean(axis=axis)


def _share(gained: np.ndarray, way: np.ndarray, axis: int = -1) -> np.ndarray:
    return gained.mean(axis=axis) / way.mean(axis=axis)
