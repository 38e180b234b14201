"""Where the parts of each drawn face are, from the same numbers that it is drawn with."""

import numpy as np

from fer_keras.drawing import paint
from fer_keras.faces import REGIONS


def find_regions(people: dict[str, np.ndarray], parts: dict[str, np.ndarray]) -> np.ndarray:
    """uint8 (n, 48, 48), indices into REGIONS. Hair, hands and scarves are background; glasses are seen through."""
    return np.concatenate([_find(p) for p in paint.blocks(people, parts)])


def _find(p: dict[str, np.ndarray]) -> np.ndarray:
    head_u, head_v = paint.head_coordinates(p)
    u, v = paint.turned(head_u, head_v, p)
    side = np.abs(u)
    face = paint.on_head(head_u, head_v, p) > 0
    forehead_ends = p["brow_y"] + (p["brow_inner"] + p["brow_outer"]) / 2
    below_mouth = p["mouth_y"] + 0.7 * p["gap"] + p["rest_lip"] + 0.1
    nose_side = 0.1 + 0.1 * p["nose_width"] * np.clip(v + 0.4, 0, 0.6)
    across, mouth_y = paint.mouth_line(u, p, wider=0.06)
    upper_lip = mouth_y - 0.3 * p["gap"] - p["rest_lip"] - 0.06
    lower_lip = mouth_y + 0.7 * p["gap"] + p["rest_lip"] + 0.08
    along, brow_y = paint.brow_line(side, p)
    hair = paint.hair_line(head_u, p) > head_v
    cover = (paint.from_cover(u, v, p) < p["cover_size"] ** 2) & (p["cover"] > 0)
    parts_of_face = {  # the later ones on top
        "cheeks": face,
        "forehead": face & (v < forehead_ends),
        "chin": face & (v > below_mouth),
        "nose": (side < nose_side) & (v > -0.2) & (v < p["nose_y"] + 0.08),
        "mouth": (np.abs(across) < 1) & (v > upper_lip) & (v < lower_lip),
        "eyes": ((side - p["eye_x"]) / (1.3 * p["eye_width"])) ** 2 + ((v - p["eye_y"]) / 0.14) ** 2 < 1,
        "brows": (np.abs(v - brow_y) < p["brow_width"] + 0.04) & (along > -0.1) & (along < 1.1),
        "background": hair | cover | ~face,
    }
    found = np.zeros(u.shape, np.uint8)
    for name, mask in parts_of_face.items():
        found[np.broadcast_to(mask, found.shape)] = REGIONS.index(name)
    return found
