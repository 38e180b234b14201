"""What is known of a net: measured when it is trained, kept in its run's `metrics.json`, told by `fer-keras card`."""

from itertools import pairwise

import numpy as np

from fer_keras.faces import EMOTIONS, Faces
from fer_keras.scores import accuracy, at_temperature, confusion, cross_entropy, share, stand_in_both, temperature

SURE = (0.0, 0.4, 0.6, 0.8, 0.9, 1.0)  # bounds of the kinds of answers, by how sure the net is

LIMITS = """\
- What a face shows is not what its owner feels, and a picture of 48 × 48 pixels shows little of it.
- The labels of FER2013 are noisy: people agree with about two of three.
- It must not be used to judge anyone: not in hiring, teaching, policing or care. In the European Union inferring
  emotions at work and in education has been prohibited since 2 February 2025 (AI Act, Article 5(1)(f); medical and
  safety reasons aside).
- Use it to look at nets, with pictures of yourself or of people who agreed."""
TERMS = "Those of whoever trained it, and of the publisher of the faces it was trained on."


def measured(validation: Faces, training: Faces, probabilities: np.ndarray) -> dict:
    """What the answers on the validation faces tell of a net."""
    labels, predicted = validation.labels, probabilities.argmax(axis=1)
    alone = ~stand_in_both(validation, training)
    counts = confusion(labels, predicted).to_numpy()
    divisor = temperature(labels, probabilities)
    calibrated = at_temperature(probabilities, divisor)
    return {
        "accuracy": accuracy(labels, predicted),
        "accuracy_without_duplicates": accuracy(labels[alone], predicted[alone]),
        "loss": cross_entropy(labels, probabilities),
        "recall": {name: share(counts[i, i], counts[i].sum()) for i, name in enumerate(EMOTIONS)},
        "confusion": counts.tolist(),
        "temperature": divisor,
        "loss_calibrated": cross_entropy(labels, calibrated),
        "by_confidence": by_confidence(labels, calibrated),
        "trained_on": {"split": _split(training), "n": len(training)},
        "validated_on": {"split": _split(validation), "n": len(validation)},
    }


def by_confidence(labels: np.ndarray, calibrated: np.ndarray) -> list[dict]:
    """How often the net is right when it is so sure: kinds of answers by their probability, "from" and "to"."""
    sure, predicted = calibrated.max(axis=1), calibrated.argmax(axis=1)
    kinds = np.searchsorted(SURE[1:-1], sure, side="right")
    rows = []
    for kind, (low, high) in enumerate(pairwise(SURE)):
        some = kinds == kind
        rows.append({"from": low, "to": high} | accuracy(labels[some], predicted[some]))
    return rows


def when_so_sure(card: dict, probability: float) -> dict:
    """The row of `by_confidence` that a calibrated probability belongs to."""
    return card["by_confidence"][int(np.searchsorted(SURE[1:-1], probability, side="right"))]


def _split(faces: Faces) -> str:
    return " and ".join(dict.fromkeys(faces.splits.tolist()))


def as_markdown(name: str, card: dict) -> str:
    """The card of a net, to be read."""
    on, by = card["trained_on"], card["validated_on"]
    data = card.get("data", "a data set that its run does not name")
    scores = {"accuracy": card["accuracy"], "accuracy without copies": card["accuracy_without_duplicates"]}
    scores |= {f"recall of {emotion}": score for emotion, score in card["recall"].items()}
    sure = {f"{row['from']:.0%} to {row['to']:.0%} sure: right": row for row in card["by_confidence"]}
    counts = [[label, *map(str, row)] for label, row in zip(EMOTIONS, card["confusion"], strict=True)]
    parts = [
        f"# {name}",
        f"A net of {card['parameters']:,} parameters, trained on {on['n']:,} faces ({on['split']}) of {data}, "
        f"and measured on {by['n']:,} ({by['split']}), which validated it. Trained {card['date']}, "
        f"{card['epoch']} epochs in {card['seconds'] / 60:.0f} minutes on {card['device']}.",
        *([f"    {card['command']}"] if "command" in card else []),
        *([_began(card["begins_with"])] if "begins_with" in card else []),
        "## How often it is right",
        _table(["", "share", "95 % interval", "faces"], map(_row, scores, scores.values())),
        "## How sure it is",
        f"Its probabilities are calibrated: the logits are divided by {card['temperature']:.2f}, which is fitted on "
        f"the same faces. Their cross-entropy falls from {card['loss']:.3f} to {card['loss_calibrated']:.3f}.",
        _table(["", "share", "95 % interval", "faces"], map(_row, sure, sure.values())),
        "## What it takes for what",
        _table(["true", *EMOTIONS], counts),
        "## What it is not for",
        LIMITS,
        "## Terms",
        card.get("terms", TERMS),
    ]
    return "\n\n".join(parts)


def _began(earlier: dict) -> str:
    told = f"It began with the weights of {earlier['net']}, after {earlier['epochs']} epochs in "
    return f"{told}{earlier['seconds'] / 60:.0f} minutes:\n\n    {earlier['command']}"


def _row(name: str, score: dict) -> list[str]:
    if not score["n"]:
        return [name, "–", "–", "0"]
    low, high = score["interval"]
    return [name, f"{score['value']:.3f}", f"{low:.3f} to {high:.3f}", f"{score['n']:,}"]


def _table(head: list[str], rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
