"""What a net says of a face, how sure it is, whether its answer bears a small change, and where it looked."""

from dataclasses import dataclass, replace

import numpy as np

from fer_keras.base.progress import bar
from fer_keras.data.batches import FaceBatches
from fer_keras.data.photographs import Found
from fer_keras.faces import EMOTIONS, Faces
from fer_keras.scores import at_temperature
from fer_keras.seeing.inputs import ready
from fer_keras.seeing.saliency import last_maps, saliency
from fer_keras.training.ask import Net
from fer_keras.training.card import when_so_sure

VARIANTS = 20  # of each face, mirrored or not, moved by up to 3 pixels, and up to 8 % larger or smaller
CHANGES: dict = {"flip": "horizontal", "shift": 0.0625, "zoom": 0.08}
STABLE = 0.75  # of the variants agree
MAPS = {"gradient": "Where a pixel would change the answer", "gradcam": "Where the net saw it (Grad-CAM)"}
OFTEN = {  # from which share on
    0.97: "nearly always",
    0.85: "9 of 10 times",
    0.775: "4 of 5 times",
    0.7: "3 of 4 times",
    0.58: "2 of 3 times",
    0.42: "half of the times",
    0.29: "1 of 3 times",
    0.15: "1 of 5 times",
    0.0: "1 of 10 times",
}


@dataclass(frozen=True)
class Answer:
    """Of one face: calibrated probabilities, the share of its variants with the same answer, and maps."""

    probabilities: np.ndarray  # (7,)
    agree: float
    maps: dict[str, np.ndarray]  # by the names of MAPS, (48, 48), 0 to 1
    when_so_sure: dict | None  # of the net's card: how often it is right

    @property
    def emotion(self) -> str:
        return EMOTIONS[int(self.probabilities.argmax())]

    def as_json(self, found: Found) -> dict:
        """With what is known of the face itself."""
        return {
            "photograph": found.photograph,
            "face": found.number,
            "square": dict(zip(("top", "left", "side"), found.square, strict=True)),
            "doubts": list(found.doubts),
            "emotion": self.emotion,
            "probabilities": dict(zip(EMOTIONS, (round(float(p), 4) for p in self.probabilities), strict=True)),
            "agree": round(self.agree, 2),
            "right_when_so_sure": self.when_so_sure,
            "says": in_words(self),
        }


def ask(net: Net, faces: Faces) -> list[Answer]:
    """An answer for each face."""
    probabilities = at_temperature(net.predict(faces), net.temperature)
    agree = agreement(net, faces, probabilities.argmax(axis=1))
    methods = list(MAPS) if last_maps(ready(net.model)) else ["gradient"]
    maps = {name: saliency(net.model, faces, method=name) for name in methods}
    answers = []
    for i, each in enumerate(probabilities):
        known = when_so_sure(net.card, float(each.max())) if net.card else None
        answers.append(Answer(each, float(agree[i]), {name: found[i] for name, found in maps.items()}, known))
    return answers


def agreement(net: Net, faces: Faces, answers: np.ndarray) -> np.ndarray:
    """(n,) the share of each face's variants for which the net gives the same answer."""
    shares = []
    for i in bar(range(len(faces)), "trying variants", " faces"):
        same = faces[np.full(VARIANTS, i)]
        any_labels = replace(same, labels=np.zeros_like(same.labels))  # batches want some
        images, _ = FaceBatches(any_labels, VARIANTS, shuffle=False, **CHANGES).batch(0, 0)
        predicted = net.model.predict_on_batch(images).argmax(axis=1)
        shares.append((predicted == answers[i]).mean())
    return np.array(shares)


def in_words(answer: Answer) -> str:
    """One plain sentence."""
    first, second = np.argsort(-answer.probabilities)[:2]
    if answer.probabilities[first] >= 0.5:
        says = f"Most likely {EMOTIONS[first]}"
    else:
        says = f"Perhaps {EMOTIONS[first]}, perhaps {EMOTIONS[second]}"
    if answer.when_so_sure is not None and answer.when_so_sure["n"]:
        says += f"; the net is right about {often(answer.when_so_sure['value'])} when it is so sure"
    if answer.agree < STABLE:
        says += f", but only {answer.agree:.0%} of slightly moved pictures get the same answer"
    return says + "."


def often(share: float) -> str:
    return next(words for least, words in OFTEN.items() if share >= least)
