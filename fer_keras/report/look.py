"""The page of `fer-keras look`: each face of a photograph, what the net says of it and where it looked."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from markupsafe import Markup

from fer_keras.base.environment import versions
from fer_keras.base.home import write_text
from fer_keras.data.photographs import SHOWN, Found, open_photograph
from fer_keras.faces import EMOTIONS
from fer_keras.report.page import prose, style, template
from fer_keras.seeing.answers import MAPS, VARIANTS, Answer, in_words
from fer_keras.training.ask import Net, about
from fer_keras.training.card import LIMITS

WIDE = 720  # pixels of a photograph on the page


def write_page(
    path: Path, net: Net, found: Sequence[Found], answers: Sequence[Answer], problems: Sequence[str]
) -> None:
    """One page for all photographs, which needs no network."""
    faces = []
    for face, answer in zip(found, answers, strict=True):
        shown = _face(face, answer)
        beside = [each for each in found if each.path == face.path]
        if face.number == 1 and len(beside) > 1:
            shown["numbered"] = _numbered(beside)
        faces.append(shown)
    write_text(path, template("look.html.j2").render(
        style=style(),
        net=about(net),
        calibrated=net.card is not None,
        faces=faces,
        problems=problems,
        limits=Markup(prose(LIMITS)),
        variants=VARIANTS,
        facts={"Net": net.name, "Versions": versions()},
    ))  # fmt: skip


def _face(found: Found, answer: Answer) -> dict:
    """What the template says of one face."""
    order = np.argsort(-answer.probabilities)
    photograph, net = base64.b64encode(found.shown).decode(), _png(_enlarged(found.face))
    pictures = [
        {"jpeg": photograph, "caption": "In the photograph", "alt": f"The face in {found.photograph}"},
        {"png": net, "caption": "As the net gets it", "alt": "The same face, grey, 48 pixels wide"},
    ]
    for name, heat in answer.maps.items():
        pictures.append({"png": _png(_overlaid(found.shown, heat)), "caption": MAPS[name], "alt": _where(name, heat)})
    return {
        "name": found.name,
        "doubts": "; ".join(found.doubts),
        "says": in_words(answer),
        "pictures": pictures,
        "probabilities": [(EMOTIONS[i], float(answer.probabilities[i])) for i in order],
        "agree": answer.agree,
        "known": answer.when_so_sure,
    }


def _numbered(found: Sequence[Found]) -> dict:
    """A photograph with a numbered square around each of its faces."""
    from PIL import ImageDraw, ImageFont

    picture = open_photograph(found[0].path)
    scale = min(1, WIDE / picture.width)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(26)
    for face in found:
        top, left, side = (round(value * scale) for value in face.square)
        box = (left, top, left + side, top + side)
        draw.rectangle(box, outline="black", width=4)
        draw.rectangle(box, outline="white", width=2)
        draw.text(
            (max(left, 0) + 8, max(top, 0) + 6), str(face.number), "white", font, stroke_width=3, stroke_fill="black"
        )
    with io.BytesIO() as file:
        picture.save(file, "JPEG", quality=85)
        jpeg = base64.b64encode(file.getvalue()).decode()
    alt = f"{found[0].photograph} with {len(found)} faces in numbered squares, the largest first"
    return {"jpeg": jpeg, "width": picture.width, "height": picture.height, "alt": alt}


def _where(name: str, heat: np.ndarray) -> str:
    """A map in words."""
    rows, columns = np.indices(heat.shape)
    weight = heat / max(heat.sum(), 1e-9)
    down, right = (rows * weight).sum() / len(heat), (columns * weight).sum() / len(heat)
    height = "upper" if down < 0.42 else "lower" if down > 0.58 else "middle"
    side = "left" if right < 0.42 else "right" if right > 0.58 else "centre"
    return f"{MAPS[name]}: most of it lies in the {height} {side} of the face"


def _enlarged(face: np.ndarray) -> np.ndarray:
    return face.repeat(SHOWN // len(face), 0).repeat(SHOWN // len(face), 1)


def _overlaid(shown: bytes, heat: np.ndarray) -> np.ndarray:
    """The picture in grey with the map over it, from nothing to yellow."""
    from matplotlib import colormaps
    from PIL import Image

    smooth = np.asarray(Image.fromarray((255 * heat).astype(np.uint8)).resize((SHOWN, SHOWN), Image.Resampling.BICUBIC))
    grey = np.asarray(Image.open(io.BytesIO(shown)).convert("L"))[..., None].repeat(3, 2)
    share = smooth[..., None] / 255
    return (grey * (1 - 0.75 * share) + 255 * colormaps["inferno"](smooth)[..., :3] * 0.75 * share).astype(np.uint8)


def _png(picture: np.ndarray) -> str:
    from PIL import Image

    with io.BytesIO() as file:
        Image.fromarray(picture).save(file, "PNG")
        return base64.b64encode(file.getvalue()).decode()
