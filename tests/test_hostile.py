"""Sources that would lose faces without a word, hang or take all memory: a sentence, or a count with names."""

import gzip
import io
import json
import os
import socket
import stat
import tarfile
import zipfile

import forms
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from fer_keras import SourceError, load_faces
from fer_keras.base.printable import printable
from fer_keras.data import archives, pictures


@pytest.fixture(scope="module")
def some(drawn):
    return drawn[:40]


@pytest.fixture
def folder(tmp_path, some):
    return forms.folder(tmp_path / "folder", some)


def of(image) -> bytes:
    return forms.png(image)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_may_not_be_read_is_refused(folder):
    (folder / "train" / "happy").chmod(0)
    with pytest.raises(SourceError, match=r"train/happy may not be read by you"):
        load_faces(folder)


def test_a_folder_that_cannot_be_listed_is_refused(folder, monkeypatch):
    listed = os.scandir

    def scandir(path):
        if str(path).endswith("happy"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr("os.scandir", scandir)
    with pytest.raises(SourceError, match=r"train/happy may not be read by you"):
        load_faces(folder, skip_bad=True)


def test_a_folder_that_is_there_twice_is_refused(folder):
    (folder / "validation").symlink_to(folder / "train")
    with pytest.raises(SourceError, match=r"validation and .*train are one folder, linked"):
        load_faces(folder, skip_bad=True)


def test_a_linked_split_that_leads_nowhere_is_refused(folder):
    (folder / "validation").symlink_to(folder / "gone")
    with pytest.raises(SourceError, match=r"validation is a link to nothing"):
        load_faces(folder, skip_bad=True)


def test_a_picture_that_cannot_be_read_is_counted_and_named(folder, some, monkeypatch):
    bad = next(folder.glob("train/*/*.png"))
    bad.rename(bad.with_name("a.png"))
    opened = open

    def refuse(path, *options):
        if str(path).endswith("a.png"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *options)

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(SourceError, match=r"a.png: cannot be read \(Permission denied\); skip_bad"):
        load_faces(folder)
    with pytest.warns(UserWarning, match=r"left out 1 bad faces, the first: train/\w+/a.png"):
        assert len(load_faces(folder, skip_bad=True)) == len(some) - 1


def test_a_damaged_member_is_counted_and_named(tmp_path, folder, some):
    path = forms.zipped(tmp_path / "a.zip", folder)
    with zipfile.ZipFile(path) as archive:
        member = archive.infolist()[3]
    data = bytearray(path.read_bytes())
    data[member.header_offset + 30 + len(member.filename) + member.compress_size - 3] ^= 8
    path.write_bytes(data)
    with pytest.raises(SourceError, match=rf"{member.filename}: cannot be read"):
        load_faces(path)
    with pytest.warns(UserWarning, match="left out 1 bad faces"):
        assert len(load_faces(path, skip_bad=True)) == len(some) - 1


@pytest.mark.parametrize("trouble", [ZeroDivisionError("division"), KeyError(3), MemoryError()])
def test_whatever_a_picture_raises_is_that_pictures(folder, some, monkeypatch, trouble):
    def raises(picture):
        raise trouble

    monkeypatch.setattr("PIL.ImageOps.exif_transpose", raises)
    with pytest.raises(SourceError, match=rf"\.png: cannot be decoded as .* \({len(some) - 1} more like it\)"):
        load_faces(folder)


def packed(path, members):
    """members: names, and bytes, or a pair of the kind of link and what it leads to."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members:
                info = zipfile.ZipInfo("placeholder")
                info.filename = name
                if isinstance(data, tuple):
                    info.external_attr = (stat.S_IFLNK | 0o777) << 16
                    data = data[1].encode()
                archive.writestr(info, data)
    else:
        with tarfile.open(path, "w") as archive:
            for name, data in members:
                info = tarfile.TarInfo(name)
                if isinstance(data, tuple):
                    info.type, info.linkname = data
                    archive.addfile(info)
                else:
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture(params=["a.zip", "a.tar"])
def archive(tmp_path, request):
    return lambda members: packed(tmp_path / request.param, members)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("again", ["train/happy/1.png", "train\\happy\\1.png", "./train/happy//1.png"])
def test_two_members_of_one_name_are_refused(archive, some, again):
    members = [("train/happy/1.png", of(some.images[0])), (again, of(some.images[1]))]
    with pytest.raises(SourceError, match=r"two members called train/happy/1.png"):
        load_faces(archive(members), skip_bad=True)


def test_members_with_backslashes_lie_in_folders(archive, some):
    path = archive([("train\\happy\\1.png", of(some.images[0])), ("train\\sad\\2.png", of(some.images[1]))])
    assert load_faces(path).labels.tolist() == [3, 4]


def test_links_in_archives_are_followed_or_refused(archive, some):
    picture = ("train/happy/1.png", of(some.images[0]))
    linked = archive([picture, ("train/sad/2.png", (tarfile.SYMTYPE, "../happy/1.png"))])
    assert load_faces(linked).labels.tolist() == [3, 4]
    for name, target in [("test", "train"), ("train/sad/2.png", "3.png"), ("train/sad/2.png", "2.png")]:
        with pytest.raises(SourceError, match=rf"has a link, {name}, that leads to no file in it"):
            load_faces(archive([picture, (name, (tarfile.SYMTYPE, target))]), skip_bad=True)


def test_pipes_in_archives_are_refused(tmp_path, some):
    members = [("train/happy/1.png", of(some.images[0])), ("train/happy/2.png", (tarfile.FIFOTYPE, ""))]
    with pytest.raises(SourceError, match=r"no regular file, train/happy/2.png"):
        load_faces(packed(tmp_path / "a.tar", members))


def damaged_header(data: bytearray, number: int) -> bytearray:
    data[number * 1024 + 150] ^= 1  # its checksum
    return data


@pytest.mark.parametrize("damage", [lambda data: damaged_header(data, 2), lambda data: data[: 3 * 1024]])
def test_a_tar_archive_whose_rest_cannot_be_read_is_refused(tmp_path, some, damage):
    members = [(f"train/happy/{number}.png", b"x" * 512) for number in range(4)]
    path = packed(tmp_path / "a.tar", members)
    path.write_bytes(damage(bytearray(path.read_bytes())))
    with pytest.raises(SourceError, match=r"a.tar is damaged or truncated"):
        load_faces(path)


def header(kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo("name")
    info.type, info.size = kind, 0
    data = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    data[124:136] = (size % 256**12).to_bytes(12, "big") if size < 0 else tarfile.itn(size, 12, tarfile.GNU_FORMAT)
    data[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(data))[0]
    return bytes(data)


@pytest.mark.parametrize(
    "odd",
    [
        header(tarfile.REGTYPE, -1024),
        header(tarfile.XHDTYPE, -512),
        header(tarfile.XHDTYPE, 1 << 30),
        header(tarfile.GNUTYPE_LONGNAME, 1 << 40),
        header(tarfile.GNUTYPE_SPARSE, 512),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_tar_headers_that_keep_python_busy_are_refused(tmp_path, odd, first):
    path = tmp_path / "a.tar"
    before = b"" if first else header(tarfile.REGTYPE, 0)
    path.write_bytes(before + odd + bytes(4096))
    with pytest.raises(SourceError, match=r"a.tar has a header that no honest archive has"):
        load_faces(path)


def test_pipes_sockets_and_devices_are_refused(tmp_path, folder, monkeypatch):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "linked.csv").symlink_to(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", tmp_path / "linked.csv", "/dev/zero"):
        with pytest.raises(SourceError, match=r"no regular file but a pipe, a device or a socket"):
            load_faces(path)
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)  # a socket has a short path
        listening.bind("socket.png")
        (folder / "train" / "happy" / "1.png").symlink_to(tmp_path / "socket.png")
        with pytest.raises(SourceError, match=r"1.png is no regular file"):
            load_faces(folder)


def test_more_bytes_than_a_face_can_have_are_not_read(tmp_path, folder, some, monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST_FILE", 100)
    with pytest.raises(SourceError, match=r"holds more than 100 bytes, which is no picture"):
        load_faces(folder)
    path = tmp_path / "fer2013.csv.gz"
    path.write_bytes(gzip.compress(forms.csv(tmp_path / "fer2013.csv", some).read_bytes()))
    monkeypatch.setattr(archives, "LARGEST", path.stat().st_size)
    with pytest.raises(SourceError, match=r"fer2013.csv.gz would unpack to"):
        load_faces(path)


@pytest.mark.parametrize("old, new", [("Usage", "Usage,usage"), ("emotion", "emotion, Emotion")])
def test_a_column_that_is_there_twice_is_refused(tmp_path, some, old, new):
    path = forms.csv(tmp_path / "fer2013.csv", some)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(SourceError, match=rf"fer2013.csv, line 1 has two columns {old}; leave one"):
        load_faces(path, skip_bad=True)


def test_a_column_that_is_there_twice_in_votes_is_refused(tmp_path, some):
    path = forms.csv(tmp_path / "fer2013.csv", some, votes=True)
    votes = path.with_name("fer2013new.csv")
    votes.write_text(votes.read_text().replace("anger", "fear", 1))
    with pytest.raises(SourceError, match=r"fer2013new.csv, line 1 has two columns fear"):
        load_faces(path)


def test_truth_values_are_no_labels(tmp_path, some):
    images = [of(image) for image in some.images]
    table = pd.DataFrame({"image": images, "label": np.arange(len(images)) % 2 == 0})
    table.to_parquet(tmp_path / "train.parquet")
    with pytest.raises(SourceError, match=r"train.parquet, row 1: label is True, not one of angry"):
        load_faces(tmp_path / "train.parquet")
    told = {"info": {"features": {"label": {"names": ["sad", "happy"]}}}}
    table = pa.table({"image": images, "label": [True] * len(images)}).replace_schema_metadata(
        {"huggingface": json.dumps(told)}
    )
    pq.write_table(table, tmp_path / "test.parquet")
    with pytest.raises(SourceError, match=r"test.parquet, row 1: label is True, not one of angry"):
        load_faces(tmp_path / "test.parquet")


def test_a_column_that_is_there_twice_in_parquet_is_refused(tmp_path, some):
    images = [of(image) for image in some.images]
    pq.write_table(pa.table([images, images, [0] * 40], ["image", "image", "label"]), tmp_path / "train.parquet")
    with pytest.raises(SourceError, match=r"train.parquet has to have one column image .*found: image, image, label"):
        load_faces(tmp_path / "train.parquet")


def test_what_moves_a_terminals_cursor_is_written_out(tmp_path, some):
    path = forms.csv(tmp_path / "fer\x1b[2J2013.csv", some)
    path.write_text(path.read_text().replace("Training", "Trai\x1b]0;ning", 1))
    with pytest.raises(SourceError) as refused:
        load_faces(path)
    assert "\x1b" not in str(refused.value) and r"fer\x1b[2J2013.csv" in str(refused.value)
    with pytest.raises(SourceError, match=r"a\\x1b.csv does not exist"):
        load_faces(tmp_path / "a\x1b.csv")
    assert printable("ä 顔\t\u202e\udcff") == r"ä 顔	\u202e\udcff"
    (tmp_path / "train" / "happy").mkdir(parents=True)
    (tmp_path / "train" / "happy" / "a\x1b[1m.png").write_bytes(of(some.images[0]))
    assert load_faces(tmp_path / "train").ids.tolist() == [r"happy/a\x1b[1m.png"]
