"""The files of a folder, of a .zip or .tar(.gz) archive, or one file: a name and a way to open it, nothing unpacked."""

import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from fer_keras.data.problems import SourceError

LARGEST = 4 << 30  # bytes in an archive: more than ten times fer2013.csv
READ_ERRORS = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError)

Opener = Callable[[], BinaryIO]
Files = dict[str, Opener]  # in the order in which they are best read


@contextmanager
def list_files(path: Path) -> Iterator[Files]:
    """The files in `path` by their relative names, without hidden ones."""
    with ExitStack() as stack:
        try:
            if path.is_dir():
                files = {p.relative_to(path).as_posix(): partial(open, p, "rb") for p in files_below(path)}
            elif path.stat().st_size == 0:
                raise SourceError(f"{path.name} is empty (0 bytes)")
            elif zipfile.is_zipfile(path) or _starts(path, b"PK\x03\x04"):
                files = _zip_members(stack.enter_context(zipfile.ZipFile(path)), path.name)
            elif tarfile.is_tarfile(path):
                files = _tar_members(stack.enter_context(tarfile.open(path)), path.name)
            elif _starts(path, b"\x1f\x8b"):
                files = {path.stem: partial(gzip.open, path)}
            else:
                files = {path.name: partial(open, path, "rb")}
        except (FileNotFoundError, NotADirectoryError):
            raise SourceError(f"{path} does not exist; give a CSV, a folder, a Parquet file, or `embedded`") from None
        except PermissionError:
            raise SourceError(f"{path} may not be read by you; change its permissions") from None
        except READ_ERRORS as error:
            raise damaged(path, error) from error
        yield {name: opener for name, opener in files.items() if len(files) == 1 or not _hidden(name)}


def files_below(folder: Path) -> list[Path]:
    """All files in a folder, linked folders included, each folder once."""
    found, seen = [], set()
    for where, folders, names in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(where))
        folders[:] = [name for name in folders if os.path.realpath(Path(where, name)) not in seen]
        found += [Path(where, name) for name in names]
    return sorted(found)


def damaged(path: Path, error: BaseException) -> SourceError:
    return SourceError(f"{path.name} is damaged or truncated ({error}); download or copy it again")


def _starts(path: Path, magic: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(magic)) == magic


def _hidden(name: str) -> bool:
    """Left by systems, not by people: .DS_Store, __MACOSX/._face.jpg, Thumbs.db."""
    path = PurePosixPath(name)
    return path.name in ("Thumbs.db", "desktop.ini") or any(p.startswith((".", "__MACOSX")) for p in path.parts)


def _zip_members(archive: zipfile.ZipFile, name: str) -> Files:
    files, size = {}, 0
    for member in archive.infolist():
        size += member.file_size
        _check(name, member.filename, size)
        if member.flag_bits & 1:
            raise SourceError(f"{name} is encrypted; unpack it and name the folder instead")
        if not member.filename.endswith("/"):
            files[member.filename.replace("\\", "/")] = partial(archive.open, member)
    return files


def _tar_members(archive: tarfile.TarFile, name: str) -> Files:
    files, size = {}, 0
    for member in archive:
        size += member.size
        _check(name, member.name, size)  # before the member's bytes are passed over
        if member.isfile() or member.islnk():
            files[member.name] = partial(archive.extractfile, member)
    return files


def _check(archive: str, member: str, size: int) -> None:
    """Refuse a member that would lie elsewhere when unpacked, or with which all up to it have this size."""
    path = PurePosixPath(member.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
        raise SourceError(f"{archive} has a member with an unsafe path, {member!r}; get the archive from its publisher")
    if size > LARGEST:
        too_large = f"would unpack to {size / 2**30:.1f} GB, more than the {LARGEST >> 30} GB"
        raise SourceError(f"{archive} {too_large} that any form of the data has")
