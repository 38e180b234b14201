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
from PIL import Image
from pyarrow import parquet as pq

from fer_keras import SourceError, load_faces
from fer_keras.__main__ import main
from fer_keras.base.printable import printable
from fer_keras.data import archives, pictures, tables
from fer_keras.data.photographs import faces_in


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


def test_a_link_to_no_picture_is_counted_and_named(folder, some):
    next(folder.glob("train/*/*.png")).with_name("gone.png").symlink_to("nowhere.png")
    with pytest.raises(SourceError, match=r"gone.png: a link to nothing"):
        load_faces(folder)
    with pytest.warns(UserWarning, match=r"left out 1 bad faces, the first: train/\w+/gone.png"):
        assert len(load_faces(folder, skip_bad=True)) == len(some)


def test_however_many_rows_are_bad_all_are_counted(tmp_path, some):
    path = forms.csv(tmp_path / "faces.csv", some)
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *("9" + row[1:] for row in rows[:30]), *rows[30:]]))
    with pytest.raises(SourceError, match=r"row 1 .*\(29 more like it\)"):
        load_faces(path)
    with pytest.warns(UserWarning, match="left out 30 bad faces"):
        assert len(load_faces(path, skip_bad=True)) == len(some) - 30


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


def test_no_more_of_a_link_is_read_than_a_path_can_have(tmp_path, some, monkeypatch):
    monkeypatch.setattr(archives, "LONGEST_HEADER", 5)
    members = [("train/happy/1.png", of(some.images[0])), ("train/sad/2.png", (tarfile.SYMTYPE, "../happy/1.png"))]
    with pytest.raises(SourceError, match=r"has a link, train/sad/2.png, that leads to no file"):
        load_faces(packed(tmp_path / "a.zip", members))


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


def test_a_stream_that_is_cut_off_is_told(tmp_path, some):
    whole = gzip.compress(forms.csv(tmp_path / "fer2013.csv", some).read_bytes())
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=r"cut.csv.gz is damaged or truncated"):
        load_faces(tmp_path / "cut.csv.gz", skip_bad=True)


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
    with pytest.warns(UserWarning, match=r"left out 1 bad faces, the first: fer\\x1b\[2J2013.csv.*Trai\\+x1b"):
        load_faces(path, skip_bad=True)
    with pytest.raises(SourceError, match=r"a\\x1b.csv does not exist"):
        load_faces(tmp_path / "a\x1b.csv")
    assert printable("ä 顔\t\u202e\udcff") == r"ä 顔	\u202e\udcff"
    (tmp_path / "train" / "happy").mkdir(parents=True)
    (tmp_path / "train" / "happy" / "a\x1b[1m.png").write_bytes(of(some.images[0]))
    assert load_faces(tmp_path / "train").ids.tolist() == [r"happy/a\x1b[1m.png"]


def test_a_sparse_member_without_an_end_is_refused(tmp_path):
    info = tarfile.TarInfo("train/happy/1.png")
    info.size, info.pax_headers = 512, {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(b"9\n".ljust(512, b"\0")))
    with pytest.raises(SourceError, match=r"a.tar has a header that no honest archive has \(a file with holes\)"):
        load_faces(tmp_path / "a.tar")


def test_zeros_are_not_searched_for_an_archive(tmp_path, monkeypatch):
    (tmp_path / "zeros.csv").write_bytes(bytes(1024))
    monkeypatch.setattr("tarfile.open", None)
    with pytest.raises(SourceError, match=r"zeros.csv is no CSV"):
        load_faces(tmp_path / "zeros.csv")


def test_an_encrypted_archive_is_refused(tmp_path, some):
    path = packed(tmp_path / "a.zip", [("train/happy/1.png", of(some.images[0]))])
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"a.zip is encrypted; unpack it"):
        load_faces(path)


def test_more_votes_and_rows_than_any_form_has_are_not_read(tmp_path, some, monkeypatch):
    path = forms.csv(tmp_path / "fer2013.csv", some, votes=True)
    monkeypatch.setattr(tables, "LARGEST_VOTES", 100)
    with pytest.raises(SourceError, match=r"fer2013new.csv is not .*: it holds more than 100 bytes"):
        load_faces(path)
    monkeypatch.setattr(pictures, "MOST_ROWS", 10)
    folder = forms.parquet(tmp_path / "parquet", some)
    with pytest.raises(SourceError, match=r"\.parquet has \d+ rows, more than 10; split it"):
        load_faces(folder)


def test_a_flipped_bit_in_parquet_is_seen(tmp_path, some):
    images = [of(image) for image in some.images]
    table, path = pa.table({"image": images, "label": ["sad"] * len(images)}), tmp_path / "train.parquet"
    pq.write_table(table, path, compression="none", use_dictionary=False, write_page_checksum=True)
    assert len(load_faces(path)) == len(some)
    data = bytearray(path.read_bytes())
    data[data.index(images[3]) + len(images[3]) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"train.parquet cannot be read as Parquet"):
        load_faces(path, skip_bad=True)


@pytest.mark.parametrize("size", [0, 100])
def test_what_only_begins_as_parquet_is_refused(tmp_path, size):
    (tmp_path / "train.parquet").write_bytes(b"PAR1" + bytes(size) + b"PAR1")
    with pytest.raises(SourceError, match=r"train.parquet cannot be read as Parquet"):
        load_faces(tmp_path / "train.parquet", skip_bad=True)


def test_the_tables_that_are_not_read_are_named(tmp_path, some):
    forms.csv(tmp_path / "fer2013.csv", some)
    forms.course(tmp_path / "train.csv", some)
    with pytest.warns(UserWarning, match=r"read fer2013.csv and left train.csv alone"):
        load_faces(tmp_path)


def test_names_of_members_and_photographs_do_not_move_the_cursor(archive, tmp_path, some):
    odd = "a\x1b[1m.png"
    assert load_faces(archive([(f"train/happy/{odd}", of(some.images[0]))])).ids.tolist() == [
        r"train/happy/a\x1b[1m.png"
    ]
    (tmp_path / odd).write_bytes(of(some.images[0]))
    (face,) = faces_in(tmp_path / odd)
    assert face.name == r"a\x1b[1m.png"


def test_names_that_would_be_written_alike_are_refused(tmp_path, some):
    folder = tmp_path / "happy"
    folder.mkdir()
    for name, image in zip(["a\n.png", "a\\n.png"], some.images, strict=False):
        (folder / name).write_bytes(forms.png(image))
    with pytest.raises(SourceError, match="differ in control characters only"):
        load_faces(tmp_path)


def test_a_file_with_the_name_of_the_drawn_faces_is_refused(tmp_path, some):
    with pytest.raises(SourceError, match="embedded has the name of the drawn faces"):
        load_faces(forms.csv(tmp_path / "embedded", some))


def test_packed_files_and_votes_that_are_not_read_are_named(tmp_path, some):
    forms.csv(tmp_path / "a.csv", some)
    (tmp_path / "more.csv.gz").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"passed over 1 files that are packed, such as more.csv.gz"):
        load_faces(tmp_path)
    pictures = forms.folder(tmp_path / "pictures", some)
    (pictures / "fer2013new.csv").write_text("Usage\n")
    with pytest.warns(UserWarning, match=r"fer2013new.csv is left alone"):
        load_faces(pictures)


def test_a_part_of_a_parquet_file_that_is_missing_is_named(tmp_path, some):
    whole = forms.parquet(tmp_path / "parts", some)
    assert len(load_faces(whole)) == len(some)
    (whole / "train-00000-of-00001.parquet").rename(whole / "train-00000-of-00002.parquet")
    for source in (whole, whole / "train-00000-of-00002.parquet"):
        with pytest.raises(SourceError, match=r"train-00001-of-00002.parquet is missing, one of 2 parts"):
            load_faces(source)


def test_a_picture_of_16_bits_that_is_as_good_as_black_is_refused(tmp_path, some):
    for factor in (1, 257):
        Image.fromarray(some.images[0].astype(np.uint16) * factor).save(tmp_path / f"{factor}.png")
    assert np.array_equal(load_faces(tmp_path / "257.png").images[0], some.images[0])
    with pytest.raises(SourceError, match="16 bits a pixel and is as good as black"):
        load_faces(tmp_path / "1.png")


def test_an_id_that_is_there_twice_is_refused(tmp_path, some):
    path = forms.unlabelled(tmp_path / "test.csv", some)
    path.write_text(path.read_text().replace("\n1,", "\n0,"))
    with pytest.raises(SourceError, match="several rows of id 0"):
        load_faces(path)


def test_a_palette_with_shades_of_transparency_is_read_without_a_word(tmp_path, some, recwarn):
    shades = bytes(range(256))
    Image.fromarray(some.images[0]).convert("P").save(tmp_path / "face.png", transparency=shades)
    assert np.array_equal(load_faces(tmp_path / "face.png").images[0], some.images[0])
    assert not [each for each in recwarn if "alette" in str(each.message)]


def test_an_escape_in_the_name_of_a_source_does_not_reach_the_terminal(tmp_path, some, capsys):
    assert main(["data", str(forms.csv(tmp_path / "a\x1b[31m.csv", some))]) == 0
    assert "\x1b" not in capsys.readouterr().out
