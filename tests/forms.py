"""Writes faces in the forms in which FER2013 comes."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fer_keras.faces import EMOTIONS, VOTE_NAMES, Faces


def pixels(faces: Faces) -> list[str]:
    return [" ".join(map(str, image.ravel())) for image in faces.images]


def csv(path: Path, faces: Faces, votes: bool = False) -> Path:
    table = {"emotion": faces.labels, "pixels": pixels(faces), "Usage": faces.splits}
    pd.DataFrame(table).to_csv(path, index=False)
    if votes:
        table = pd.DataFrame(faces.votes, columns=VOTE_NAMES)
        table.insert(0, "Usage", faces.splits)
        table.insert(1, "Image name", "")
        table.to_csv(path.with_name("fer2013new.csv"), index=False)
    return path


def icml(path: Path, faces: Faces) -> Path:
    table = {"emotion": faces.labels, " Usage": faces.splits, " pixels": pixels(faces)}
    pd.DataFrame(table).to_csv(path, index=False)
    return path


def course(path: Path, faces: Faces) -> Path:
    pd.DataFrame({"label": faces.labels, "feature": pixels(faces)}).to_csv(path, index=False)
    return path


def unlabelled(path: Path, faces: Faces) -> Path:
    pd.DataFrame({"id": range(len(faces)), "feature": pixels(faces)}).to_csv(path, index=False)
    return path


def folder(path: Path, faces: Faces, test_names: bool = True) -> Path:
    for i, (image, label, split) in enumerate(zip(faces.images, faces.labels, faces.splits, strict=True)):
        where = path / ("train" if split == "Training" else "test") / EMOTIONS[label]
        where.mkdir(parents=True, exist_ok=True)
        (where / (f"{split}_{i}.png" if test_names else f"{i}.png")).write_bytes(png(image))
    return path


def parquet(path: Path, faces: Faces) -> Path:
    path.mkdir()
    for split, name in (("Training", "train"), ("PublicTest", "validation"), ("PrivateTest", "test")):
        part = faces.split(split)
        images = [{"bytes": png(image), "path": None} for image in part.images]
        pd.DataFrame({"image": images, "label": part.labels.astype(int)}).to_parquet(
            path / f"{name}-00000-of-00001.parquet"
        )
    return path


def zipped(path: Path, *sources: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sources:
            for file in [source] if source.is_file() else sorted(source.rglob("*.*")):
                archive.write(file, f"fer2013/{file.relative_to(source.parent)}")
    return path


def tarred(path: Path, *sources: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for source in sources:
            archive.add(source, f"fer2013/{source.name}")
    return path


def png(image: np.ndarray) -> bytes:
    with io.BytesIO() as file:
        Image.fromarray(image).save(file, "PNG")
        return file.getvalue()
