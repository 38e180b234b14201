"""Every form of the data gives the same faces, and a broken file is refused in one sentence that says where."""

import csv
import gzip
import io
import json
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

import forms
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyarrow import parquet as pq

from fer_keras import EMOTIONS, SourceError, load_faces
from fer_keras.base import home
from fer_keras.data import pictures, tables
from fer_keras.data.problems import Problems


@pytest.fixture(scope="module")
def some(drawn):
    """60 faces of all three splits, in the order of a file."""
    return drawn[np.random.default_rng(1).permutation(len(drawn))[:60]]


@pytest.mark.parametrize(
    "write",
    [
        lambda path, faces: forms.csv(path / "fer2013.csv", faces),
        lambda path, faces: forms.icml(path / "icml_face_data.csv", faces),
        lambda path, faces: forms.csv(path / "csv.txt", faces),
        lambda path, faces: forms.zipped(path / "a.zip", forms.csv(path / "fer2013.csv", faces)),
        lambda path, faces: forms.zipped(path / "zip.csv", forms.csv(path / "fer2013.csv", faces)),
        lambda path, faces: forms.tarred(path / "a.tar.gz", forms.csv(path / "fer2013.csv", faces)),
        lambda path, faces: forms.folder(path / "folder", faces),
        lambda path, faces: forms.zipped(path / "a.zip", forms.folder(path / "folder", faces)),
        lambda path, faces: forms.tarred(path / "a.tgz", forms.folder(path / "folder", faces)),
        lambda path, faces: forms.parquet(path / "parquet", faces),
    ],
    ids=["csv", "icml", "txt", "zip", "zip-named-csv", "tar.gz", "folder", "zipped-folder", "tarred-folder", "parquet"],
)
def test_every_form_gives_the_same_faces(tmp_path, some, write):
    source = write(tmp_path, some)
    first, again = load_faces(source), load_faces(source)
    assert first.fingerprint == again.fingerprint == some.fingerprint
    assert first.class_counts().equals(some.class_counts())


def test_course_form_is_training_and_its_test_form_is_unlabelled(tmp_path, some):
    training = some.split("Training")
    assert load_faces(forms.course(tmp_path / "train.csv", training)).fingerprint == training.fingerprint
    test = load_faces(forms.unlabelled(tmp_path / "test.csv", some))
    assert (test.labels == -1).all() and set(test.splits) == {"Unlabelled"}
    assert (test.images == some.images).all() and (test.ids == np.arange(60)).all()


def test_votes_are_joined_by_row(tmp_path, some):
    faces = load_faces(forms.csv(tmp_path / "fer2013.csv", some, votes=True))
    assert (faces.votes == some.votes).all()


def test_votes_stay_with_their_rows_when_a_bad_row_is_left_out(tmp_path, some):
    path = forms.csv(tmp_path / "fer2013.csv", some, votes=True)
    path.write_text(spoil(path.read_text(), 5, lambda row: row.replace(" ", " x", 1)))
    with pytest.warns(UserWarning, match="left out 1 bad"):
        faces = load_faces(path, skip_bad=True)
    assert (faces.votes == np.delete(some.votes, 4, axis=0)).all()
    assert (faces.ids == np.delete(np.arange(1, 61), 4)).all()


def test_votes_in_another_order_are_refused(tmp_path, some):
    path = forms.csv(tmp_path / "fer2013.csv", some, votes=True)
    votes = path.with_name("fer2013new.csv")
    header, *rows = votes.read_text().splitlines()
    votes.write_text("\n".join([header, *rows[::-1]]))
    with pytest.raises(SourceError, match=r"fer2013new.csv, row \d+ .*must agree"):
        load_faces(path)


def spoil(text: str, row: int, change) -> str:
    lines = text.split("\n")
    lines[row] = change(lines[row])
    return "\n".join(lines)


@pytest.mark.parametrize("form", ["csv", "icml"])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda row: row.replace(" ", "", 1), r"2,303 pixels instead of 2,304"),
        (lambda row: row.replace(" ", " 7 ", 1), r"2,305 pixels instead of 2,304"),
        (lambda row: spoil_pixel(row, "256"), r"pixel 2 is '256', not a whole number from 0 to 255"),
        (lambda row: spoil_pixel(row, "-1"), r"pixel 2 is '-1'"),
        (lambda row: spoil_pixel(row, "12.5"), r"pixel 2 is '12.5'"),
        (lambda row: spoil_pixel(row, "1234"), r"pixel 2 is '1234'"),
        (lambda row: spoil_pixel(row, "0x1F"), r"pixel 2 is '0x1F'"),
        (lambda row: spoil_pixel(row, "nan"), r"pixel 2 is 'nan'"),
        (lambda row: spoil_pixel(row, "٣"), r"pixel 2 is '٣'"),
        (lambda row: spoil_pixel(row, "0" * 25 + "300"), r"pixel 2 is '0+'"),
        (lambda row: "7" + row[1:], r"emotion is '7', not a whole number from 0 to 6"),
        (lambda row: "-1" + row[1:], r"emotion is '-1'"),
        (lambda row: row[1:], r"emotion is ''"),
        (lambda row: row.replace("T", "t").replace("P", "p"), r"Usage is '\w+', none of Training, PublicTest"),
        (lambda row: row + ",1", r"4 columns instead of 3"),
        (lambda row: "0," + row, r"4 columns instead of 3"),
    ],
    ids=[
        "short",
        "long",
        "256",
        "negative",
        "fraction",
        "four-digits",
        "hex",
        "nan",
        "arabic",
        "overflow",
        "label-7",
        "label-negative",
        "no-label",
        "usage",
        "right",
        "left",
    ],
)
def test_a_bad_row_is_named_and_can_be_left_out(tmp_path, some, form, change, says):
    path = getattr(forms, form)(tmp_path / "faces.csv", some)
    path.write_text(spoil(path.read_text(), 17, change))
    with pytest.raises(SourceError, match=rf"^faces.csv, row 17 \(line 18\): .*{says}") as caught:
        load_faces(path)
    assert "\n" not in str(caught.value)
    assert not list((home.folder() / "faces").glob(f"*{tmp_path.name}*"))
    with pytest.warns(UserWarning, match=r"left out 1 bad faces, the first: faces.csv, row 17"):
        assert len(load_faces(path, skip_bad=True)) == 59


def spoil_pixel(row: str, value: str) -> str:
    return " ".join([row.split(" ")[0], value, *row.split(" ")[2:]])


def test_all_bad_rows_are_counted(tmp_path, some):
    path = forms.csv(tmp_path / "faces.csv", some)
    for row in (3, 9, 27):
        path.write_text(spoil(path.read_text(), row, lambda text: "9" + text[1:]))
    with pytest.raises(SourceError, match=r"row 3 .*\(2 more like it\)"):
        load_faces(path)


def write_bomb(path, side):
    """A PNG of side × side pixels in a few bytes."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 999))]
    data = b"".join(struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (
            lambda f: (f / "test" / "confused").mkdir() or (f / "test" / "sad").rename(f / "test" / "confused" / "sad"),
            r"the folder test/confused/sad with \d+ pictures lies in no split",
        ),
        (
            lambda f: (f / "train" / "sad").rename(f / "train" / "confused"),
            r"the folder train/confused with \d pictures is none of the seven classes",
        ),
        (lambda f: next(f.rglob("*.png")).write_bytes(b"no picture"), r"\.png: cannot be decoded"),
        (lambda f: cut(next(f.rglob("*.png"))), r"\.png: cannot be decoded"),
        (lambda f: write_bomb(next(f.rglob("*.png")), 10_000), r"refused as a decompression bomb"),
        (lambda f: write_bomb(next(f.rglob("*.png")), 60_000), r"refused as a decompression bomb"),
    ],
    ids=["nested-deeper", "unknown-class", "no-picture", "truncated-picture", "bomb", "larger-bomb"],
)
def test_bad_pictures_are_named_and_can_be_left_out(tmp_path, some, break_it, says):
    folder = forms.folder(tmp_path / "folder", some)
    break_it(folder)
    with pytest.raises(SourceError, match=says):
        load_faces(folder)
    with pytest.warns(UserWarning, match="left out"):
        assert 40 < len(load_faces(folder, skip_bad=True)) < 60


def cut(path, share=0.5):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def test_test_folder_without_telling_names_is_said_to_be_mixed(tmp_path, some):
    folder = forms.folder(tmp_path / "folder", some, test_names=False)
    for _ in range(2):  # from the cache as well
        with pytest.warns(UserWarning, match="no validation folder and no file name tells"):
            faces = load_faces(folder)
        assert set(faces.splits) == {"Training", "PrivateTest"}


def archive_with(path, member, size=3):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, "x" * size)
    else:
        with tarfile.open(path, "w:gz") as archive:
            info = tarfile.TarInfo(member)
            info.size = size
            archive.addfile(info, io.BytesIO(b"x" * size))
    return path


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
@pytest.mark.parametrize("member", ["../fer2013.csv", "/fer2013.csv", "a/../../b.csv", "C:\\fer2013.csv"])
def test_archive_members_with_unsafe_paths_are_refused(tmp_path, name, member):
    with pytest.raises(SourceError, match=rf"{name} has a member with an unsafe path"):
        load_faces(archive_with(tmp_path / name, member))


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
@pytest.mark.parametrize("pack", [forms.zipped, forms.tarred])
def test_truncated_archives_are_refused(tmp_path, some, pack, share):
    path = pack(tmp_path / "faces.archive", forms.csv(tmp_path / "fer2013.csv", some))
    cut(path, share)
    with pytest.raises(SourceError, match=r"faces.archive is damaged or truncated"):
        load_faces(path)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("fer_keras.data.archives.LARGEST", 1 << 20)
    for name in ("a.zip", "a.tar.gz"):
        with pytest.raises(SourceError, match=rf"{name} would unpack to"):
            load_faces(archive_with(tmp_path / name, "fer2013.csv", 2 << 20))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", r"faces.csv is empty"),
        ("emotion,pixels,Usage\n", r"faces.csv has a header but no rows"),
        ("emotion,Usage\n0,Training\n", r"faces.csv, line 1 has no column pixels \(found: emotion, Usage\)"),
        ("emotion,pixels\n0,1 2\n", r"faces.csv, line 1 has no column Usage"),
        ("pixels,Usage\n1 2,Training\n", r"faces.csv, line 1 has no column emotion"),
        ("0" * 200_000, r"faces.csv, line 1 has no column"),
        ("emotion,pixels,Usage\n" + "0 " * 200_000, r"faces.csv, row 1 \(line 2\): longer than any face"),
        ("emotion,pixels\rUsage", r"faces.csv is no CSV"),
        ("BZh91AY\0\x0f\x01", r"faces.csv is no CSV, picture, Parquet, zip or tar archive"),
        ("a,b\n1,2\n", r"the forms are"),
    ],
    ids=[
        "empty",
        "header-only",
        "no-pixels",
        "no-usage",
        "no-emotion",
        "no-line-end",
        "long-row",
        "return",
        "binary",
        "other",
    ],
)
def test_a_file_that_is_no_data_is_refused(tmp_path, content, says):
    path = tmp_path / "faces.csv"
    path.write_text(content)
    with pytest.raises(SourceError, match=says):
        load_faces(path)


def test_a_vote_file_of_another_length_is_refused_or_left_out(tmp_path, some):
    path = forms.csv(tmp_path / "fer2013.csv", some, votes=True)
    votes = path.with_name("fer2013new.csv")
    votes.write_text("\n".join(votes.read_text().splitlines()[:-3]))
    with pytest.raises(SourceError, match=r"fer2013new.csv has 57 rows but fer2013.csv has 60"):
        load_faces(path)
    with pytest.warns(UserWarning, match="votes are left out"):
        assert load_faces(path, skip_bad=True).votes is None


def test_a_missing_source_and_several_sources_are_refused(tmp_path, some):
    with pytest.raises(SourceError, match=r"nothing.csv does not exist"):
        load_faces(tmp_path / "nothing.csv")
    with pytest.raises(SourceError, match="holds no CSV"):
        load_faces(tmp_path)
    forms.csv(tmp_path / "fer2013.csv", some)
    forms.folder(tmp_path / "folder", some)
    with pytest.raises(SourceError, match="60 pictures and 1 CSV files; name the one to read"):
        load_faces(tmp_path)


def test_a_folder_that_is_no_split_is_not_taken_for_training(tmp_path, some):
    folder = forms.folder(tmp_path / "folder", some, test_names=False)
    (folder / "test").rename(folder / "holdout")
    with pytest.raises(SourceError, match=r"the folder holdout/\w+ with \d+ pictures lies in no split"):
        load_faces(folder)
    with pytest.warns(UserWarning, match="left out 13 bad faces"):
        assert set(load_faces(folder, skip_bad=True).splits) == {"Training"}


def test_linked_folders_files_and_loops_are_read(tmp_path, some):
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "train").symlink_to(forms.folder(tmp_path / "folder", some) / "train")
    (tmp_path / "linked" / "test").symlink_to(tmp_path / "folder" / "test")
    (tmp_path / "linked" / "loop").symlink_to(tmp_path / "linked")
    assert load_faces(tmp_path / "linked").fingerprint == some.fingerprint
    (tmp_path / "blob").write_bytes(next(forms.parquet(tmp_path / "parquet", some).glob("train*")).read_bytes())
    (tmp_path / "train-0.parquet").symlink_to(tmp_path / "blob")
    assert load_faces(tmp_path / "train-0.parquet").fingerprint == some.split("Training").fingerprint


def test_archives_made_in_other_ways_are_read(tmp_path, some):
    folder = forms.folder(tmp_path / "folder", some)
    subprocess.run(["tar", "-C", folder, "-czf", tmp_path / "dot.tgz", "."], check=True)
    assert load_faces(tmp_path / "dot.tgz").fingerprint == some.fingerprint
    with zipfile.ZipFile(tmp_path / "windows.zip", "w") as archive:
        for path in folder.rglob("*.png"):
            info = zipfile.ZipInfo("placeholder")
            info.filename = str(path.relative_to(folder)).replace("/", "\\")
            archive.writestr(info, path.read_bytes())
    assert load_faces(tmp_path / "windows.zip").fingerprint == some.fingerprint
    (tmp_path / "fer2013.csv.gz").write_bytes(gzip.compress(forms.csv(tmp_path / "a.csv", some).read_bytes()))
    assert load_faces(tmp_path / "fer2013.csv.gz").fingerprint == some.fingerprint


def test_files_that_are_no_pictures_are_told_of(tmp_path, some):
    folder = forms.folder(tmp_path / "folder", some)
    (folder / "train" / "happy" / "one.tiff").write_bytes(b"II*")
    (folder / "train" / "happy" / "Thumbs.db").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"passed over 1 files that are no pictures, such as train/happy/one.tiff"):
        assert len(load_faces(folder)) == 60


def test_a_row_too_long_for_a_face_is_left_out_and_lines_are_counted_with_blank_ones(tmp_path, some):
    path = forms.csv(tmp_path / "faces.csv", some)
    header, *rows = path.read_text().splitlines()
    rows[4] = "0," + "1 " * 200_000 + ",Training"
    rows[7] = rows[7].replace(" ", "", 1)
    path.write_text("\n".join([header, "", *rows[:6], "", *rows[6:]]))
    with pytest.raises(SourceError, match=r"row 5 \(line 7\): longer than any face's can be \(1 more"):
        load_faces(path)
    with pytest.warns(UserWarning, match="left out 2 bad"):
        faces = load_faces(path, skip_bad=True)
    assert faces.ids.tolist() == [i for i in range(1, 61) if i not in (5, 8)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace(",0,", ",0.7,", 1), r"row \d+ \(line \d+\): votes are whole numbers"),
        (lambda text: text.replace("NF", "no face"), "no column NF"),
        (lambda text: text + "\n1,2,3,4,5,6,7,8,9,10,11,12,13,14\n", r"is not a FER\+ vote file"),
    ],
    ids=["fraction", "column", "cells"],
)
def test_a_faulty_vote_file_is_refused_in_one_sentence(tmp_path, some, change, says):
    path = forms.csv(tmp_path / "fer2013.csv", some, votes=True)
    votes = path.with_name("fer2013new.csv")
    votes.write_text(change(votes.read_text()))
    with pytest.raises(SourceError, match=rf"^fer2013new.csv.*{says}") as caught:
        load_faces(path)
    assert "\n" not in str(caught.value)


def test_pictures_of_any_kind_become_upright_grey_squares():
    left_bright = np.zeros((100, 200, 3), np.uint8)
    left_bright[:, :100] = 255
    picture = Image.fromarray(left_bright)
    for save in ({"format": "PNG"}, {"format": "JPEG", "quality": 95}, {"format": "BMP"}, {"format": "WEBP"}):
        with io.BytesIO() as file:
            picture.save(file, **save)
            face = pictures.decode(file.getvalue())
        assert face.shape == (48, 48) and face[:, :20].mean() > 250 and face[:, 28:].mean() < 5, save
    with io.BytesIO() as file:  # 16 bits a pixel, and a camera held sideways
        exif = Image.Exif()
        exif[0x0112] = 6  # turn by 90° clockwise to see it upright
        picture.save(file, "JPEG", exif=exif)
        assert pictures.decode(file.getvalue())[:20].mean() > 250
    with io.BytesIO() as file:
        Image.fromarray(np.full((60, 60), 128 * 257, np.uint16)).save(file, "PNG")
        assert (pictures.decode(file.getvalue()) == 128).all()


def test_parquet_with_its_own_class_names_is_put_into_our_order(tmp_path, some):
    import json

    import pyarrow as pa
    from pyarrow import parquet

    names = ["neutral", "angry", "disgust", "fear", "happy", "sad", "surprise"]
    table = pa.table({
        "image": [forms.png(image) for image in some.images],
        "label": [names.index(EMOTIONS[label]) for label in some.labels],
    })  # fmt: skip
    about = {"info": {"features": {"label": {"names": names}}}}
    parquet.write_table(table.replace_schema_metadata({"huggingface": json.dumps(about)}), tmp_path / "train.parquet")
    assert (load_faces(tmp_path / "train.parquet").labels == some.labels).all()


def test_the_cache_follows_the_source(tmp_path, some):
    path = forms.csv(tmp_path / "fer2013.csv", some)
    before, status = load_faces(path), path.stat()
    forms.csv(path, some[::-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # same name, size and time of writing
    assert (load_faces(path).images == before.images[::-1]).all()


@pytest.mark.parametrize("damage", [lambda p: cut(p), lambda p: p.write_bytes(b""), lambda p: p.unlink()])
def test_a_damaged_cache_is_read_anew(tmp_path, some, monkeypatch, damage):
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path / "home"))
    path = forms.csv(tmp_path / "fer2013.csv", some)
    load_faces(path)
    (entry,) = (tmp_path / "home" / "faces").glob("*.npz")
    damage(entry)
    assert load_faces(path).fingerprint == some.fingerprint


def test_an_entry_of_another_stamp_is_not_restored():
    home.keep("test/entry", "one stamp", {"groups": np.arange(3)}, "about")
    assert home.restore("test/entry", "one stamp")[1] == "about"
    assert home.restore("test/entry", "another") is None


def test_nothing_is_cached_of_a_failed_load(tmp_path, some, monkeypatch):
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path / "home"))
    path = forms.csv(tmp_path / "fer2013.csv", some)
    path.write_text(spoil(path.read_text(), 3, lambda row: "9" + row[1:]))
    with pytest.raises(SourceError):
        load_faces(path)
    assert not (tmp_path / "home").exists()


def test_an_unwritable_cache_is_skipped_with_a_warning(tmp_path, some, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path / "file"))
    path = forms.csv(tmp_path / "fer2013.csv", some)
    with pytest.warns(UserWarning, match="not cached: .* could not be written"):
        assert load_faces(path).fingerprint == some.fingerprint


def test_faces_can_be_changed_whether_they_come_from_the_file_or_the_cache(tmp_path, some):
    path = forms.csv(tmp_path / "fer2013.csv", some)
    for _ in range(3):
        faces = load_faces(path)
        assert (faces.images == some.images).all()
        faces.images[:] = 0  # ours, not the cache's


def test_two_processes_that_cache_at_once_leave_a_whole_entry(tmp_path, some, monkeypatch):
    """Another one caches another state of the source while we do."""
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path))
    write, calls = home.write_whole, []

    def slow(path, writer):
        write(path, writer)
        calls.append(path)
        if len(calls) == 1:
            home.keep("faces/x", "other stamp", some.arrays())

    monkeypatch.setattr(home, "write_whole", slow)
    home.keep("faces/x", "stamp", some.arrays())
    for stamp in ("stamp", "other stamp"):
        kept = home.restore("faces/x", stamp)
        assert kept is None or set(kept[0]) == set(some.arrays())


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "kept"
    home.write_whole(path, lambda file: file.write(b"before"))

    def half(file):
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        home.write_whole(path, half)
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(0, 20_000), st.text(' 0129,x-\n\r\t"é', max_size=3), st.booleans())
def test_what_is_read_from_all_digits_at_once_is_what_python_reads(seed, place, text, replace):
    """Two rows with something put in anywhere: a row is refused, or read as `csv` and `int` read it."""
    rng = np.random.default_rng(seed)
    rows = [f"{rng.integers(7)},{' '.join(map(str, rng.integers(0, 256, 2304)))},PublicTest\n" for _ in range(2)]
    data = "emotion,pixels,Usage\n" + "".join(rows)
    place += data.index("\n") + 1
    data = data[:place] + text + data[place + len(text) * replace :]
    faces = tables.read_csv("f", lambda: io.BytesIO(data.encode()), problems := Problems())
    lines = [line for line in data.split("\n")[1:] if line.strip()]
    assert len(faces) + problems.count == len(lines)
    for number, image, label, split in zip(faces.ids, faces.images, faces.labels, faces.splits, strict=True):
        ((emotion, pixels, usage),) = csv.reader([lines[number - 1]], skipinitialspace=True)
        assert (int(emotion), usage.strip()) == (label, split)
        assert [int(value) for value in pixels.split()] == image.ravel().tolist()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace(" ", "  ", 5),
        lambda text: text.replace(",Training", " ,Training"),
        lambda text: text.replace(",", ", "),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text.rstrip("\n"),
        lambda text: "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.split("\n") if line),
        lambda text: text.replace("emotion,pixels,Usage", "EMOTION,Pixels, usage"),
    ],
    ids=["crlf", "mark", "two-spaces", "trailing", "commas", "blank-lines", "no-last-newline", "quoted", "capitals"],
)
def test_harmless_differences_are_read_all_the_same(tmp_path, some, change):
    path = forms.csv(tmp_path / "fer2013.csv", some)
    path.write_bytes(change(path.read_text()).encode())
    assert load_faces(path).fingerprint == some.fingerprint


def test_reading_starts_neither_tensorflow_nor_keras(tmp_path, some):
    path = forms.csv(tmp_path / "fer2013.csv", some)
    loaded = "{'tensorflow', 'keras'} & set(sys.modules)"
    code = f"import sys, fer_keras; fer_keras.load_faces({str(path)!r}); sys.exit(str({loaded} or 0))"
    assert subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True).stderr == "0\n"


CALLED = ("Anger", "disgusted", "scared", "3_Joy", "sadness", "surprised", "neutral")


def flat(path, faces, names=EMOTIONS):
    """Class folders without splits."""
    for i, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        (path / names[label]).mkdir(parents=True, exist_ok=True)
        (path / names[label] / f"{i}.png").write_bytes(forms.png(image))
    return path


def test_class_folders_are_known_by_other_words(tmp_path, some):
    faces = load_faces(flat(tmp_path / "mine", some, CALLED))
    assert set(faces.splits) == {"Training"} and sorted(faces.labels) == sorted(some.labels)
    right = {image.tobytes(): label for image, label in zip(some.images, some.labels, strict=True)}
    assert all(right[image.tobytes()] == label for image, label in zip(faces.images, faces.labels, strict=True))


def test_folders_of_other_names_are_told_in_one_sentence(tmp_path, some):
    names = ("angry", "contempt", "fear", "happy", "calm", "surprise", "6")
    three = r"the folders 6 with \d+ pictures, calm with \d+ pictures, contempt with \d+ pictures are none of the seven"
    with pytest.raises(SourceError, match=rf"^{three} classes angry, .*: rename what is one, move the rest away"):
        load_faces(flat(tmp_path / "mine", some, names))


@pytest.mark.parametrize(("form", "column"), [("csv", "emotion"), ("course", "label")])
def test_labels_may_be_words(tmp_path, some, form, column):
    source = some.split("Training")
    path = getattr(forms, form)(tmp_path / "faces.csv", source)
    table = pd.read_csv(path)
    table[column] = [CALLED[label] for label in table[column]]
    table.to_csv(path, index=False)
    assert load_faces(path).fingerprint == source.fingerprint
    table.loc[3, column] = "contempt"
    table.to_csv(path, index=False)
    with pytest.raises(SourceError, match=rf"row 4 \(line 5\): {column} is 'contempt', none of angry, disgust, "):
        load_faces(path)


ALPHABET = sorted(EMOTIONS)  # in which 4 is neutral


def parquet(path, faces, columns=("img_bytes", "labels"), names=None, told=None):
    """Of images and labels as they are or, with names, as numbers in this order; told: names in the file's metadata."""
    labels = faces.labels.tolist() if names is None else [names.index(EMOTIONS[label]) for label in faces.labels]
    table = pa.table(dict(zip(columns, ([forms.png(image) for image in faces.images], labels), strict=True)))
    if told:
        about = {"info": {"features": {columns[1]: {"names": told, "_type": "ClassLabel"}}}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
    pq.write_table(table, path)
    return path


def test_parquet_tells_itself_in_which_order_its_classes_are(tmp_path, some):
    training = some.split("Training")
    path = parquet(tmp_path / "train.parquet", training, names=ALPHABET, told=ALPHABET)
    assert load_faces(path).fingerprint == training.fingerprint
    told = ["contempt" if name == "sad" else name for name in ALPHABET]
    with pytest.raises(SourceError, match=r"train.parquet, row \d+: labels is 5 \(contempt\), not one of angry"):
        load_faces(parquet(path, training, names=ALPHABET, told=told))


def test_parquet_with_words_for_labels_is_read(tmp_path, some):
    training = some.split("Training")
    table = pa.table({
        "img_bytes": [forms.png(image) for image in training.images],
        "labels": pa.array([CALLED[label] for label in training.labels]).dictionary_encode(),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "train.parquet")
    assert load_faces(tmp_path / "train.parquet").fingerprint == training.fingerprint


def test_an_order_that_parquet_does_not_tell_is_asked_for_or_said(tmp_path, some):
    training = some.split("Training")
    path = parquet(tmp_path / "train.parquet", training, names=ALPHABET)
    with pytest.raises(SourceError, match=r"train.parquet does not tell what .* column labels mean: 4 is sad in"):
        load_faces(path)
    parquet(path, training, columns=("img_bytes", "label"))
    for _ in range(2):  # from the cache as well
        with pytest.warns(UserWarning, match=r"they are taken in FER2013's order, 0 angry, .* 4 sad, 5 surprise"):
            assert load_faces(path).fingerprint == training.fingerprint
    with pytest.raises(SourceError, match=r"has to have one column image or img_bytes \(found: a, label\)"):
        load_faces(parquet(path, training, columns=("a", "label")))
