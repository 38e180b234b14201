"""Faces in photographs: found with the cascade that comes with scikit-image, and cropped as FER2013's faces are.

In 262 of 400 faces of FER2013's PublicTest, enlarged, the cascade finds the face, and its square is in the middle half
of them 0.90 to 1.02 of the picture wide, without a margin to any side (`python -m tests.bench finding`): so that square
is the crop.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath

import numpy as np

from fer_keras.base.printable import printable
from fer_keras.base.progress import bar
from fer_keras.data.archives import hidden
from fer_keras.data.pictures import LARGEST_FILE, SUFFIXES, middle_square, upright
from fer_keras.data.problems import BadRow
from fer_keras.data.tables import faces_of
from fer_keras.faces import SIZE, UNLABELLED, Faces

LOOKED_AT = 480  # pixels of the longer side in which faces are looked for: a quarter of a second
LEAST = 120  # and of the shorter side, to which a small picture is enlarged
CLOSER = (100, 140)  # pixels of a face and its surroundings, when it is looked at again
FEW = 1 / 6  # of the shorter side; a face that fills less of it must be seen at both sizes
TIGHT = 0.7  # a face that fills so much of the shorter side: the picture is a crop already
SMALL = 40  # pixels; a face less wide is doubtful
CROPPED = 100  # pixels; a picture of no more is taken for a crop where no face is found in it
SHOWN = 240  # pixels of a face on a page
TILTS = (0, 25, -25)  # degrees by which a photograph is turned until there is a face in it
ALIKE = -0.4  # correlation of a face with its mirror image, below which it is doubtful: 5 of 100 of FER2013's are


@dataclass(frozen=True)
class Found:
    """A face in a photograph. square: its top, left and side in pixels of the photograph; it may reach beyond."""

    path: Path
    number: int  # 1 is the largest
    square: tuple[int, int, int]
    face: np.ndarray  # uint8 (48, 48), as a net gets it
    shown: bytes  # the same square in colour, as JPEG
    doubts: tuple[str, ...]

    @property
    def photograph(self) -> str:
        return printable(self.path.name)

    @property
    def name(self) -> str:
        return self.photograph if self.number == 1 else f"{self.photograph}, face {self.number}"


def faces_in(path: Path, whole: bool = False) -> list[Found]:
    """The faces of one photograph, the largest first; none if there are none. whole: its middle square, unsearched."""
    picture = open_photograph(path)
    if whole or picture.size == (SIZE, SIZE):
        return [_middle(path, picture, ())]
    for tilt in TILTS:
        turned = picture.rotate(tilt) if tilt else picture
        squares = find_squares(np.asarray(turned.convert("L")))
        if squares:
            break
    shorter, longer = sorted(picture.size)
    fills_it = squares and squares[0][2] >= TIGHT * shorter and longer < 1.5 * shorter
    if not squares and longer <= CROPPED:
        return [_middle(path, picture, ("no face is found in it, but it is as small as one",))]
    if fills_it or longer <= CROPPED:
        return [_middle(path, picture, _doubts(middle_square(picture), squares[0], picture.size, tilt))]
    found = []
    for number, square in enumerate(squares, start=1):
        shown = _cut(turned, square)
        face = np.asarray(shown.convert("L").resize((SIZE, SIZE)))
        doubts = _doubts(face, square, picture.size, tilt)
        there = _turned_back(square, picture.size, tilt)
        found.append(Found(path, number, there, face, _jpeg(shown), doubts))
    return found


def open_photograph(path: Path):
    """The picture in RGB, upright, what is transparent in it grey; one sentence if it cannot be had."""
    from PIL import Image

    if not path.is_file():
        raise ValueError(f"{path.name} is {'a folder' if path.is_dir() else 'no file'}, not a photograph")
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path.name} holds more than {LARGEST_FILE:,} bytes, which is no photograph")
    try:
        picture = upright(path.read_bytes())
        if picture.has_transparency_data:
            ground = Image.new("RGBA", picture.size, (128, 128, 128, 255))
            picture = Image.alpha_composite(ground, picture.convert("RGBA"))
        return picture.convert("RGB")
    except (BadRow, OSError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from None


def find_squares(grey: np.ndarray) -> list[tuple[int, int, int]]:
    """Top, left and side of each face in a grey picture, the largest first."""
    small = min(grey.shape) < LEAST
    scale = LEAST / min(grey.shape) if small else min(1, LOOKED_AT / max(grey.shape))
    margin = 1 / 4 if small else 1 / 10  # so that a face at the edge is found as well
    squares = sorted(_search(grey, scale, margin, 1 / 3 if small else 1 / 12), key=lambda square: -square[2])
    squares = [each for i, each in enumerate(squares) if not any(_within(each, other) for other in squares[:i])]
    if small:
        return squares
    return [square for square in squares if _seen_closer(grey, square)]


def _search(grey: np.ndarray, scale: float, margin: float, least: float) -> list[tuple[int, int, int]]:
    """What the cascade finds, of at least this share of the shorter side, in the picture at this scale, with a margin
    (a share of the shorter side) in which its border goes on."""
    from PIL import Image

    height, width = grey.shape
    size = max(1, round(width * scale)), max(1, round(height * scale))
    looked_at = np.asarray(Image.fromarray(grey).resize(size))
    wide = round(min(size) * margin)
    looked_at = np.pad(looked_at, wide, mode="edge")
    smallest = max(24, round(min(size) * least))
    found = _cascade().detect_multi_scale(
        img=looked_at, scale_factor=1.2, step_ratio=1, min_size=(smallest, smallest), max_size=looked_at.shape
    )
    return [tuple(round(v / scale) for v in (f["r"] - wide, f["c"] - wide, f["width"])) for f in found]


def _seen_closer(grey: np.ndarray, square: tuple[int, int, int]) -> bool:
    """Whether a face is found there as well when only the square and half of it around is looked at, as it is and
    in the mirror, at one of two sizes, a small one at both: what merely looks like a face mostly is not."""
    from PIL import Image

    top, left, side = square
    half = side // 2
    around = np.asarray(_cut(Image.fromarray(grey), (top - half, left - half, 2 * side)))
    wanted = len(CLOSER) if side < FEW * min(grey.shape) else 1
    for each in (around, around[:, ::-1]):
        seen = 0
        for pixels in CLOSER:
            found = _search(each, pixels / len(around), 0, 1 / 3)
            seen += any(_within((half, half, side), other) for other in found)
        if seen < wanted:
            return False
    return True


def _within(square: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether the middle of a square lies in another one, so that both are the same face."""
    top, left, side = square
    down, right = top + side / 2 - other[0], left + side / 2 - other[1]
    return 0 <= down < other[2] and 0 <= right < other[2]


@cache
def _cascade():
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())


def _cut(picture, square: tuple[int, int, int]):
    """The square of the picture, whose border goes on where the square reaches beyond it."""
    from PIL import Image

    top, left, side = square
    rows = np.clip(np.arange(top, top + side), 0, picture.height - 1)
    columns = np.clip(np.arange(left, left + side), 0, picture.width - 1)
    return Image.fromarray(np.asarray(picture)[rows[:, None], columns])


def _turned_back(square: tuple[int, int, int], size: tuple[int, int], tilt: int) -> tuple[int, int, int]:
    """Where the middle of a square in the turned picture lies in the photograph, and a square of the same side there.
    size: width and height of the photograph."""
    top, left, side = square
    x, y = left + side / 2 - size[0] / 2, top + side / 2 - size[1] / 2
    cosine, sine = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    right, down = size[0] / 2 + x * cosine - y * sine, size[1] / 2 + x * sine + y * cosine
    return round(down - side / 2), round(right - side / 2), side


def _middle(path: Path, picture, doubts: tuple[str, ...]) -> Found:
    side = min(picture.size)
    square = (picture.height - side) // 2, (picture.width - side) // 2, side
    return Found(path, 1, square, middle_square(picture), _jpeg(_cut(picture, square)), doubts)


def _jpeg(picture) -> bytes:
    with io.BytesIO() as file:
        picture.resize((SHOWN, SHOWN)).save(file, "JPEG", quality=90)
        return file.getvalue()


def _doubts(face: np.ndarray, square: tuple[int, int, int], size: tuple[int, int], tilt: int) -> tuple[str, ...]:
    """What may be wrong with a face, in words. size: width and height of the photograph."""
    top, left, side = square
    beyond = max(-top, -left, left + side - size[0], top + side - size[1])
    found = []
    if side < SMALL:
        found.append(f"small: {side} pixels wide")
    if beyond > 0.02 * side:
        found.append("cut off by the edge of the picture")
    if tilt:
        found.append(f"tilted: found after a turn by {abs(tilt)} degrees")
    if likeness_to_mirror(face) < ALIKE:
        found.append("turned away or lit from one side")
    return tuple(found)


def likeness_to_mirror(face: np.ndarray) -> float:
    """The correlation of a face, made coarse, with its mirror image."""
    coarse = face.reshape(12, 4, 12, 4).mean(axis=(1, 3))
    if coarse.std() < 1e-6:
        return 1.0
    return float(np.corrcoef(coarse.ravel(), coarse[:, ::-1].ravel())[0, 1])


def are_photographs(source: Path) -> bool:
    """Whether this is a picture, or a folder of pictures that are not sorted into classes."""
    if source.is_dir():
        inside = list(source.iterdir())
        return any(path.suffix.lower() in SUFFIXES for path in inside) and not any(path.is_dir() for path in inside)
    return source.suffix.lower() in SUFFIXES


def photographs_below(source: Path) -> Iterator[Path]:
    """The picture itself, or those in a folder, by their suffix, in the order of their names."""
    if source.is_dir():
        yield from sorted(path for path in source.iterdir() if path.suffix.lower() in SUFFIXES)
    else:
        yield source


def passed_over(source: Path) -> list[str]:
    """A sentence on what lies in a folder and is not looked at, if anything does."""
    others = sorted(path.name for path in source.iterdir()) if source.is_dir() else []
    others = [name for name in others if PurePath(name).suffix.lower() not in SUFFIXES and not hidden(name)]
    if not others:
        return []
    kinds = ", ".join(SUFFIXES)
    return [f"passed over {len(others):,} files of {source.name}, such as {others[0]}, that do not end in {kinds}"]


def as_faces(found: list[Found]) -> Faces:
    """Unlabelled faces, as other commands take them."""
    return faces_of([each.face for each in found], [(each.name, "Unlabelled", UNLABELLED) for each in found])


def find_all(paths: list[Path], whole: bool = False) -> tuple[list[Found], list[str]]:
    """The faces of many photographs, and a sentence for each in which there is none or that cannot be read; if that
    is all there is, an error."""
    found, problems = [], []
    for path in bar(paths, "finding faces", " photographs"):
        try:
            faces = faces_in(path, whole)
        except ValueError as error:
            problems.append(str(error))
            continue
        if not faces:
            problems.append(f"{path.name}: no face is found in it; --whole takes its middle square all the same")
        found += faces
    if not found:
        several = f"there is no face in any of {len(paths)} pictures; the first: "
        raise ValueError(f"{several if len(paths) > 1 else ''}{problems[0] if problems else 'no picture is named'}")
    return found, problems
