"""Pictures of any size and colour: class folders, single files, and Parquet in the Hugging Face layout."""

import io
import json
import warnings
from pathlib import PurePosixPath

import numpy as np

from fer_keras.faces import EMOTIONS, SIZE, UNLABELLED, Faces
from fer_keras.progress import bar
from fer_keras.sources.files import Files
from fer_keras.sources.problems import BadRow, Problems, SourceError

FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
SPLIT_OF = {  # how folders and Parquet files call the splits
    **{"train": "Training", "training": "Training"},
    **{"validation": "PublicTest", "valid": "PublicTest", "val": "PublicTest", "publictest": "PublicTest"},
    **{"test": "PrivateTest", "privatetest": "PrivateTest"},
}
ALSO_CALLED = {"anger": 0, "happiness": 3, "sadness": 4}  # FER+'s words


def label_of(name: str) -> int:
    name = name.lower()
    if name in EMOTIONS:
        return EMOTIONS.index(name)
    if name in ALSO_CALLED:
        return ALSO_CALLED[name]
    raise BadRow(f"{name[:40]!r} is none of the seven classes {', '.join(EMOTIONS)}")


def decode(data: bytes) -> np.ndarray:
    """A picture as a grey face: upright, its middle square, 48 × 48."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            if picture.size == (SIZE, SIZE) and picture.mode == "L" and not picture.getexif():
                return np.asarray(picture)
            picture = ImageOps.exif_transpose(picture)
            if picture.mode.startswith("I"):  # 16 bits a pixel, which convert() would cut off at 255
                picture = Image.fromarray((np.asarray(picture) >> 8).clip(0, 255).astype(np.uint8))
            return np.asarray(ImageOps.fit(picture.convert("L"), (SIZE, SIZE)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadRow(
            f"unpacks to more than {Image.MAX_IMAGE_PIXELS:,} pixels; refused as a decompression bomb"
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        reason = str(error).split("<")[0].strip()
        raise BadRow(f"cannot be decoded as {', '.join(FORMATS)} ({reason})") from None


def read_folder(root: str, files: Files, problems: Problems) -> Faces:
    """Pictures in `SPLIT/CLASS/name.png`, or all in one folder that is no class: unlabelled faces.

    root: the folder's own path, whose last parts may be SPLIT and CLASS; empty for an archive.
    """
    unlabelled = _unlabelled(root, files)
    unknown, mixed = {}, 0
    images, labels, splits, ids = [], [], [], []
    for name, opener in bar(files.items(), "reading pictures", " pictures"):
        place = PurePosixPath(root, name)
        folder, prefix = place.parent.parent.name.lower(), place.name.split("_")[0].lower()
        try:
            label = UNLABELLED if unlabelled else label_of(place.parent.name)
        except BadRow as error:
            _, count = unknown.get(place.parent, ("", 0))
            unknown[place.parent] = str(error), count + 1
            continue
        try:
            with opener() as file:
                images.append(decode(file.read()))
        except BadRow as error:
            problems.add(f"{name} {error}")
            continue
        told = prefix in ("training", "publictest", "privatetest")
        mixed += folder == "test" and not told
        split = "Unlabelled" if unlabelled else SPLIT_OF.get(prefix if told else folder, "Training")
        labels.append(label)
        splits.append(split)
        ids.append(name)
    for folder, (text, count) in unknown.items():
        problems.add(f"the folder of {count:,} picture{'s' * (count > 1)}, {folder.relative_to(root)}: {text}", count)
    if mixed and not unlabelled and "PublicTest" not in splits:
        warnings.warn(
            f"there is no validation folder and no file name tells PublicTest from PrivateTest: the {mixed:,} "
            "faces in test/ are all taken as PrivateTest, though public copies mix both there",
            stacklevel=2,
        )
    return _faces(images, labels, splits, ids)


def _unlabelled(root: str, files: Files) -> bool:
    folders = {PurePosixPath(name).parent for name in files}
    if len(folders) > 1:
        return False
    folder = folders.pop()
    is_class = PurePosixPath(root, folder).name.lower() in (*EMOTIONS, *ALSO_CALLED)
    return not is_class and folder.parent.name.lower() not in SPLIT_OF


def read_parquet(files: Files, problems: Problems) -> Faces:
    """Columns `image` (bytes, or a struct with `bytes`) and `label`; the split from each file's name."""
    import pyarrow as pa
    from pyarrow import parquet

    images, labels, splits, ids = [], [], [], []
    for name, opener in files.items():
        words = PurePosixPath(name).stem.lower().replace("-", "_").split("_")
        split = next((SPLIT_OF[word] for word in words if word in SPLIT_OF), None)
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
        rows = zip(table["image"].to_pylist(), table["label"].to_pylist(), strict=True)
        for row, (image, label) in enumerate(bar(rows, f"reading {name}", " pictures", total=len(table)), 1):
            try:
                data = image.get("bytes") if isinstance(image, dict) else image
                if not isinstance(data, bytes):
                    raise BadRow("has no image bytes")
                if not isinstance(label, int) or not 0 <= label < len(names):
                    raise BadRow(f"label is {label!r}, not a whole number from 0 to {len(names) - 1}")
                label = label_of(names[label])
                images.append(decode(data))
            except BadRow as error:
                problems.add(f"{name}, row {row}: {error}")
                continue
            labels.append(label)
            splits.append(split)
            ids.append(f"{name} row {row}")
    return _faces(images, labels, splits, ids)


def _class_names(metadata: dict[bytes, bytes]) -> list[str]:
    """What labels 0, 1, … mean: the file's own list where it has one, or the usual order."""
    try:
        return json.loads(metadata[b"huggingface"])["info"]["features"]["label"]["names"]
    except (KeyError, TypeError, ValueError):
        return list(EMOTIONS)


def _faces(images: list, labels: list, splits: list, ids: list) -> Faces:
    pixels = np.stack(images) if images else np.empty((0, SIZE, SIZE), np.uint8)
    return Faces(pixels, np.array(labels, np.int8), np.array(splits, "U12"), np.array(ids, str))
