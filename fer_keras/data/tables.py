"""CSV files with a face's 2,304 pixels in one column, and FER+ votes.

pyarrow splits a clean file into columns, and the pixels are made of their digits, thousands of faces at a time.
A file with any fault is refused by that; then a slower reader goes row by row and says what is wrong where.
"""

import csv
import io
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO

import numpy as np

from fer_keras.base.progress import bar
from fer_keras.data.archives import Opener
from fer_keras.data.problems import BadRow, Problems, SourceError
from fer_keras.faces import EMOTIONS, SIZE, SPLITS, UNLABELLED, VOTE_NAMES, Faces

PIXELS = SIZE * SIZE
LONGEST_ROW = 100_000  # bytes; a face takes 9,300 at most
BLOCK = 4 << 20  # bytes that pyarrow splits at once; 1 MB took a third longer, 16 MB no less
ROWS = 32  # rows whose digits are worked on at once: 300 kB, which stay in the processor's cache

# What a file is: names of the columns for label or id, pixels, split. Spaces and capitals do not matter.
FORMS = {
    "challenge": ("emotion", "pixels", "Usage"),  # fer2013.csv, icml_face_data.csv
    "course": ("label", "feature", None),  # train.csv
    "course, unlabelled": ("id", "feature", None),  # test.csv
}


def form_of(file: BinaryIO) -> tuple[str | None, list[str]]:
    """The file's form, None if it has none of them, and its column names; leaves the file behind its header."""
    header = file.readline(LONGEST_ROW).decode("utf-8-sig", "replace").strip()
    usual = {name.lower(): name for wanted in FORMS.values() for name in wanted if name}
    try:
        columns = [usual.get(name.strip().lower(), name.strip()) for name in next(csv.reader([header]), [])]
    except csv.Error:
        columns = [header]
    for form, wanted in FORMS.items():
        if set(filter(None, wanted)) <= set(columns):
            return form, columns
    return None, columns


def missing_columns(name: str, columns: list[str]) -> SourceError:
    if not all(column.isprintable() and "\ufffd" not in column for column in columns):
        return SourceError(f"{name} is no CSV, picture, Parquet, zip or tar archive; give one of these, or a folder")
    best = max(FORMS.values(), key=lambda wanted: len(set(wanted) & set(columns)))
    missing = " and ".join(column for column in best if column and column not in columns)
    found = ", ".join(column[:20] for column in columns[:8]) or "nothing"
    return SourceError(
        f"{name}, line 1 has no column {missing} (found: {found}); "
        "the forms are emotion,pixels,Usage or label,feature or id,feature"
    )


def read_csv(name: str, opener: Opener, problems: Problems) -> Faces:
    """The faces in a CSV of one of FORMS; their `ids` are row numbers, or the `id` column."""
    with opener() as file:
        form, columns = form_of(file)
        if form is None:
            raise missing_columns(name, columns)
        try:
            return _read_clean(file, form, columns)
        except Exception:  # whatever it was, the careful reader says it better
            pass
    with opener() as file:
        form_of(file)
        return _read_carefully(name, file, form, columns, problems)


def _read_clean(file: BinaryIO, form: str, columns: list[str]) -> Faces:
    """All rows, block by block; any exception means that the file is not clean."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    label_or_id, pixels, usage = FORMS[form]
    wanted = [column for column in FORMS[form] if column]
    blocks = arrow.open_csv(
        file,
        arrow.ReadOptions(column_names=columns, block_size=BLOCK),
        arrow.ParseOptions(quote_char=False),
        arrow.ConvertOptions(include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), null_values=[]),
    )
    images, heads = [np.empty((0, PIXELS), np.uint8)], []
    for block in bar(blocks, "reading", " blocks"):
        images.append(_numbers(block[pixels]))
        usages = block[usage].to_pylist() if usage else [""] * len(block)
        heads += [_head(form, *row) for row in zip(block[label_or_id].to_pylist(), usages, strict=True)]
    return _faces(form, np.concatenate(images), heads, np.arange(1, len(heads) + 1))


def _numbers(texts) -> np.ndarray:
    """The numbers in an Arrow array of texts, uint8 (n, 2304), from their digits: all texts' bytes at once."""
    from pyarrow import compute

    joined = compute.binary_join_element_wise(texts, "", " ")  # a space behind each text's last number
    ends = np.frombuffer(joined.buffers()[1], np.int32)[: len(texts) + 1]
    data = np.frombuffer(joined.buffers()[2], np.uint8)
    numbers = [np.empty((0, PIXELS), np.uint8)]
    for first in range(0, len(texts), ROWS):
        stop = min(first + ROWS, len(texts))
        numbers.append(_numbers_of_rows(data[ends[first] : ends[stop]], ends[first + 1 : stop + 1] - ends[first]))
    return np.concatenate(numbers)


def _numbers_of_rows(data: np.ndarray, row_ends: np.ndarray) -> np.ndarray:
    digits = data - 48
    is_digit = digits < 10
    digits *= is_digit
    if np.count_nonzero(is_digit) + np.count_nonzero(data == 32) != len(data):
        raise BadRow("something that is neither a digit nor a space")
    last = np.flatnonzero(is_digit[:-1] > is_digit[1:])  # where each number has its last digit
    if not np.array_equal(last[PIXELS - 1 :: PIXELS] + 2, row_ends):
        raise BadRow("a row with another number of pixels")
    pair = is_digit[1:] & is_digit[:-1]
    hundreds = digits[:-2] * (pair[1:] & pair[:-1])
    values = digits.copy()
    values[1:] += 10 * digits[:-1]
    too_large = (hundreds > 2) | ((hundreds == 2) & (values[2:] > 55))
    if too_large.any() or (pair[2:] & pair[:-2]).any():  # two pairs two apart: four digits
        raise BadRow("a number above 255")
    values[2:] += 100 * hundreds
    return values.take(last).reshape(-1, PIXELS)


def _read_carefully(name: str, file: BinaryIO, form: str, columns: list[str], problems: Problems) -> Faces:
    images, heads, numbers = [], [], []
    for number, line_number, line in bar(_rows(file), f"checking {name}", " rows"):
        try:
            if len(line) >= LONGEST_ROW:
                raise BadRow("longer than any face's can be")
            row = next(csv.reader([line], skipinitialspace=True))
            if len(row) != len(columns):
                raise BadRow(f"{len(row)} columns instead of {len(columns)}")
            fields = dict(zip(columns, row, strict=True))
            label_or_id, pixels, usage = (fields.get(column, "") for column in FORMS[form])
            image, head = _pixels(pixels), _head(form, label_or_id, usage)
        except (BadRow, csv.Error) as error:
            problems.add(f"{name}, row {number} (line {line_number}): {error}")
            continue
        images.append(image)
        heads.append(head)
        numbers.append(number)
    if not numbers and not problems.count:
        raise SourceError(f"{name} has a header but no rows")
    return _faces(form, np.array(images, np.uint8).reshape(-1, PIXELS), heads, np.array(numbers, int))


def _rows(file: BinaryIO) -> Iterator[tuple[int, int, str]]:
    """Number of each row, of its line in the file, and its text, cut off where no face is so long."""
    number, line_number = 0, 1
    while line := file.readline(LONGEST_ROW):
        line_number += 1
        rest = line
        while len(rest) == LONGEST_ROW and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_ROW)
        if text := line.strip(b"\r\n \t") if len(line) < LONGEST_ROW else line:
            number += 1
            yield number, line_number, text.decode("utf-8", "replace")


@lru_cache(1000)
def _head(form: str, label_or_id: str, usage: str) -> tuple[int, str, int]:
    """Label, split and id of a row."""
    if form == "course, unlabelled":
        return UNLABELLED, "Unlabelled", _whole_number(label_or_id, "id", 2**62)
    label = _whole_number(label_or_id, FORMS[form][0], len(EMOTIONS))
    split = usage.strip() if FORMS[form][2] else "Training"
    if split not in SPLITS:
        raise BadRow(f"Usage is {split[:20]!r}, none of {', '.join(SPLITS)}")
    return label, split, 0


def _pixels(text: str) -> np.ndarray:
    data = np.frombuffer(f"{text.strip()} ".encode(), np.uint8)
    try:
        return _numbers_of_rows(data, np.array([len(data)]))[0]
    except BadRow:  # what is wrong with it?
        values = text.split()
        if len(values) != PIXELS:
            raise BadRow(f"{len(values):,} pixels instead of {PIXELS:,} ({SIZE} × {SIZE})") from None
        return np.array([_whole_number(value, "pixel", 256, i) for i, value in enumerate(values, 1)], np.uint8)


def _whole_number(text: str, what: str, end: int, position: int | None = None) -> int:
    """The number, if it is whole and lies in 0 to end − 1."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < end):
        which = what if position is None else f"{what} {position:,}"
        what_is_right = "a whole number" if end > 256 else f"a whole number from 0 to {end - 1}"
        raise BadRow(f"{which} is {text[:20]!r}, not {what_is_right}")
    return int(text)


def _faces(form: str, images: np.ndarray, heads: list, numbers: np.ndarray) -> Faces:
    labels, splits, ids = zip(*heads, strict=True) if heads else ((), (), ())
    return Faces(
        images.reshape(-1, SIZE, SIZE),
        np.array(labels, np.int8),
        np.array(splits, "U12"),
        np.array(ids, int) if form == "course, unlabelled" else numbers,
    )


def read_votes(name: str, opener: Opener, faces: Faces, rows: int, source: str) -> np.ndarray:
    """FER+ votes of faces whose `ids` are row numbers; `rows`: how many rows the source has, bad ones too."""
    import pandas as pd

    with opener() as file:
        try:
            table = pd.read_csv(io.BytesIO(file.read()), skipinitialspace=True)
        except ValueError as error:
            raise SourceError(f"{name} is not a FER+ vote file: {error}") from None
    if missing := [column for column in ("Usage", *VOTE_NAMES) if column not in table]:
        raise SourceError(f"{name} is not a FER+ vote file: it has no column {missing[0]}")
    votes, usage = (
        table[list(VOTE_NAMES)].apply(pd.to_numeric, errors="coerce").to_numpy(float),
        table["Usage"].to_numpy("U12"),
    )
    if len(bad := np.flatnonzero(~((votes >= 0) & (votes < 256) & (votes % 1 == 0)).all(axis=1))):
        raise SourceError(f"{name}, row {bad[0] + 1} (line {bad[0] + 2}): votes are whole numbers from 0 to 255")
    joined = "votes are joined by row, so the two must agree"
    if len(votes) != rows:
        raise SourceError(f"{name} has {len(votes):,} rows but {source} has {rows:,}; {joined}")
    rows_kept = faces.ids - 1
    for row, split in zip(rows_kept, faces.splits, strict=True):
        if usage[row] != split:
            place = f"{name}, row {row + 1} (line {row + 2})"
            raise SourceError(f"{place}: Usage is {usage[row]} but {split} in {source}; {joined}")
    return votes[rows_kept].astype(np.uint8)
