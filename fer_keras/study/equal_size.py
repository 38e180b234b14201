"""What 12_cnn_vs_dnn makes of the hits of four nets a report: its CNN, the dense net it names, and two of equal size.

Nets are found by their labels, the columns of `hits`. pairs: by the label of a CNN the name of its dense net; the nets
set beside that CNN are those whose labels begin with the name and a comma, as in "dnn_narrow, equal, plain".
Nets that are not shown to be better than the majority class are left out: they have no lead and no gap to speak of.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from fer_keras.study.tables import differences, learnt, score_table, shares, word

PLAIN, DROPOUT = "equal, plain", "equal, dropout"


def leads(right: pd.DataFrame, pairs: Mapping[str, str]) -> pd.DataFrame:
    """How much more often each CNN is right than the dense nets beside it, a row a pair of nets. right: of `hits`, with
    the majority class."""
    able = learnt(shares(right))
    compared = {}
    for cnn, dense in pairs.items():
        _there(right, cnn)
        for label in able:
            if cnn in able and label.startswith(f"{dense}, "):
                compared[f"{cnn} over {label}"] = cnn, label
    return differences(right, compared).reindex(columns=["value", "n", "interval", "p"])


def wider_gaps(
    known: pd.DataFrame, right: pd.DataFrame, pairs: Mapping[str, str], resamples: int, seed: int
) -> pd.DataFrame:
    """How much wider the plain dense net's gap between training faces (`known`) and others (`right`) is than the
    CNN's, a row a dense net; 95 % intervals by drawing both kinds of faces again (the bootstrap)."""
    able, rows = learnt(shares(right)), {}
    for cnn, dense in pairs.items():
        plain = f"{dense}, {PLAIN}"
        _there(right, cnn, plain)
        if {cnn, plain} <= set(able):
            sides = [table[plain].astype(float) - table[cnn].astype(float) for table in (known, right)]
            rows[dense] = _resampled(sides, _apart, resamples, seed)
    return score_table(rows)


def dropout_closes(right: pd.DataFrame, pairs: Mapping[str, str], resamples: int, seed: int) -> pd.DataFrame:
    """The share of the CNN's lead over the plain dense net that dropout closes, a row a dense net: 1 is all, below 0
    the lead grows. Where no lead is shown there is no row. Intervals as above, all nets on the same faces."""
    able, ahead, rows = learnt(shares(right)), leads(right, pairs), {}
    for cnn, dense in pairs.items():
        plain, dropped = f"{dense}, {PLAIN}", f"{dense}, {DROPOUT}"
        _there(right, plain, dropped)
        row = f"{cnn} over {plain}"
        if dropped in able and row in ahead.index and word(ahead.loc[row], "", "", "leads"):
            way = [right[net].astype(float) - right[plain].astype(float) for net in (dropped, cnn)]
            rows[dense] = _resampled(way, _share, resamples, seed, paired=True)
    return score_table(rows)


def what_it_buys(scores: pd.DataFrame, ahead: pd.DataFrame, cnn: str, dense: str) -> str:
    """The answer's first sentence, of one CNN and a dense net of its size, by their labels. ahead: of `leads`."""
    rates = scores["value"]
    if f"{cnn} over {dense}" in ahead.index:
        lead = ahead.loc[f"{cnn} over {dense}"]
        verdict = word(lead, "It costs", "Nothing that shows", "Much" if lead["value"] >= 0.1 else "A little")
        low, high = lead["interval"]
        both = f"`{cnn}` is right for {rates[cnn]:.0%} of the faces, a dense net for {rates[dense]:.0%}"
        return f"{verdict}: with as many parameters {both} (difference {low:.2f} to {high:.2f})."
    able = learnt(scores)
    if cnn in able:
        return f"All that is learnt: `{cnn}` is right for {rates[cnn]:.0%}, the dense net has learnt nothing."
    if dense in able:
        return f"Nothing here: `{cnn}` has learnt nothing, the dense net of its size is right for {rates[dense]:.0%}."
    return f"No answer for `{cnn}`: neither it nor the dense net of its size has learnt."


def what_dropout_does(closes: pd.DataFrame) -> str:
    """A sentence for each row of `dropout_closes`; of a single one with its size."""
    told = []
    for dense, row in closes.iterrows():
        size = f"{abs(row['value']):.0%}" if len(closes) == 1 else "something"
        change = word(row, f"adds {size} to", "is not shown to change", f"closes {size} of")
        told.append(f"Dropout {change} the CNN's lead over `{dense}`.")
    return " ".join(told) or "No lead is shown that dropout could close."


def _there(right: pd.DataFrame, *labels: str) -> None:
    for label in labels:
        if label not in right:
            raise ValueError(f"no net is labelled {label!r}; there are {', '.join(right)}")


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
