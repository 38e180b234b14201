"""Notebook 30: where nets look: shares of saliency by part of the face, beside an even map and beside other nets."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import pandas as pd

from fer_keras.faces import EMOTIONS, REGIONS, Faces
from fer_keras.scores import over_faces, over_seeds, over_seeds_and_faces
from fer_keras.seeing.regions import face_regions, mouth_corners, region_shares, share_in
from fer_keras.seeing.saliency import saliency
from fer_keras.seeing.trust import brightness_correlation, outline_correlation, perturbation_curves
from fer_keras.study.tables import score_table
from fer_keras.training.predict import predict

KINDS = {"gradient": "gradient", "SmoothGrad": "smoothgrad", "integrated": "integrated", "Grad-CAM": "gradcam"}


def maps_of_kinds(net: keras.Model, faces: Faces) -> dict[str, np.ndarray]:
    """Maps of each kind, for the faces' own emotions; no Grad-CAM of a net without convolutions."""
    convolves = any(isinstance(layer, keras.layers.Conv2D) for layer in net.layers)
    kinds = {kind: method for kind, method in KINDS.items() if convolves or method != "gradcam"}
    return {kind: saliency(net, faces, faces.labels, method) for kind, method in kinds.items()}


def places(faces: Faces) -> dict[str, np.ndarray]:
    """Of each face the pixels of the places that the reports name, as masks (n, 48, 48)."""
    regions = face_regions(faces)
    part = {name: regions == number for number, name in enumerate(REGIONS)}
    return {
        "face": ~part["background"],
        "forehead": part["forehead"],
        "eyes mouth": part["eyes"] | part["mouth"],
        "eyes corners": part["eyes"] | mouth_corners(regions),
    }


def by_region(maps: np.ndarray, faces: Faces) -> pd.DataFrame:
    """A row a region: the share of the saliency that lies there, and the region's `area`, a share of the picture."""
    regions = face_regions(faces)
    found = region_shares(maps, regions)
    table = score_table({name: over_faces(found[name]) for name in REGIONS})
    table["area"] = region_shares(np.ones_like(maps), regions).mean()
    return table


def in_places(maps: np.ndarray, faces: Faces, beyond_area: bool = False) -> pd.DataFrame:
    """A row a place: the share of the saliency that lies there; beyond_area: less the share of the picture."""
    rows = {}
    for name, mask in places(faces).items():
        found = share_in(maps, mask)
        if beyond_area:
            found = found - mask.mean(axis=(1, 2))
        rows[name] = over_faces(found)
    return score_table(rows)


def over_untrained(maps: np.ndarray, untrained: Sequence[keras.Model], faces: Faces) -> pd.DataFrame:
    """A row a place: how much more of the saliency lies there than in maps of nets with random weights; the interval is
    for other faces and other weights."""
    others = [saliency(net, faces, faces.labels) for net in untrained]
    rows = {}
    for name, mask in places(faces).items():
        own = share_in(maps, mask)
        rows[name] = over_seeds_and_faces(np.array([own - share_in(other, mask) for other in others]))
    return score_table(rows)


def to_show(net: keras.Model, faces: Faces, show: str, each: int = 5) -> tuple[Faces, list[str]]:
    """Faces whose maps are drawn, and what stands above each. show: "of each emotion" one; or "good and bad": the first
    five that the net answers rightly and the first five that it does not, as report C chose."""
    if show == "good and bad":
        answers = predict(net, faces).argmax(axis=1)
        right = answers == faces.labels
        rows = np.concatenate([np.flatnonzero(right)[:each], np.flatnonzero(~right)[:each]])
        names = [EMOTIONS[faces.labels[row]] + f"\n{EMOTIONS[answers[row]]}" for row in rows]
        return faces[rows], names
    if show != "of each emotion":
        raise ValueError(f'SHOW is "of each emotion" or "good and bad", not {show!r}')
    emotions, rows = np.unique(faces.labels, return_index=True)
    return faces[rows], [EMOTIONS[number] for number in emotions]


def cheeks(maps: np.ndarray, faces: Faces, threshold: float) -> pd.DataFrame:
    """How much more of what a mask leaves of happy faces lies on the cheeks than on eyes and mouth, as it is and less
    what their areas make; empty without happy faces."""
    happy = faces.labels == EMOTIONS.index("happy")
    if not happy.any():
        return score_table({})
    regions, maps = face_regions(faces)[happy], maps[happy]
    lead = _cheeks_lead(maps >= threshold, regions)
    even = _cheeks_lead(np.ones_like(maps), regions)
    return score_table({
        "happy cheeks lead": over_faces(lead),
        "happy cheeks lead beyond area": over_faces(lead - even),
    })  # fmt: skip


def _cheeks_lead(maps: np.ndarray, regions: np.ndarray) -> pd.Series:
    found = region_shares(maps, regions)
    return found["cheeks"] - found["eyes"] - found["mouth"]


def looks(maps: Mapping, pictures: Mapping, faces: Faces) -> pd.DataFrame:
    """A row a face, a column (measure, net): the share of its saliency on eyes and mouth, and the rank correlation of
    the map with brightness and with outlines. pictures: what nets were shown that saw other pictures of these faces."""
    found = {}
    for net, some in maps.items():
        shown = pictures.get(net, faces)
        found["eyes mouth", net] = share_in(some, places(faces)["eyes mouth"])
        found["brightness", net] = brightness_correlation(some, shown)
        found["outlines", net] = outline_correlation(some, shown)
    return pd.DataFrame(found)


def changes(looked: pd.DataFrame) -> pd.DataFrame:
    """What training and standardising change in the correlations, face by face; of nets that are there."""
    pairs = {
        "training outlines": (("outlines", "trained"), ("outlines", "early")),
        "training brightness": (("brightness", "trained"), ("brightness", "early")),
        "standardising": (("brightness", "standardised"), ("brightness", "trained")),
    }
    there = {}
    for name, (one, other) in pairs.items():
        if one in looked and other in looked:
            there[name] = looked[one] - looked[other]
    if "training brightness" in there and "standardising" in there:
        there["training over standardising"] = there["training brightness"] - there["standardising"]
    return score_table({name: over_faces(values) for name, values in there.items()})


def perturbed(net: keras.Model, faces: Faces, orders: Mapping, steps: int = 12, groups: int = 5) -> tuple:
    """What happens to the probability of the face's emotion when pixels are taken away or shown in the order of a map.

    orders: by kind of map, "random" among them. Two results: of each way a table of the mean curves, a column a kind,
    over the share of the pixels in percent; and how much lower the probability is, in the mean, with pixels taken away
    in the order of each map than at random, with its interval over groups of faces.
    """
    curves, heights = {}, {}
    parts = np.array_split(np.arange(len(faces)), min(groups, len(faces)))
    for kind, order in orders.items():
        some = [perturbation_curves(net, faces[rows], order[rows], faces.labels[rows], steps) for rows in parts]
        curves[kind] = sum(some) / len(some)
        heights[kind] = np.array([each["deletion"].mean() for each in some])
    table = pd.concat(curves, axis=1).swaplevel(axis=1)
    table.index = pd.Index(100 * table.index, name="% of the pixels")
    random = heights.pop("random")
    sooner = score_table({kind: over_seeds(random - each) for kind, each in heights.items()})
    return {way: table[way] for way in ("deletion", "insertion")}, sooner
