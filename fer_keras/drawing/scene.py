"""Drawn pictures to look at as one looks at one's own: a scene with several people, and a portrait of each emotion."""

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from fer_keras.drawing.people import FEWEST, draw_faces
from fer_keras.faces import EMOTIONS, VOTE_OF_EMOTION

PLACES = ((50, 40, 240), (130, 330, 150), (60, 530, 110))  # top, left and side of the people in the scene


def draw_pictures(folder: Path, seed: int = 3) -> Path:
    """Write `a scene.png` with three people, and `happy.png` and so on; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, plain = np.random.default_rng(seed), _plain_faces(seed)
    scene = _ground(rng, 420, 700)
    for (top, left, side), emotion in zip(PLACES, ("happy", "surprise", "angry"), strict=True):
        _put(scene, plain[emotion][0], top, left, side)
    Image.fromarray(scene).save(folder / "a scene.png")
    for emotion in EMOTIONS:
        portrait = _ground(rng, 300, 300)
        _put(portrait, plain[emotion][-1], 60, 60, 180)
        Image.fromarray(portrait).save(folder / f"{emotion}.png")
    return folder


def _plain_faces(seed: int) -> dict[str, np.ndarray]:
    """Of each emotion the faces of which most raters agree, the most agreed first and last."""
    faces = draw_faces(4 * FEWEST, seed)
    found = {}
    for label, emotion in enumerate(EMOTIONS):
        some = faces[faces.labels == label]
        votes = some.votes[:, VOTE_OF_EMOTION[label]].astype(int)  # type: ignore[index]  # drawn faces have votes
        agreed = some.images[np.argsort(-votes, kind="stable")]
        found[emotion] = np.concatenate([agreed[:1], agreed[1:2]])
    return found


def _ground(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A blurred ground of light and shade."""
    noise = gaussian_filter(rng.normal(size=(height, width)), 25)
    return (128 + 60 * noise / np.abs(noise).max()).astype(np.uint8)


def _put(picture: np.ndarray, face: np.ndarray, top: int, left: int, side: int) -> None:
    larger = Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC)
    picture[top : top + side, left : left + side] = np.asarray(larger)
