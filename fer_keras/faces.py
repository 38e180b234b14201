"""Faces: grey pictures with a label, a split and, if there are any, the votes of ten FER+ raters."""

import hashlib
import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

SIZE = 48  # pixels along each side of a face
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # label 0 to 6
SPLITS = ("Training", "PublicTest", "PrivateTest")  # fits, chooses, is looked at once
UNLABELLED = -1  # the label of a face of the split "Unlabelled"
REGIONS = ("background", "forehead", "brows", "eyes", "nose", "cheeks", "mouth", "chin")
# the order of FER+; NF: not a face
VOTE_NAMES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
VOTE_OF_EMOTION = (4, 5, 6, 1, 3, 2, 0)  # which FER+ column belongs to label 0 to 6


@dataclass(frozen=True, eq=False)
class Faces:
    """Arrays of equal length, one entry a face. Slice it like an array: `faces[:100]`, `faces[faces.labels == 3]`.

    >>> happy = faces[faces.labels == EMOTIONS.index("happy")]
    >>> happy.images.shape
    (93, 48, 48)
    >>> faces.class_counts().loc["happy"].to_dict()
    {'Training': 74, 'PublicTest': 10, 'PrivateTest': 9}
    """

    images: np.ndarray  # uint8 (n, 48, 48): 0 black to 255 white, upright
    labels: np.ndarray  # int8 (n,): index into EMOTIONS, or UNLABELLED
    splits: np.ndarray  # text (n,): one of SPLITS, or "Unlabelled"
    ids: np.ndarray  # (n,): row number from 1, `id` column or file name: how the source calls the face
    votes: np.ndarray | None = None  # uint8 (n, 10): FER+ votes, columns as VOTE_NAMES
    regions: np.ndarray | None = None  # uint8 (n, 48, 48): which of REGIONS a pixel is in, known of drawn faces

    def __post_init__(self):
        if self.images.shape[1:] != (SIZE, SIZE) or self.images.dtype != np.uint8:
            raise ValueError(f"faces are uint8 (n, {SIZE}, {SIZE}), not {self.images.dtype} {self.images.shape}")
        for name, values in self.arrays().items():
            if len(values) != len(self.images):
                raise ValueError(f"{len(self.images)} images but {len(values)} {name}")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, key) -> Self:
        rows = np.atleast_1d(np.arange(len(self))[key])
        return type(self)(**{name: values[rows] for name, values in self.arrays().items()})

    def __repr__(self) -> str:
        counts = {name: np.count_nonzero(self.splits == name) for name in (*SPLITS, "Unlabelled")}
        text = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        return f"Faces({text or 'none'}{'' if self.votes is None else '; with votes'})"

    def arrays(self) -> dict[str, np.ndarray]:
        """What `Faces(**arrays)` makes these faces of again."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: array for name, array in values.items() if array is not None}

    def split(self, name: str) -> Self:
        """The faces of one split, in their order; none if the source lacks that split."""
        if name not in (*SPLITS, "Unlabelled"):
            raise ValueError(f"no split is called {name!r}; there are {', '.join(SPLITS)} and Unlabelled")
        return self[self.splits == name]

    def mirrored(self) -> Self:
        return replace(self, images=self.images[:, :, ::-1])

    def parts(self, split: str | float = "ours", seed: int = 0) -> tuple[Self, Self, Self]:
        """(training, validation, judged): what fits a net, what chooses, and what its scores are measured on.

        split "ours": Training, PublicTest and PrivateTest. Without PrivateTest PublicTest judges as well; without
        PublicTest a tenth of Training is held out in its place, every class in proportion and copies of a face on one
        side. "theirs", as the reports had it: a random tenth of Training, copies and all, validates and judges.
        A share, such as 0.1, is for faces without splits of their own, as `divided` makes them.
        """
        if split not in ("ours", "theirs"):
            return self.divided(split, seed).parts()
        training, validation, judged = map(self.split, SPLITS)
        if split == "theirs":
            order = np.random.default_rng(seed).permutation(len(training))
            tenth, rest = np.sort(order[: len(order) // 10]), np.sort(order[len(order) // 10 :])
            validation = judged = replace(training[tenth], splits=np.full(len(tenth), "randomly held out"))
            training = training[rest]
        elif len(training) and not len(validation):
            training, validation = training.stratified_split(0.1, seed)
            validation = replace(validation, splits=np.full(len(validation), "held out"))
        return training, validation, judged if len(judged) else validation

    def divided(self, share: str | float, seed: int = 0) -> Self:
        """Faces that came without splits, with some: this share of every class validates (PublicTest), as much judges
        (PrivateTest), the rest trains; all copies of a face are in one split."""
        try:
            share = float(share)
        except ValueError:
            raise ValueError(f"split is ours, theirs or a share such as 0.1, not {share!r}") from None
        if not 0 < share < 0.5:
            raise ValueError(f"a share of the faces that validates, and as much that judges, is below 0.5, not {share}")
        if own := {*self.splits} - {"Training"}:
            names = " and ".join(sorted(own))
            raise ValueError(f"these faces have {names}; split {share} is for faces without splits: leave it out")
        judge = self._held_out(share, seed)
        validate = self[~judge]._held_out(share / (1 - share), seed)
        splits = np.full(len(self), "Training", "U12")
        splits[judge] = "PrivateTest"
        splits[np.flatnonzero(~judge)[validate]] = "PublicTest"
        return replace(self, splits=splits)

    def class_counts(self) -> "pd.DataFrame":
        """Faces of each emotion (rows) in each split that has any (columns), in the fixed orders."""
        import pandas as pd

        table = pd.crosstab(self.labels, self.splits).reindex(range(len(EMOTIONS)), fill_value=0)
        table.index = pd.Index(EMOTIONS, name="emotion")
        return table[[name for name in SPLITS if name in table]].rename_axis(columns="split")

    def stratified_split(self, fraction: float, seed: int = 0) -> tuple[Self, Self]:
        """(rest, part): `part` has this fraction of every class, and all duplicates of a face are on one side."""
        held_out = self._held_out(fraction, seed)
        return self[~held_out], self[held_out]

    def _held_out(self, fraction: float, seed: int) -> np.ndarray:
        """True for the faces of `part`."""
        from sklearn.model_selection import train_test_split

        if not 0 < fraction < 1:
            raise ValueError(f"fraction lies between 0 and 1, not {fraction}")
        groups = self.duplicate_groups()
        group_ids, first = np.unique(groups, return_index=True)
        for label, count in zip(*np.unique(self.labels[first], return_counts=True), strict=True):
            if count < 2:
                name = EMOTIONS[label] if label != UNLABELLED else "unlabelled"
                raise ValueError(f"only one {name} face (or copies of one) cannot be split into two parts")
        part, classes = math.ceil(fraction * len(first)), len(np.unique(self.labels[first]))
        if min(part, len(first) - part) < classes:
            few = f"{part:,} of {len(first):,} different faces"
            raise ValueError(f"a share of {fraction:.2g} is {few}, too few for {classes} classes: take a larger one")
        rest, _ = train_test_split(group_ids, test_size=fraction, stratify=self.labels[first], random_state=seed)
        return ~np.isin(groups, rest)

    def sample(self, n: int, seed: int = 0) -> Self:
        """At most n faces, every split and class in proportion, in their order."""
        order = np.random.default_rng(seed).permutation(len(self))
        _, stratum = np.unique(np.char.add(self.splits, self.labels.astype("U2")), return_inverse=True)
        by_stratum = order[np.argsort(stratum[order], kind="stable")]
        every = np.linspace(0, len(self) - 1, min(n, len(self))).round().astype(int)  # walks through the strata
        return self[np.sort(by_stratum[every])]

    @property
    def fingerprint(self) -> str:
        """Names this set of faces, labels and splits, whatever their order, source or votes."""
        heads = np.char.add(self.splits, self.labels.astype("U2"))
        each = (image.tobytes() + head.encode() for image, head in zip(self.images, heads, strict=True))
        digests = sorted(hashlib.blake2b(data, digest_size=16).digest() for data in each)
        return hashlib.sha256(b"".join(digests)).hexdigest()[:16]

    def digest(self, *more: np.ndarray) -> str:
        """Names these pictures in their order, with more that is known of each, such as the labels."""
        found = hashlib.sha256(self.images.tobytes())
        for values in more:
            found.update(values.tobytes())
        return found.hexdigest()[:16]

    def duplicate_groups(self, exact: bool = False) -> np.ndarray:
        """One number a face: faces with the same number are copies of one picture (see `duplicates.py`)."""
        from fer_keras.duplicates import duplicate_groups, exact_groups

        return exact_groups(self.images) if exact else duplicate_groups(self.images)

    def vote_shares(self) -> np.ndarray:
        """(n, 7): the share of each emotion among a face's votes for emotions; NaN where it got none."""
        votes = self._votes()[:, VOTE_OF_EMOTION].astype(float)
        total = votes.sum(axis=1, keepdims=True)
        return np.divide(votes, total, out=np.full_like(votes, np.nan), where=total > 0)

    def vote_targets(self) -> np.ndarray:
        """(n, 7): `vote_shares`, and where there are none the label alone: what a net can be trained on."""
        shares = self.vote_shares()
        return np.where(np.isnan(shares), self.label_targets(), shares)

    def label_targets(self) -> np.ndarray:
        """(n, 7): 1 for the label, 0 for the other emotions."""
        return np.eye(len(EMOTIONS))[self.labels]

    def vote_majority(self) -> np.ndarray:
        """The label with the most votes (of equals the first in FER+'s order); UNLABELLED if that is no emotion."""
        label_of_vote = np.full(len(VOTE_NAMES), UNLABELLED, np.int8)
        label_of_vote[list(VOTE_OF_EMOTION)] = range(len(EMOTIONS))
        return label_of_vote[self._votes().argmax(axis=1)]

    def not_a_face(self) -> np.ndarray:
        """True where "not a face" got the most votes."""
        return self._votes().argmax(axis=1) == VOTE_NAMES.index("NF")

    def _votes(self) -> np.ndarray:
        if self.votes is None:
            raise ValueError("these faces have no FER+ votes; put fer2013new.csv beside the CSV with the faces")
        return self.votes
