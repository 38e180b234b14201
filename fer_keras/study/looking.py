"""Where nets look: shares of saliency by part of the face, beside an even map and beside other nets."""

from collections.abc import Mapping

import keras
import numpy as np
import pandas as pd

from fer_keras.faces import EMOTIONS, REGIONS, Faces
from fer_keras.scores import over_faces, over_seeds
from fer_keras.seeing.regions import face_regions, mouth_corners, region_shares, share_in
from fer_keras.seeing.saliency import saliency
from fer_keras.seeing.trust import brightness_correlation, outline_correlation, perturbation_curves
from fer_keras.study.tables import score_table

KINDS = {"gradient": "gradient", "SmoothGrad": "smoothgrad", "integrated": "integrated", "Grad-CAM": "gradcam"}
CHANGES = {
    "training outlines": ("outlines", "trained", "early"),
    "training brightness": ("brightness", "trained", "early"),
    "standardising": ("brightness", "standardised", "trained"),
}


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


def by_emotion(maps: np.ndarray, faces: Faces) -> pd.DataFrame:
    """Saliency per pixel, 1 if the map is even: a row an emotion, with its number of faces, a column a region."""
    regions, labels = face_regions(faces), faces.labels
    areas = region_shares(np.ones_like(maps), regions).groupby(labels).mean().replace(0, np.nan)
    table = region_shares(maps, regions).groupby(labels).mean() / areas
    counts = np.bincount(labels)
    table.index = pd.Index([f"{EMOTIONS[number]} ({counts[number]})" for number in table.index], name="emotion")
    return table


def in_places(maps: np.ndarray, faces: Faces, beyond_area: bool = False) -> pd.DataFrame:
    """A row a place: the share of the saliency that lies there; beyond_area: less the share of the picture."""
    rows = {}
    for name, mask in places(faces).items():
        rows[name] = over_faces(share_in(maps, mask) - beyond_area * mask.mean(axis=(1, 2)))
    return score_table(rows)


def cheeks(maps: np.ndarray, faces: Faces, threshold: float) -> pd.DataFrame:
    """How much more of what a mask leaves of happy faces lies on the cheeks than on eyes and mouth, as it is and less
    what their areas make; empty without happy faces."""
    happy = faces.labels == EMOTIONS.index("happy")
    if not happy.any():
        return score_table({})
    regions = face_regions(faces)[happy]
    kept = region_shares((maps[happy] >= threshold).astype(float), regions)
    area = region_shares(np.ones_like(maps[happy]), regions)
    lead, even = (each["cheeks"] - each["eyes"] - each["mouth"] for each in (kept, area))
    rows = {"happy cheeks lead": over_faces(lead), "happy cheeks lead beyond area": over_faces(lead - even)}
    return score_table(rows)


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


def means(looked: pd.DataFrame) -> pd.DataFrame:
    """The mean of each column of `looks` with its interval: a row "measure net"."""
    return score_table({f"{measure} {net}": over_faces(each) for (measure, net), each in looked.items()})


def changes(looked: pd.DataFrame) -> pd.DataFrame:
    """What training and standardising change in the correlations, face by face; of nets that are there."""
    rows = {}
    for name, (measure, net, other) in CHANGES.items():
        if (measure, net) in looked and (measure, other) in looked:
            rows[name] = over_faces(looked[measure, net] - looked[measure, other])
    return score_table(rows)


def perturbed(net: keras.Model, faces: Faces, orders: Mapping, steps: int = 12, groups: int = 5) -> pd.DataFrame:
    """The probability of the face's emotion with so many pixels taken away or shown, in the order of each kind of map:
    a row a share of the pixels (in percent), a column (way, kind, group of faces)."""
    found = {}
    for kind, order in orders.items():
        for group, rows in enumerate(np.array_split(np.arange(len(faces)), min(groups, len(faces)))):
            curves = perturbation_curves(net, faces[rows], order[rows], faces.labels[rows], steps)
            for way in curves:
                found[way, kind, group] = curves[way]
    table = pd.DataFrame(found).rename_axis(columns=["way", "kind", "group"])
    return table.set_axis(100 * table.index).rename_axis("% of the pixels")


def mean_curves(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Of each way the mean over groups, a column a kind."""
    ways = table.columns.unique("way")
    return {way: table[way].T.groupby(level="kind", sort=False).mean().T for way in ways}


def sooner(table: pd.DataFrame) -> pd.DataFrame:
    """How much lower the probability is, in the mean, with pixels deleted in the order of each map than at random."""
    heights = table["deletion"].mean()
    gains = {kind: heights["random"] - heights[kind] for kind in heights.index.unique("kind") if kind != "random"}
    return score_table({kind: over_seeds(each) for kind, each in gains.items()})
