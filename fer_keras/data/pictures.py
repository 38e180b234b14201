"""Pictures of any size and colour: class folders, single files, and Parquet in the Hugging Face layout."""

import io
import json
import re
import warnings
from collections import Counter
from functools import partial
from pathlib import PurePosixPath

import numpy as np

from fer_keras.base.progress import bar
from fer_keras.data.archives import Files, Opener
from fer_keras.data.problems import BadRow, Problems, SourceError
from fer_keras.data.tables import faces_of
from fer_keras.faces import EMOTIONS, SIZE, UNLABELLED, Faces

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".webp", ".gif")
SPLIT_OF = {  # how folders and Parquet files call the splits
    **{"train": "Training", "training": "Training"},
    **{"validation": "PublicTest", "valid": "PublicTest", "val": "PublicTest", "publictest": "PublicTest"},
    **{"test": "PrivateTest", "privatetest": "PrivateTest"},
}
LABELS = dict(zip(EMOTIONS, range(len(EMOTIONS)), strict=True)) | {"anger": 0, "happiness": 3, "sadness": 4}  # FER+'s
LARGEST = 90_000_000  # pixels of a picture: more than a good camera's


def split_of(name: str) -> str | None:
    return SPLIT_OF.get(re.sub("[-_ ]", "", name.lower()))


def decode(data: bytes) -> np.ndarray:
    """A picture as a grey face: upright, its middle square, 48 × 48."""
    from PIL import Image, ImageOps

    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > LARGEST:
            raise Image.DecompressionBombError
        if picture.size == (SIZE, SIZE) and picture.mode == "L":
            return np.asarray(picture)
        picture = ImageOps.exif_transpose(picture)
        if picture.mode.startswith("I"):  # 16 bits a pixel, which convert() would cut off at 255
            picture = Image.fromarray((np.asarray(picture) >> 8).clip(0, 255).astype(np.uint8))
        return np.asarray(ImageOps.fit(picture.convert("L"), (SIZE, SIZE)))
    except Image.DecompressionBombError:
        raise BadRow(f"unpacks to more than {LARGEST:,} pixels; refused as a decompression bomb") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        reason = str(error).split("<")[0].strip()
        raise BadRow(f"cannot be decoded as {', '.join(FORMATS)} ({reason})") from None


def read_folder(root: str, files: Files, problems: Problems) -> Faces:
    """Pictures in `SPLIT/CLASS/name.png`, or all in one folder that is no class: unlabelled faces.

    root: the folder's own path, whose last parts may be SPLIT and CLASS; empty for an archive.
    """
    folders = Counter(PurePosixPath(root, name).parent for name in files)
    parents = {folder.parent for folder in folders}
    labels = {}
    for folder, count in folders.items():
        within, label = folder.relative_to(root), LABELS.get(folder.name.lower())
        about = f"the folder {within if within.name else root or '.'} with {count:,} pictures"
        if label is None and len(folders) == 1 and not split_of(within.parent.name):
            label = UNLABELLED
        elif label is None:
            problems.add(f"{about} is none of the seven classes {', '.join(EMOTIONS)}", count)
        elif len(parents) > 1 and split_of(folder.parent.name) is None:
            problems.add(f"{about} lies in no split; these are called train, validation and test", count)
            label = None
        labels[folder] = label

    rows, untold = [], 0  # pictures in test/ whose names don't say which of the two test splits they belong to
    for name, opener in files.items():
        place = PurePosixPath(root, name)
        label, folder = labels[place.parent], place.parent.parent.name.lower()
        prefix = place.name.split("_")[0].lower()
        told = prefix in ("training", "publictest", "privatetest")
        split = (split_of(prefix if told else folder) or "Training") if label != UNLABELLED else "Unlabelled"
        if label is not None:
            rows.append((name, split, label, opener))
            untold += folder == "test" and not told and label != UNLABELLED
    if untold and "PublicTest" not in {split for _, split, _, _ in rows}:
        why = "there is no validation folder and no file name tells PublicTest from PrivateTest"
        taken = f"the {untold:,} faces in test/ are all taken as PrivateTest, though public copies mix both there"
        warnings.warn(f"{why}: {taken}", stacklevel=2)
    return _decode_all(rows, problems)


def read_parquet(files: Files, problems: Problems) -> Faces:
    """Columns `image` (bytes, or a struct with `bytes`) and `label`; the split from each file's name."""
    import pyarrow as pa
    from pyarrow import parquet

    rows = []
    for name, opener in files.items():
        split = next(filter(None, map(split_of, re.split("[-_.]", PurePosixPath(name).stem))), None)
        if split is None:
            raise SourceError(f"{name} does not name its split; rename it to train, validation or test .parquet")
        try:
            table = parquet.read_table(pa.BufferReader(opener().read()))
        except pa.ArrowException as error:
            raise SourceError(f"{name} cannot be read as Parquet ({str(error).splitlines()[0]})") from None
        for column in ("image", "label"):
            if column not in table.column_names:
                raise SourceError(f"{name} has no column {column} (found: {', '.join(table.column_names)})")
        names = _class_names(table.schema.metadata or {})
        meaning = {number: LABELS.get(name.lower()) for number, name in enumerate(names)}
        columns = zip(table["image"].to_pylist(), table["label"].to_pylist(), strict=True)
        for row, (image, label) in enumerate(columns, 1):
            data = image.get("bytes") if isinstance(image, dict) else image
            if not isinstance(label, int) or meaning.get(label) is None:
                problems.add(f"{name}, row {row}: label is {label!r}, not one of the seven classes 0 to 6")
            elif not isinstance(data, bytes):
                problems.add(f"{name}, row {row}: there are no image bytes")
            else:
                rows.append((f"{name}, row {row}", split, meaning[label], partial(io.BytesIO, data)))
    return _decode_all(rows, problems)


def _decode_all(rows: list[tuple[str, str, int, Opener]], problems: Problems) -> Faces:
    """Faces of rows of id, split, label and opener."""
    images, heads = [], []
    for *head, opener in bar(rows, "reading pictures", " pictures"):
        try:
            with opener() as file:
                images.append(decode(file.read()))
            heads.append(head)
        except BadRow as error:
            problems.add(f"{head[0]}: {error}")
        except FileNotFoundError:
            problems.add(f"{head[0]}: a link to nothing")
    return faces_of(images, heads)


def _class_names(metadata: dict[bytes, bytes]) -> list[str]:
    """What labels 0, 1, … mean: the file's own list where it has one, or the usual order."""
    try:
        return json.loads(metadata[b"huggingface"])["info"]["features"]["label"]["names"]
    except (KeyError, TypeError, ValueError):
        return list(EMOTIONS)
