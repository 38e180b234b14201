"""What `fer-keras data` tells of a source: counts, duplicates, votes, problems."""

import warnings

import numpy as np

from fer_keras.faces import SPLITS, UNLABELLED, Faces
from fer_keras.sources import load_faces, read_source
from fer_keras.sources.problems import Problems, SourceError


def check(source: str, skip_bad: bool = False) -> dict:
    """Everything found in a source; `error` is the sentence that says why it cannot be used, or None."""
    found = {
        "source": str(source),
        "error": None,
        "faces": 0,
        "notes": [],
        "problem_count": 0,
        "problems": [],
    }
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always", UserWarning)
        try:
            faces, problems = (load_faces(), Problems()) if source == "embedded" else read_source(source, skip_bad)
        except SourceError as error:
            faces, problems = None, error.problems
            found["error"] = str(error).replace("skip_bad=True drops", "--skip-bad drops")
    found["notes"] = [str(note.message) for note in notes]
    found |= {"problem_count": problems.count, "problems": problems.texts}
    return found if faces is None else found | _of(faces)


def _of(faces: Faces) -> dict:
    splits = [name for name in (*SPLITS, "Unlabelled") if name in faces.splits]
    exact, near = faces.duplicate_groups(exact=True), faces.duplicate_groups()
    return {
        "faces": len(faces),
        "fingerprint": faces.fingerprint,
        "splits": {name: int((faces.splits == name).sum()) for name in splits},
        "classes": {name: column.to_dict() for name, column in faces.class_counts().items()},
        "votes": None if faces.votes is None else {
            "agree_with_label": round(float((faces.vote_majority() == faces.labels).mean()), 4),
            "no_emotion": int((faces.vote_majority() == UNLABELLED).sum()),
            "not_a_face": int(faces.not_a_face().sum()),
        },
        "duplicates": {
            kind: {
                "within": {name: _redundant(groups[faces.splits == name]) for name in splits},
                "across": {
                    f"{b} in {a}": int(np.isin(groups[faces.splits == b], groups[faces.splits == a]).sum())
                    for i, a in enumerate(splits)
                    for b in splits[i + 1 :]
                },
            }
            for kind, groups in (("exact", exact), ("exact_or_near", near))
        },
    }  # fmt: skip


def _redundant(groups: np.ndarray) -> int:
    """How many of these faces are copies of another one of them, the first of each group not counted."""
    return len(groups) - len(np.unique(groups))


def describe(found: dict) -> str:
    """The same as text."""
    import pandas as pd

    lines = []
    if found["faces"]:
        lines += [f"{found['source']}: {found['faces']:,} faces, fingerprint {found['fingerprint']}", ""]
        if found["classes"]:
            table = pd.DataFrame(found["classes"])
            table.loc["all"] = table.sum()
            lines += [table.to_string(), ""]
        else:
            lines += [f"{count:,} {name}" for name, count in found["splits"].items()] + [""]
        for kind, groups in found["duplicates"].items():
            name = "exact copies" if kind == "exact" else "exact or near copies"
            within = ", ".join(f"{count:,} in {split}" for split, count in groups["within"].items())
            lines.append(f"{name} of another face of the same split: {within}")
            for pair, count in groups["across"].items():
                one, other = pair.split(" in ")
                lines.append(f"  {count:,} {one} faces ({count / found['splits'][one]:.1%}) have a copy in {other}")
        if votes := found["votes"]:
            lines.append(
                f"FER+ votes: the majority agrees with the label for {votes['agree_with_label']:.1%}; "
                f"{votes['no_emotion']:,} faces show no emotion of the seven, {votes['not_a_face']:,} no face"
            )
    lines += [f"note: {note}" for note in found["notes"]]
    if found["problem_count"]:
        lines.append(f"{found['problem_count']:,} bad faces{' were left out' if found['faces'] else ''}:")
        lines += [f"  {text}" for text in found["problems"]]
        hidden = found["problem_count"] - len(found["problems"])
        lines += [f"  … and {hidden:,} more"] if hidden > 0 else []
    return "\n".join(lines).rstrip()
