"""Pictures of any size and colour: class folders, single files, and Parquet in the Hugging Face layout."""

import io
import json
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import PurePosixPath

import numpy as np

from fer_keras.base.progress import bar
from fer_keras.data.archives import READ_ERRORS, Files, Opener
from fer_keras.data.names import label_of, split_of
from fer_keras.data.problems import BadRow, Problems, SourceError
from fer_keras.data.tables import faces_of
from fer_keras.faces import EMOTIONS, SIZE, UNLABELLED, Faces

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "GIF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".webp", ".gif")
LARGEST = 90_000_000  # pixels of a picture: more than a good camera's
LARGEST_FILE = 200_000_000  # bytes of a picture
MOST_ROWS = 5_000_000  # of a Parquet file


def decode(data: bytes) -> np.ndarray:
    """A picture as a grey face: upright, its middle square, 48 × 48."""
    return middle_square(upright(data))


def middle_square(picture) -> np.ndarray:
    """Grey, 48 × 48."""
    from PIL import ImageOps

    if picture.size == (SIZE, SIZE) and picture.mode == "L":
        return np.asarray(picture)
    return np.asarray(ImageOps.fit(picture.convert("L"), (SIZE, SIZE)))


def upright(data: bytes):
    """The decoded picture, turned as its camera says, with 8 bits a pixel."""
    from PIL import Image, ImageOps

    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > LARGEST:
            raise Image.DecompressionBombError
        picture.load()
        picture = ImageOps.exif_transpose(picture)
        if picture.mode == "P" and "transparency" in picture.info:
            picture = picture.convert("RGBA")
        if picture.mode.startswith("I"):  # 16 bits a pixel, which convert() would cut off at 255
            pixels = np.asarray(picture)
            if 0 < pixels.max() < 256:
                raise BadRow("has 16 bits a pixel and is as good as black: its values end at 255; save it with 8 bits")
            picture = Image.fromarray((pixels >> 8).clip(0, 255).astype(np.uint8))
        return picture
    except BadRow:
        raise
    except Image.DecompressionBombError:
        raise BadRow(f"unpacks to more than {LARGEST:,} pixels; refused as a decompression bomb") from None
    except Exception as error:  # PIL raises many kinds at damaged metadata
        reason = str(error).split("<")[0].strip() or type(error).__name__
        raise BadRow(f"cannot be decoded as {', '.join(FORMATS)} ({reason})") from None


def read_folder(root: str, files: Files, problems: Problems) -> Faces:
    """Pictures in `SPLIT/CLASS/name.png`, or all in one folder that is no class: unlabelled faces.

    root: the folder's own path, whose last parts may be SPLIT and CLASS; empty for an archive.
    """
    folders = Counter(PurePosixPath(root, name).parent for name in files)
    parents = {folder.parent for folder in folders}
    labels, strange = {}, Counter()  # pictures in folders of other names
    for folder, count in folders.items():
        within, label = folder.relative_to(root), label_of(folder.name)
        about = f"the folder {within if within.name else root or '.'} with {count:,} pictures"
        if label is None and len(folders) == 1 and not split_of(within.parent.name):
            label = UNLABELLED
        elif label is None:
            strange[str(within)] += count
        elif len(parents) > 1 and split_of(folder.parent.name) is None:
            problems.add(f"{about} lies in no split; these are called train, validation and test", count)
            label = None
        labels[folder] = label
    if strange:
        folders_are = "folders {} are" if len(strange) > 1 else "folder {} is"
        which = ", ".join(f"{name} with {count:,} pictures" for name, count in strange.items())
        none = f"the {folders_are.format(which)} none of the seven classes {', '.join(EMOTIONS)}"
        problems.add(f"{none}: rename what is one, move the rest away", strange.total())

    rows, untold = [], 0  # pictures in test/ whose names don't say which of the two test splits they belong to
    for name, opener in files.items():
        place = PurePosixPath(root, name)
        label, above = labels[place.parent], place.parent.parent.name.lower()
        prefix = place.name.split("_")[0].lower()
        told = prefix in ("training", "publictest", "privatetest")
        split = (split_of(prefix if told else above) or "Training") if label != UNLABELLED else "Unlabelled"
        if label is not None:
            rows.append((name, split, label, opener))
            untold += above == "test" and not told and label != UNLABELLED
    if untold and "PublicTest" not in {split for _, split, _, _ in rows}:
        why = "there is no validation folder and no file name tells PublicTest from PrivateTest"
        taken = f"the {untold:,} faces in test/ are all taken as PrivateTest, though public copies mix both there"
        warnings.warn(f"{why}: {taken}", stacklevel=2)
    return _decode_all(rows, problems)


def read_parquet(files: Files, problems: Problems) -> Faces:
    """Columns `image` or `img_bytes` (bytes, or a struct with `bytes`) and `label` or `labels` (words, or numbers whose
    meaning the file tells); the split from each file's name."""
    import pyarrow as pa
    from pyarrow import parquet

    rows: list = []
    _check_shards(list(files))
    for name, opener in files.items():
        split = next(filter(None, map(split_of, re.split("[-_.]", PurePosixPath(name).stem))), None)
        if split is None:
            raise SourceError(f"{name} does not name its split; rename it to train, validation or test .parquet")
        try:
            with opener() as opened:
                file = parquet.ParquetFile(pa.BufferReader(opened.read()), page_checksum_verification=True)
            if file.metadata.num_rows > MOST_ROWS:
                raise SourceError(f"{name} has {file.metadata.num_rows:,} rows, more than {MOST_ROWS:,}; split it")
            table = file.read()
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"{name} cannot be read as Parquet ({str(error).splitlines()[0]})") from None
        pictures = _column(name, table.column_names, "image", "img_bytes")
        column = _column(name, table.column_names, "label", "labels")
        labels = table[column].to_pylist()
        classes: Sequence[str] = _class_names(table.schema.metadata or {}, column)
        if not classes and any(type(label) is int for label in labels):
            classes = _usual_classes(name, column)
        for row, (image, label) in enumerate(zip(table[pictures].to_pylist(), labels, strict=True), 1):
            data = image.get("bytes") if isinstance(image, dict) else image
            known = type(label) is int and 0 <= label < len(classes)
            word = classes[label] if known else label
            meant = label_of(word) if isinstance(word, str) else None
            if meant is None:
                called = f" ({word})" if known else ""
                problems.add(f"{name}, row {row}: {column} is {label!r}{called}, not one of {', '.join(EMOTIONS)}")
            elif not isinstance(data, bytes):
                problems.add(f"{name}, row {row}: there are no image bytes")
            else:
                rows.append((f"{name}, row {row}", split, meant, partial(io.BytesIO, data)))
    return _decode_all(rows, problems)


def _check_shards(names: list[str]) -> None:
    """Refuse train-00000-of-00002.parquet without its other part."""
    found = [re.fullmatch(r"(.*)-(\d{5})-of-(\d{5})(\..+)", name) for name in names]
    for head, _, count, end in {each.groups(): None for each in found if each}:
        parts = [f"{head}-{number:05}-of-{count}{end}" for number in range(int(count))]
        if missing := [part for part in parts if part not in names]:
            raise SourceError(
                f"{missing[0]} is missing, one of {int(count):,} parts; name a folder that holds them all"
            )


def _column(file: str, there: list[str], *names: str) -> str:
    """The one of these columns that there is."""
    found = [name for name in there if name in names]
    if len(found) != 1:
        raise SourceError(f"{file} has to have one column {' or '.join(names)} (found: {', '.join(there)})")
    return found[0]


def _class_names(metadata: dict[bytes, bytes], column: str) -> list[str]:
    """What labels 0, 1, … mean, as Hugging Face's datasets tell it in the file; empty where it is not told."""
    try:
        names = json.loads(metadata[b"huggingface"])["info"]["features"][column]["names"]
        return names if all(isinstance(name, str) for name in names) else []
    except (KeyError, TypeError, ValueError):
        return []


def _usual_classes(file: str, column: str) -> tuple[str, ...]:
    """What numbers mean in a file that does not tell: in a column `label` they are FER2013's; copies with `labels`
    mostly have the classes in the order of the alphabet, and some have not."""
    untold = f"{file} does not tell what the numbers in its column {column} mean"
    if column != "label":
        raise SourceError(
            f"{untold}: 4 is sad in FER2013's order and neutral in the alphabet's; write words such as sad in place of "
            "the numbers, or call the column label if its order is FER2013's"
        )
    order = ", ".join(f"{number} {name}" for number, name in enumerate(EMOTIONS))
    warnings.warn(f"{untold}; they are taken in FER2013's order, {order}", stacklevel=2)
    return EMOTIONS


def _decode_all(rows: list[tuple[str, str, int, Opener]], problems: Problems) -> Faces:
    """Faces of rows of id, split, label and opener."""
    images, heads = [], []
    for *head, opener in bar(rows, "reading pictures", " pictures"):
        try:
            with opener() as file:
                data = file.read(LARGEST_FILE + 1)
            if len(data) > LARGEST_FILE:
                raise BadRow(f"holds more than {LARGEST_FILE:,} bytes, which is no picture of a face")
            images.append(decode(data))
            heads.append(head)
        except BadRow as error:
            problems.add(f"{head[0]}: {error}")
        except FileNotFoundError:
            problems.add(f"{head[0]}: a link to nothing")
        except READ_ERRORS as error:
            problems.add(f"{head[0]}: cannot be read ({getattr(error, 'strerror', None) or error})")
    return faces_of(images, heads)
