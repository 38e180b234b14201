"""CSV files with a face's 2,304 pixels in one column, and FER+ votes.

The pixels of some rows are made of all their digits at once. Where that fails, they are read one by one, which says
what is wrong where.
"""

import csv
import io
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice
from operator import itemgetter
from typing import BinaryIO

import numpy as np

from fer_keras.base.progress import bar
from fer_keras.data.archives import Opener
from fer_keras.data.names import label_of
from fer_keras.data.problems import BadRow, Problems, SourceError
from fer_keras.faces import EMOTIONS, SIZE, SPLITS, UNLABELLED, VOTE_NAMES, Faces

PIXELS = SIZE * SIZE
LONGEST_ROW = 100_000  # bytes; a face takes 9,300 at most
BUFFER = 1 << 18  # bytes; a row is longer than Python's own 8 kB, with which reading takes a tenth longer
LARGEST_VOTES = 100_000_000  # bytes: FER+ has 2 MB
ROWS = 32  # whose digits are worked on at once: 300 kB, which stay in the processor's cache

# What a file is: names of the columns for label or id, pixels, split. Spaces and capitals do not matter.
FORMS = {
    "challenge": ("emotion", "pixels", "Usage"),  # fer2013.csv, icml_face_data.csv
    "course": ("label", "feature"),  # train.csv
    "course, unlabelled": ("id", "feature"),  # test.csv
}


def form_of(file: BinaryIO) -> tuple[str | None, list[str]]:
    """The file's form, None if it has none of them, and its column names; leaves the file behind its header."""
    header = file.readline(LONGEST_ROW).decode("utf-8-sig", "replace").strip()
    usual = {name.lower(): name for wanted in FORMS.values() for name in wanted}
    try:
        names = next(csv.reader([header]), [])
    except csv.Error:
        names = [header]
    columns = [usual.get(name.strip().lower(), name.strip()) for name in names]
    for form, wanted in FORMS.items():
        if set(wanted) <= set(columns):
            return form, columns
    return None, columns


def missing_columns(name: str, columns: list[str]) -> SourceError:
    if not all(column.isprintable() and "\ufffd" not in column for column in columns):
        return SourceError(f"{name} is no CSV, picture, Parquet, zip or tar archive; give one of these, or a folder")
    best = max(FORMS.values(), key=lambda wanted: len(set(wanted) & set(columns)))
    missing = " and ".join(column for column in best if column not in columns)
    found = ", ".join(column[:20] for column in columns[:8]) or "nothing"
    forms = "emotion,pixels,Usage or label,feature or id,feature"
    return SourceError(f"{name}, line 1 has no column {missing} (found: {found}); the forms are {forms}")


def _once(name: str, columns: list[str], wanted: tuple[str, ...]) -> None:
    if twice := [column for column in wanted if columns.count(column) > 1]:
        raise SourceError(f"{name}, line 1 has two columns {twice[0]}; leave one")


def read_csv(name: str, opener: Opener, problems: Problems) -> Faces:
    """The faces in a CSV of one of FORMS; their `ids` are row numbers, or the `id` column."""
    read = []
    with io.BufferedReader(opener(), BUFFER) as file:
        form, columns = form_of(file)
        if form is None:
            raise missing_columns(name, columns)
        _once(name, columns, FORMS[form])
        rows = _rows(file)
        for block in bar(iter(lambda: list(islice(rows, ROWS)), []), f"reading {name}", " blocks"):
            try:
                read.append(_read(block, form, columns))
            except BadRow:  # in which row?
                for row in block:
                    try:
                        read.append(_read([row], form, columns))
                    except BadRow as error:
                        problems.add(f"{name}, row {row[0]} (line {row[1]}): {error}")
    if not read and not problems.count:
        raise SourceError(f"{name} has a header but no rows")
    images = np.concatenate([np.empty((0, PIXELS), np.uint8), *(images for images, _ in read)])
    faces = faces_of(images, list(chain.from_iterable(heads for _, heads in read)))
    ids, counts = np.unique(faces.ids, return_counts=True)
    if (counts > 1).any():
        raise SourceError(f"{name} has several rows of id {ids[counts.argmax()]}; each face needs an id of its own")
    return faces


def faces_of(images: np.ndarray | list[np.ndarray], heads: list[tuple]) -> Faces:
    """Faces of their pixels, and of an id, a split and a label each."""
    ids, splits, labels = zip(*heads, strict=True) if heads else ((), (), ())
    pixels = np.asarray(images, np.uint8).reshape(-1, SIZE, SIZE)
    return Faces(pixels, np.array(labels, np.int8), np.array(splits, "U12"), np.array(ids))


def _rows(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Number of each row, of its line in the file, and its text, cut off where no face is so long."""
    number, line_number = 0, 1
    while line := file.readline(LONGEST_ROW):
        line_number += 1
        rest = line
        while len(rest) == LONGEST_ROW and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_ROW)
        if not line.isspace():
            number += 1
            yield number, line_number, line


def _read(rows: list[tuple[int, int, bytes]], form: str, columns: list[str]) -> tuple[np.ndarray, list[tuple]]:
    """Pixels of some rows, uint8 (n, 2304), and their ids, splits and labels."""
    texts, heads = [], []
    wanted = itemgetter(*map(columns.index, FORMS[form]))
    for number, _, line in rows:
        cells = _cells(line)
        if len(cells) != len(columns):
            raise BadRow(f"{len(cells)} columns instead of {len(columns)}")
        label_or_id, pixels, *usage = wanted(cells)
        own_id, split, label = _head(form, label_or_id, *usage)
        heads.append((number if own_id is None else own_id, split, label))
        texts.append(pixels.strip())
    return _numbers(texts), heads


def _cells(line: bytes) -> list[bytes]:
    if len(line) == LONGEST_ROW:
        raise BadRow("longer than any face's can be")
    line = line.strip(b"\r\n \t")
    if b'"' not in line and b"\r" not in line:
        return line.split(b",")
    try:
        (cells,) = csv.reader([line.decode("utf-8", "replace")], skipinitialspace=True)
    except csv.Error as error:
        raise BadRow(str(error)) from None
    return [cell.encode() for cell in cells]


@lru_cache(1000)
def _head(form: str, label_or_id: bytes, usage: bytes = b"Training") -> tuple[int | None, str, int]:
    """Id, split and label of a row."""
    if form == "course, unlabelled":
        return _whole_number(label_or_id, "id", 2**62), "Unlabelled", UNLABELLED
    label = _label(label_or_id, FORMS[form][0])
    split = usage.decode("utf-8", "replace").strip()
    if split not in SPLITS:
        raise BadRow(f"Usage is {split[:20]!r}, none of {', '.join(SPLITS)}")
    return None, split, label


def _label(data: bytes, column: str) -> int:
    """0 to 6, of such a number or of the name of an emotion."""
    text = data.decode("utf-8", "replace")
    if (label := label_of(text)) is not None:
        return label
    if text.strip().isalpha():
        raise BadRow(f"{column} is {text.strip()[:20]!r}, none of {', '.join(EMOTIONS)}")
    return _whole_number(data, column, len(EMOTIONS))


def _numbers(texts: list[bytes]) -> np.ndarray:
    """The numbers in texts, uint8 (n, 2304), from the digits of all texts at once."""
    data = np.frombuffer(b" ".join([b" ", *texts, b""]), np.uint8)
    digits = data - 48
    is_digit = digits < 10
    digits *= is_digit
    pair = is_digit[1:] & is_digit[:-1]
    values = digits[2:] + np.uint16(10) * digits[1:-1] + np.uint16(100) * (digits[:-2] * pair[1:])
    last = np.flatnonzero(is_digit[2:-1] > is_digit[3:])  # where each number has its last digit
    ends = np.cumsum([len(text) + 1 for text in texts]) - 2  # where each text has
    all_known = np.count_nonzero(is_digit) + np.count_nonzero(data == 32) == len(data)
    four_digits = pair[2:] & pair[:-2]
    if all_known and not four_digits.any() and np.array_equal(last[PIXELS - 1 :: PIXELS], ends):
        found = values.take(last)
        if found.max() < 256:
            return found.astype(np.uint8).reshape(-1, PIXELS)
    return np.array([_one_by_one(text) for text in texts], np.uint8)


def _one_by_one(text: bytes) -> list[int]:
    """The same of one text, with whatever space between numbers; says what is wrong."""
    values = text.split()
    if len(values) != PIXELS:
        raise BadRow(f"{len(values):,} pixels instead of {PIXELS:,} ({SIZE} × {SIZE})")
    return [_whole_number(value, f"pixel {i:,}", 256) for i, value in enumerate(values, 1)]


def _whole_number(data: bytes, what: str, end: int) -> int:
    """The number, if it is whole and lies in 0 to end − 1."""
    text = data.decode("utf-8", "replace").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < end):
        right = "a whole number" if end > 256 else f"a whole number from 0 to {end - 1}"
        raise BadRow(f"{what} is {text[:20]!r}, not {right}")
    return int(text)


def read_votes(name: str, opener: Opener, faces: Faces, rows: int, source: str) -> np.ndarray:
    """FER+ votes of faces whose `ids` are row numbers; `rows`: how many rows the source has, bad ones too."""
    import pandas as pd

    with opener() as file:
        data = file.read(LARGEST_VOTES + 1)
    if len(data) > LARGEST_VOTES:
        raise SourceError(f"{name} is not a FER+ vote file: it holds more than {LARGEST_VOTES:,} bytes")
    header = data.partition(b"\n")[0].decode("utf-8-sig", "replace")
    _once(name, [column.strip() for column in header.split(",")], ("Usage", *VOTE_NAMES))
    try:
        table = pd.read_csv(io.BytesIO(data), skipinitialspace=True)
    except (ValueError, OverflowError) as error:
        raise SourceError(f"{name} is not a FER+ vote file: {error}") from None
    if missing := [column for column in ("Usage", *VOTE_NAMES) if column not in table]:
        raise SourceError(f"{name} is not a FER+ vote file: it has no column {missing[0]}")
    votes = table[list(VOTE_NAMES)].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if len(bad := np.flatnonzero(~((votes >= 0) & (votes < 256) & (votes % 1 == 0)).all(axis=1))):
        raise SourceError(f"{name}, row {bad[0] + 1} (line {bad[0] + 2}): votes are whole numbers from 0 to 255")
    joined = "votes are joined by row, so the two must agree"
    if len(votes) != rows:
        raise SourceError(f"{name} has {len(votes):,} rows but {source} has {rows:,}; {joined}")
    at, usage = faces.ids - 1, table["Usage"].to_numpy("U12")
    if len(bad := np.flatnonzero(usage[at] != faces.splits)):
        row, split = at[bad[0]], faces.splits[bad[0]]
        place = f"{name}, row {row + 1} (line {row + 2})"
        raise SourceError(f"{place}: Usage is {usage[row]} but {split} in {source}; {joined}")
    return votes[at].astype(np.uint8)
