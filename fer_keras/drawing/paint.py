"""Draws faces from parts: each step paints one part of a whole block of faces at once."""

from collections.abc import Iterator

import numpy as np

from fer_keras.faces import SIZE

BLOCK = 16  # faces painted at once, 150 kB a picture of floats: they stay in the processor's cache
EDGE = 0.05  # face units over which an edge fades, a little more than a pixel

_AXIS = ((np.arange(SIZE) + 0.5) / SIZE * 2 - 1).astype(np.float32)


def random_people(n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Everything of n pictures but the expression: identity, pose, light, camera. One value a face."""
    some, normal, uniform = rng.random, rng.normal, rng.uniform
    skin = rng.choice([95, 135, 165, 190, 210], n, p=[0.14, 0.16, 0.22, 0.28, 0.20]) + normal(0, 8, n)
    woman = some(n) < 0.5
    return {
        # pose
        "x": normal(0, 0.05, n), "y": normal(0.0, 0.05, n), "scale": uniform(1.0, 1.2, n),
        "roll": normal(0, 0.08, n), "yaw": normal(0, 0.33, n).clip(-1, 1), "pitch": normal(0, 0.3, n),
        # head
        "width": uniform(0.70, 0.86, n), "jaw": uniform(0.1, 0.9, n), "skin": skin,
        "eye_x": normal(0.42, 0.025, n), "eye_y": normal(-0.12, 0.025, n), "eye_width": normal(0.215, 0.018, n),
        "brow_y": normal(-0.33, 0.03, n), "brow_tilt": normal(0, 0.028, n), "brow_arch": uniform(0.0, 0.06, n),
        "brow_width": np.where(woman, uniform(0.022, 0.04, n), uniform(0.035, 0.065, n)),
        "brow_dark": uniform(0.45, 1, n), "nose_width": uniform(0.75, 1.3, n), "nose_y": normal(0.22, 0.03, n),
        "mouth_y": normal(0.53, 0.03, n), "rest_width": normal(0.33, 0.035, n), "rest_corner": normal(0, 0.02, n),
        "rest_lip": np.where(woman, uniform(0.05, 0.09, n), uniform(0.03, 0.07, n)),
        "rest_lid": normal(0.068, 0.011, n), "lip_tone": np.where(woman, uniform(0.45, 0.8, n), uniform(0.68, 0.92, n)),
        "age": some(n), "gaze": normal(0, 0.035, n), "iris": uniform(15, 90, n),
        # hair, beard, glasses
        "hair": np.clip(rng.choice([22, 45, 80, 140, 205], n, p=[0.3, 0.3, 0.2, 0.12, 0.08]) + normal(0, 8, n), 5, 245),
        "hairline": np.where(some(n) < 0.12, -1.2, normal(-0.66, 0.07, n)), "parting": normal(0, 0.5, n),
        "fringe": normal(0.1, 0.2, n), "hair_length": np.where(woman, uniform(0.2, 1.4, n), uniform(-0.7, -0.1, n)),
        "beard": np.where(~woman & (some(n) < 0.3), uniform(0.15, 0.75, n), 0),
        "moustache": np.where(~woman & (some(n) < 0.25), uniform(0.2, 0.8, n), 0),
        "glasses": np.where(some(n) < 0.13, uniform(0.4, 1, n), 0),
        # light and camera
        "light_x": normal(0, 0.15, n), "light_y": normal(-0.08, 0.12, n), "ground": uniform(5, 250, n),
        "ground_pattern": uniform(0, 35, n), "clothes": uniform(15, 230, n), "gain": uniform(0.85, 1.1, n),
        "bias": normal(0, 8, n), "blur": uniform(0, 0.75, n), "noise": uniform(0.5, 5, n),
        # a hand, a scarf or a caption in front
        "cover": np.where(some(n) < 0.08, uniform(0.75, 1, n), 0), "cover_x": normal(0, 0.8, n),
        "cover_y": uniform(0.75, 1.3, n), "cover_size": uniform(0.35, 0.65, n), "cover_tone": uniform(30, 220, n),
    }  # fmt: skip


def paint(people: dict[str, np.ndarray], parts: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """uint8 (n, 48, 48): the pictures of these people with the parts of their faces moved so."""
    return np.concatenate([_paint(p, rng) for p in blocks(people, parts)])


def blocks(people: dict[str, np.ndarray], parts: dict[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    """The same values for a few faces at a time, each of shape (n, 1, 1)."""
    values = {name: np.asarray(v, np.float32).reshape(-1, 1, 1) for name, v in (people | parts).items()}
    for start in range(0, len(people["x"]), BLOCK):
        yield {name: value[start : start + BLOCK] for name, value in values.items()}


def _paint(p: dict[str, np.ndarray], rng: np.random.Generator) -> np.ndarray:
    n = len(p["x"])
    head_u, head_v = head_coordinates(p)
    canvas = _smooth_noise(n, 5, rng) * p["ground_pattern"] + p["ground"]
    _shoulders_and_hair(canvas, head_u, head_v, p)
    face = _head(canvas, head_u, head_v, p, _smooth_noise(n, 16, rng))
    u, v = turned(head_u, head_v, p)
    side = np.abs(u)
    _lines(canvas, side, v, p)
    _nose(canvas, u, side, v, p)
    _eyes_and_brows(canvas, u, side, v, p)
    _mouth(canvas, u, v, p, face)
    _glasses(canvas, side, v, p)
    near_head = _soft(1.1 - head_u * head_u - head_v * head_v)  # a little beyond the skin, to meet the hair behind it
    _over(canvas, _soft(hair_line(head_u, p) - head_v, 0.1) * near_head, p["hair"])
    _over(canvas, _soft(p["cover_size"] - np.sqrt(from_cover(u, v, p))) * p["cover"], p["cover_tone"])
    return _photograph(canvas, p, rng)


def head_coordinates(p):
    """(u, v) of every pixel: 0 in the middle of the head, ±1 at its sides, v = 1 at the chin."""
    x, y = _AXIS[None, None, :] - p["x"], _AXIS[None, :, None] - p["y"]
    sin, cos = np.sin(p["roll"]), np.cos(p["roll"])
    return (cos * x + sin * y) / (p["scale"] * p["width"]), (cos * y - sin * x) / p["scale"]


def turned(u, v, p):
    """Coordinates of the features, which turn with the head: they shift towards where it looks, most in the middle."""
    u = u - 0.26 * p["yaw"] * np.clip(1 - u * u, 0, 1)
    return u, v - 0.10 * p["pitch"] * np.clip(1 - v * v, 0, 1)


def on_head(u, v, p):
    """Above 0 on the skin of the head, 0 along its outline."""
    down = np.maximum(v, 0) / (1 + p["chin"])
    down = down * down
    height = np.where(v < 0, v * v, (1 - p["jaw"]) * down + p["jaw"] * down * down)
    return 1 - u * u - height


def brow_line(side, p):
    """Along a brow, 0 at its inner end and 1 at its outer one; and the height of its middle there."""
    start = 0.2 + p["brow_gap"]
    along = (side - start) / (0.70 - start)
    inner = p["brow_y"] + p["brow_tilt"] + p["brow_inner"]
    outer = p["brow_y"] - p["brow_tilt"] + p["brow_outer"] + 0.02
    return along, inner + (outer - inner) * along - 4 * p["brow_arch"] * along * (1 - along)


def mouth_line(u, p, wider=0.0):
    """Across a mouth, ±1 at its corners or so much beyond them; and the height at which closed lips would meet."""
    across = u / (p["rest_width"] + p["mouth_width"] + wider)
    return across, p["mouth_y"] + (p["rest_corner"] + p["corner"]) * (across * across - 0.35)


def hair_line(u, p):
    """Down to which height hair hangs into the face."""
    return p["hairline"] + p["fringe"] * (u - p["parting"]) ** 2 * 0.5


def from_cover(u, v, p):
    """The square of the distance from the middle of what covers the face."""
    return (u - p["cover_x"]) ** 2 + (v - p["cover_y"]) ** 2


def _soft(distance, edge=EDGE):
    """1 inside (distance > 0), 0 outside, fading over an edge."""
    return np.clip(distance * (1 / edge) + 0.5, 0, 1)


def _bump(distance):
    """1 at 0, falling smoothly to 0 at 1."""
    return np.clip(1 - distance * distance, 0, 1) ** 2


def _far(across, down):
    """How far from a middle, 1 on the oval where both are counted in its half axes."""
    return np.sqrt(across**2 + down**2)


def _over(canvas, mask, tone):
    canvas += mask * (tone - canvas)


def _shade(canvas, mask, factor):
    """Darken (factor < 1) or brighten what is there."""
    canvas *= 1 + mask * (factor - 1)


def _smooth_noise(n, cells, rng):
    """(n, 48, 48) noise with bumps of 48 / cells pixels."""
    at = np.linspace(0, cells - 1, SIZE)
    weights = np.clip(1 - np.abs(at[:, None] - np.arange(cells)), 0, 1).astype(np.float32)
    return weights @ rng.standard_normal((n, cells, cells), np.float32) @ weights.T


def _shoulders_and_hair(canvas, u, v, p):
    _over(canvas, _soft(v - 1.0 - 0.12 * u * u), p["clothes"])
    _over(canvas, _soft(0.55 - np.abs(u)) * _soft(v - 0.6), p["skin"] * 0.72)  # neck
    around = 1 - (u / 1.16) ** 2 - ((v + 0.08) / 1.14) ** 2
    below = np.minimum(1.18 - np.abs(u), p["hair_length"] - v)
    hair = np.maximum(_soft(around * 0.5), _soft(below) * _soft(v + 0.1)) * ~(p["hairline"] < -1)  # none: bald
    _over(canvas, hair * _soft(p["hair_length"] + 0.35 - v, 0.2), p["hair"])


def _head(canvas, u, v, p, texture):
    face = _soft(on_head(u, v, p) * 0.5)
    ears = _soft(0.13 - _far(np.abs(u) - 1.0, v * 0.6)) * (1 - face)
    _over(canvas, ears * (p["hair_length"] < 0), p["skin"] * 0.85)
    round_off = 1.06 - 0.26 * (u * u + 0.5 * v * v)
    light = 1 + p["light_x"] * u + p["light_y"] * v
    _over(canvas, face, p["skin"] * round_off * light + (2 + 4 * p["age"]) * texture)
    _shade(canvas, _soft(v - 0.42 + 0.25 * u * u, 0.3) * face * p["beard"], 0.45)
    return face


def _lines(canvas, side, v, p):
    """What only shows when the face moves, or with age: folds, frown, cheeks."""
    down = np.clip((v - p["nose_y"] + 0.02) / 0.34, 0, 1)
    fold_x = 0.19 + (p["rest_width"] + p["mouth_width"] - 0.09) * np.sqrt(down)
    along = _soft(v - p["nose_y"] + 0.04, 0.1) * _soft(p["mouth_y"] - 0.06 - v, 0.12)
    depth = np.clip(p["fold"] + 0.35 * p["age"], 0, 1.2)
    _shade(canvas, _bump((side - fold_x) / 0.08) * along * depth, 0.7)
    _shade(canvas, _bump((side - 0.075) / 0.05) * _bump((v - p["brow_y"] - 0.05) / 0.17) * p["frown"], 0.45)
    wrinkled = 0.3 + 0.7 * p["age"]
    for y in (-0.52, -0.62):
        line = _bump((v - y + 0.03 * side) / 0.035) * _soft(0.5 - side, 0.2)
        _shade(canvas, line * np.clip(p["forehead_lines"] * wrinkled, 0, 1), 0.7)
    _shade(canvas, _bump(_far((side - 0.5) / 0.26, (v - 0.14) / 0.2)) * p["cheek"], 1.22)
    under = v - p["eye_y"] - 0.15 + 0.5 * (side - p["eye_x"]) ** 2
    bag = _bump(under / 0.05) * _soft(0.24 - np.abs(side - p["eye_x"]), 0.1)
    _shade(canvas, bag * (0.7 * p["cheek"] + 0.2 * p["age"]), 0.6)
    crow = _bump((side - 0.76) / 0.1) * _bump((np.abs(v - p["eye_y"]) - 0.06) / 0.04)
    _shade(canvas, crow * p["cheek"] * wrinkled, 0.65)


def _nose(canvas, u, side, v, p):
    nose_y = p["nose_y"] - 0.035 * p["nose_wrinkle"]
    width = 0.13 * p["nose_width"]
    lit = np.sign(p["light_x"])
    along = _soft(v + 0.15, 0.2) * _soft(nose_y - v)
    flank = _bump((u + lit * (0.07 + 0.05 * np.clip(v, 0, 1)) * p["nose_width"]) / 0.08)
    _shade(canvas, flank * along, 0.8)
    _shade(canvas, _bump(u / 0.06) * along, 1.1)
    _shade(canvas, _bump((side - width) / 0.05) * _bump((v - nose_y + 0.03) / 0.08), 0.75)  # wings
    _shade(canvas, _bump(_far((side - 0.5 * width) / 0.055, (v - nose_y) / 0.035)), 0.3)  # nostrils
    for y in (-0.10, -0.01):
        wrinkle = _bump((v - y + 0.4 * side) / 0.035) * _soft(0.17 - side, 0.06)
        _shade(canvas, wrinkle * p["nose_wrinkle"], 0.55)
    _shade(canvas, _bump((side - 0.19) / 0.06) * _bump((v - 0.07) / 0.12) * p["nose_wrinkle"], 0.65)


def _eyes_and_brows(canvas, u, side, v, p):
    across = (side - p["eye_x"]) / p["eye_width"]
    lids = np.clip(1 - across * across, 0, 1)
    upper = p["eye_y"] - np.maximum(p["rest_lid"] + p["upper_lid"], 0.006) * lids
    lower = p["eye_y"] + np.maximum(0.052 + p["lower_lid"], 0.004) * lids
    _shade(canvas, _bump(_far(across / 1.5, (v - p["eye_y"] + 0.03) / 0.19)), 0.82)  # socket
    inside = _soft(np.minimum(v - upper, lower - v), 0.04) * (lids > 0)
    _over(canvas, inside, np.minimum(p["skin"] * 0.55 + 125, 238))
    iris = _far(side - p["eye_x"] - np.where(u > 0, p["gaze"], -p["gaze"]), v - p["eye_y"])
    _over(canvas, _soft(0.088 - iris, 0.04) * inside, p["iris"])
    _over(canvas, _soft(0.04 - iris, 0.04) * inside, 8)
    _shade(canvas, _bump((v - upper) / 0.045) * (np.abs(across) < 1.05), 0.3)  # lashes
    _shade(canvas, _bump((v - lower) / 0.035) * (np.abs(across) < 1), 0.7)
    _shade(canvas, _bump((v - upper + 0.055) / 0.03) * (np.abs(across) < 1), 0.8)  # crease
    along, middle = brow_line(side, p)
    thick = p["brow_width"] * (1.1 - 0.6 * np.clip(along, 0, 1))
    ends = _soft(np.minimum(along, 1 - along) * 0.5)
    brow = _soft(thick - np.abs(v - middle)) * ends * p["brow_dark"]
    _over(canvas, brow, np.minimum(p["hair"], p["skin"] * 0.62))


def _mouth(canvas, u, v, p, face):
    across, middle = mouth_line(u, p)
    bow = np.clip(1 - across * across, 0, 1)
    gap = np.maximum(p["gap"] - 0.03, 0) * bow
    upper = middle - 0.3 * gap + p["upper_lip"] * bow
    lower = middle + 0.7 * gap + p["lower_lip"] * bow * (gap > 0) + 0.25 * p["lower_lip"] * bow
    lip = np.maximum(p["rest_lip"] + p["lip"], 0.012) * np.sqrt(bow)
    within = bow > 0
    lips = _soft(np.minimum(v - upper + 0.8 * lip, lower + 1.1 * lip - v), 0.04) * within
    _over(canvas, lips, canvas * p["lip_tone"])
    moustache = _bump((v - upper + lip + 0.05) / 0.08) * _soft(1.1 - np.abs(across), 0.3)
    _shade(canvas, moustache * p["moustache"] * face, 0.35)
    _shade(canvas, _bump((v - lower - 1.1 * lip - 0.05) / 0.06) * bow, 0.82)
    inside = _soft(np.minimum(v - upper, lower - v), 0.035) * within
    _shade(canvas, _bump((v - middle) / 0.035) * (np.abs(across) < 1.04) * (1 - inside), 0.42)  # between closed lips
    _over(canvas, inside, 28)
    teeth = _soft(upper + np.minimum(0.09, 0.75 * gap) - v, 0.035) * np.clip(p["upper_teeth"] * 1.5, 0, 1)
    low = _soft(v - lower + np.minimum(0.06, 0.5 * gap), 0.035) * np.clip(p["lower_teeth"] * 1.5, 0, 1)
    _over(canvas, inside * np.maximum(teeth, low), 228)
    corner_y = p["mouth_y"] + (p["rest_corner"] + p["corner"]) * 0.65
    beyond = (np.abs(across) - 1) * (p["rest_width"] + p["mouth_width"])
    _shade(canvas, _bump(_far(beyond / 0.05, (v - corner_y) / 0.05)), 0.6)


def _glasses(canvas, side, v, p):
    frame = _bump((_far((side - p["eye_x"]) / 0.30, (v - p["eye_y"] - 0.01) / 0.21) - 1) / 0.2)
    bridge = _bump((v - p["eye_y"] + 0.03) / 0.04) * (side < 0.14)
    _over(canvas, np.maximum(frame, bridge) * p["glasses"], 25)


def _photograph(canvas, p, rng):
    rows = np.pad(canvas, ((0, 0), (1, 1), (0, 0)), mode="edge")
    canvas += p["blur"] * (0.25 * rows[:, :-2] + 0.25 * rows[:, 2:] - 0.5 * canvas)
    columns = np.pad(canvas, ((0, 0), (0, 0), (1, 1)), mode="edge")
    canvas += p["blur"] * (0.25 * columns[:, :, :-2] + 0.25 * columns[:, :, 2:] - 0.5 * canvas)
    canvas *= p["gain"]
    canvas += p["bias"] + p["noise"] * rng.standard_normal(canvas.shape, np.float32)
    return np.clip(canvas, 0, 255).round().astype(np.uint8)
