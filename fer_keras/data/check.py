"""`fer-keras data`: what is told of a source: counts, duplicates, votes, problems."""

import warnings
from itertools import combinations

import numpy as np

from fer_keras.data.load import load_faces, read_source
from fer_keras.data.problems import Problems
from fer_keras.duplicates import has_copy
from fer_keras.faces import SPLITS, UNLABELLED, Faces


def check(source: str, skip_bad: bool = False, split: float | None = None) -> dict:
    """Everything found in a source; `error` is the sentence that says why it cannot be used, or None.

    split: a share, by which faces that have no splits get some."""
    found: dict = {"source": str(source), "error": None, "faces": 0}
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", UserWarning)
        try:
            faces, problems = (load_faces(), Problems()) if source == "embedded" else read_source(source, skip_bad)
            found |= _of(faces if split is None else faces.divided(split))
        except ValueError as error:
            problems = getattr(error, "problems", Problems())
            found["error"] = str(error).replace("skip_bad=True drops", "--skip-bad drops")
    found["notes"] = list(dict.fromkeys(str(note.message) for note in notes))
    return found | {"problem_count": problems.count, "problems": problems.texts}


def _of(faces: Faces) -> dict:
    splits = [name for name in (*SPLITS, "Unlabelled") if name in faces.splits]
    counts = {name: int((faces.splits == name).sum()) for name in splits}
    classes = {name: column.to_dict() for name, column in faces.class_counts().items()}
    same_bytes = faces.duplicate_groups(exact=True)
    copies = {}
    for name in splits:
        exact, near = same_bytes[faces.splits == name], faces.split(name).duplicate_groups()
        redundant = {"exact": exact, "exact or near": near}
        copies[f"{name}, redundant"] = {kind: len(each) - len(np.unique(each)) for kind, each in redundant.items()}
    for a, b in combinations(splits, 2):
        in_a, in_b = faces.splits == a, faces.splits == b
        exact, near = np.isin(same_bytes[in_b], same_bytes[in_a]), has_copy(faces.images, in_a)[in_b]
        copies[f"{b}, also in {a}"] = {"exact": int(exact.sum()), "exact or near": int(near.sum())}
    found = {"faces": len(faces), "fingerprint": faces.fingerprint, "splits": counts, "classes": classes}
    found["copies"] = copies
    if faces.votes is not None:
        majority = faces.vote_majority()
        found["votes"] = {
            "majority agrees with the label": int((majority == faces.labels).sum()),
            "majority sees no emotion of the seven": int((majority == UNLABELLED).sum()),
            "majority sees no face": int(faces.not_a_face().sum()),
        }
    return found


def describe(found: dict) -> str:
    """The same as text."""
    import pandas as pd

    parts = []
    if found["faces"]:
        parts.append(f"{found['source']}: {found['faces']:,} faces, fingerprint {found['fingerprint']}")
        classes = pd.DataFrame(found["classes"] or {"Unlabelled": {}})
        classes.loc["all"] = found["splits"]
        parts.append(classes.to_string())
        parts.append(pd.DataFrame(found["copies"]).T.rename_axis("copies").to_string())
        if "votes" in found:
            parts.append(pd.Series(found["votes"], name="FER+ votes").to_frame().to_string())
    parts += [f"note: {note}" for note in found["notes"]]
    if count := found["problem_count"]:
        left_out = " were left out" if found["faces"] else ""
        more = count - len(found["problems"])
        last = [f"… and {more:,} more"] if more > 0 else []
        parts.append("\n  ".join([f"{count:,} bad faces{left_out}:", *found["problems"], *last]))
    return "\n\n".join(parts)
