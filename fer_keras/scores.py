"""Scores with their uncertainty: thin over scikit-learn and scipy."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from scipy.stats import binomtest, bootstrap, norm, t

from fer_keras.faces import EMOTIONS, Faces

MAJORITY = "majority class"  # the row of what always answering the commonest emotion gets: no net


def share(count: int, n: int) -> dict:
    """The share that so many of n faces are, n, and Wilson's 95 % interval; None for no faces at all."""
    if n == 0:
        return {"value": None, "n": 0, "interval": None}
    count, n = int(count), int(n)
    interval = binomtest(count, n).proportion_ci(0.95, "wilson")
    return {"value": count / n, "n": n, "interval": [float(interval.low), float(interval.high)]}


def accuracy(labels: np.ndarray, predicted: np.ndarray) -> dict:
    """The `share` of right labels."""
    right = np.asarray(labels) == np.asarray(predicted)
    return share(right.sum(), len(right))


def cross_entropy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean of -log of what the true label was given, as Keras' loss has it."""
    given = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(given, 1e-7, 1)).mean())


def stand_in_both(faces: Faces, training: Faces) -> np.ndarray:
    """True for each of the faces of which a copy, exact or nearly so, is among the training faces."""
    from fer_keras.duplicates import has_copy

    images = np.concatenate([faces.images, training.images])
    return has_copy(images, np.arange(len(images)) >= len(faces))[: len(faces)]


def difference(first: np.ndarray, second: np.ndarray) -> dict:
    """How much more often the first net is right than the second: the difference of the accuracies with its 95 %
    interval (Agresti and Min's), and `p`, the chance of one so large if both were equally good (McNemar's test).

    first, second: of the same faces, true or 1 where the net is right.
    """
    first, second = np.asarray(first) == 1, np.asarray(second) == 1
    n, only_first, only_second = len(first), int(np.sum(first & ~second)), int(np.sum(second & ~first))
    discordant = only_first + only_second
    p = binomtest(only_first, discordant).pvalue if discordant else 1.0
    # half a face more in each of the four cells keeps the interval honest where few faces differ
    middle = (only_first - only_second) / (n + 2)
    spread = np.sqrt((discordant + 1) / (n + 2) - middle**2) / np.sqrt(n + 2)
    reach = norm.ppf(0.975) * spread
    interval = [float(middle - reach), float(middle + reach)]
    return {"value": (only_first - only_second) / n, "n": n, "interval": interval, "p": float(p)}


def over_seeds(values: Sequence[float]) -> dict:
    """The mean over trainings that differ in their seed alone, with its 95 % interval (Student's t); none for one."""
    each, n = np.asarray(values, float), len(values)
    found = {"value": float(each.mean()), "n": n, "interval": None}
    if n > 1:
        found |= students_interval(each.mean(), [(each.var(ddof=1) / n, n - 1)])
    return found


def over_faces(values: Sequence[float]) -> dict:
    """The mean over faces with its 95 % interval, by drawing as many of them again and again (the bootstrap); none for
    one face. Faces without a value (NaN) are left out."""
    each = np.asarray(values, float)
    each = each[~np.isnan(each)]
    interval = None
    if len(each) > 1:
        drawn = {"n_resamples": 2000, "batch": 100, "rng": 0}  # all 2,000 at once would take gigabytes
        found = bootstrap((each,), np.mean, method="percentile", **drawn).confidence_interval
        interval = [float(end) for end in found]
    return {"value": float(each.mean()), "n": len(each), "interval": interval}


def over_seeds_and_faces(differences: np.ndarray, others: Sequence[np.ndarray] = ()) -> dict:
    """The mean of what differs between two kinds of trainings, a row a seed and a column a face, with a 95 % interval
    for other seeds and other faces alike (Student's t with Welch and Satterthwaite's degrees of freedom). others: such
    differences of other kinds, which tell more of the scatter between seeds; one training tells nothing of it."""
    seeds, faces = differences.shape
    each = [some.mean(axis=1).var(ddof=1) for some in (differences, *others)] if seeds > 1 else [0.0]
    parts = [(np.mean(each) / seeds, max(1, len(each) * (seeds - 1)))]
    parts += [(differences.mean(axis=0).var() / faces, max(1, faces - 1))]
    return {"value": float(differences.mean()), "n": faces} | students_interval(differences.mean(), parts)


def students_interval(mean: float, parts: Sequence[tuple[float, float]]) -> dict:
    """The 95 % `interval` about a mean whose variance is the sum of these, each known with so many degrees of freedom;
    and `degrees`, those of the t distribution that it was made with."""
    variance = sum(part for part, _ in parts)
    unsure = sum(part**2 / degrees for part, degrees in parts)
    if not unsure:
        return {"interval": [float(mean), float(mean)]}
    degrees = variance**2 / unsure
    reach = t.ppf(0.975, degrees) * np.sqrt(variance)
    return {"interval": [float(mean - reach), float(mean + reach)], "degrees": float(degrees)}


def confusion(labels: np.ndarray, predicted: np.ndarray) -> pd.DataFrame:
    """Counts: true emotion (rows), predicted (columns)."""
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix(labels, predicted, labels=range(len(EMOTIONS)))
    return pd.DataFrame(counts, pd.Index(EMOTIONS, name="true"), pd.Index(EMOTIONS, name="predicted"))


def temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """By what to divide the logits so that the cross-entropy is least: above 1 for a net that is too sure of itself."""
    found = minimize_scalar(
        lambda log: cross_entropy(labels, at_temperature(probabilities, np.exp(log))), bounds=(-3, 3), method="bounded"
    )
    return float(np.exp(found.x))


def at_temperature(probabilities: np.ndarray, value: float) -> np.ndarray:
    """The probabilities as they would be with logits divided by this value."""
    return softmax(np.log(np.clip(probabilities, 1e-30, 1)) / value, axis=1)


def pooled(differences: dict[str, np.ndarray]) -> dict[str, dict]:
    """`over_seeds_and_faces` of each kind, where all of them tell of the scatter between seeds."""
    return {
        kind: over_seeds_and_faces(some, [each for other, each in differences.items() if other != kind])
        for kind, some in differences.items()
    }


def between_faces(some: np.ndarray, others: np.ndarray) -> dict:
    """How much higher values are on some faces than on others, a row a seed and a column a face in both, with a 95 %
    interval (as above) for other seeds and other faces of either kind; one training tells nothing of seeds."""
    each = some.mean(axis=1) - others.mean(axis=1)
    parts = [(each.var(ddof=1) / len(each), len(each) - 1)] if len(each) > 1 else []
    parts += [(values.mean(axis=0).var() / values.shape[1], max(1, values.shape[1] - 1)) for values in (some, others)]
    return {"value": float(each.mean()), "n": others.shape[1]} | students_interval(each.mean(), parts)
