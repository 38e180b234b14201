"""The files of a folder, of a .zip or .tar(.gz) archive, or one file: a name and a way to open it, nothing unpacked."""

import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Self

from fer_keras.base.printable import printable
from fer_keras.data.problems import SourceError

LARGEST = 4 << 30  # bytes in an archive: more than ten times fer2013.csv
LONGEST_HEADER = 1 << 15  # bytes; longer ones keep older releases of tarfile busy for hours
LONG_HEADERS = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
IRREGULAR = "no regular file but a pipe, a device or a socket"
READ_ERRORS = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(NotImplementedError, RuntimeError, UnicodeDecodeError),  # of zipfile, for what its flags do not fit
)

Opener = Callable[[], Any]  # a file, of which bytes are read
Files = dict[str, Opener]  # in the order in which they are best read


@contextmanager
def list_files(path: Path) -> Iterator[Files]:
    """The files in `path` by their relative names, without hidden ones."""
    files: Files
    with ExitStack() as stack:
        try:
            if path.is_dir():
                found = files_below(path)
                files = {printable(each.relative_to(path).as_posix()): partial(opened, each) for each in found}
                if len(files) < len(found):
                    raise SourceError(f"{path} has names of files that differ in control characters only; rename them")
            elif not is_regular(path):
                raise SourceError(f"{path} is {IRREGULAR}; name a file or a folder")
            elif path.stat().st_size == 0:
                raise SourceError(f"{path.name} is empty (0 bytes)")
            elif zipfile.is_zipfile(path) or _starts(path, b"PK\x03\x04"):
                files = _zip_members(stack.enter_context(zipfile.ZipFile(path)), path.name)
            elif path.stat().st_size > LARGEST:
                raise _too_much_in(path, path.stat().st_size)
            elif archive := _tar_archive(path):
                files = _tar_members(stack.enter_context(archive), path.name)
            elif _starts(path, b"\x1f\x8b"):
                files = {path.stem: partial(Unpacked, path)}
            else:
                files = {path.name: partial(opened, path)}
        except (FileNotFoundError, NotADirectoryError):
            raise SourceError(f"{path} does not exist; give a CSV, a folder, a Parquet file, or `embedded`") from None
        except OddHeader as error:
            raise SourceError(f"{path.name} has a header that no honest archive has ({error}); pack it anew") from None
        except PermissionError as error:
            raise _forbidden(error.filename or path) from None
        except READ_ERRORS as error:
            raise damaged(path, error) from error
        yield {name: opener for name, opener in files.items() if len(files) == 1 or not hidden(name)}


def files_below(folder: Path) -> list[Path]:
    """All files in a folder, linked folders included; a link back to a folder above holds none of its own."""
    found, walked = [], {}  # by the real path of each folder: the path by which it was reached

    def walk(where: Path, above: tuple[str, ...]) -> None:
        real = os.path.realpath(where)
        if real in above:
            return
        if real in walked:
            raise SourceError(f"{where} and {walked[real]} are one folder, linked; remove a link, or copy the files")
        walked[real] = where
        try:
            entries = sorted(os.scandir(where), key=lambda entry: entry.name)
        except PermissionError:
            raise _forbidden(where) from None
        for path in (Path(entry.path) for entry in entries if not hidden(entry.name)):
            if os.path.isdir(path):
                walk(path, (*above, real))
            elif not os.path.exists(path) and not path.suffix:  # a folder, if it were there
                raise SourceError(f"{path} is a link to nothing; mend it, or remove it")
            elif os.path.exists(path) and not is_regular(path):
                raise SourceError(f"{path} is {IRREGULAR}; remove it")
            else:
                found.append(path)

    walk(folder, ())
    return sorted(found)


def is_regular(path: Path) -> bool:
    """Whether it is a file, or a link to one, and no pipe, device or socket, from which reading may never end."""
    return stat.S_ISREG(path.stat().st_mode)


def opened(path: Path) -> io.BufferedReader:
    """A file to read; one that is larger than any form of the data is refused, before its first byte."""
    file = open(path, "rb")  # noqa: SIM115
    if (size := os.fstat(file.fileno()).st_size) > LARGEST:
        file.close()
        raise _too_much_in(path, size)
    return file


def _too_much_in(path: Path, size: int) -> SourceError:
    return SourceError(f"{path} holds {size / 2**30:.0f} GB, more than the {LARGEST >> 30} GB of any form of the data")


def damaged(path: Path, error: BaseException) -> SourceError:
    return SourceError(f"{path.name} is damaged or truncated ({error}); download or copy it again")


def hidden(name: str) -> bool:
    """Left by systems, not by people: .DS_Store, __MACOSX/._face.jpg, Thumbs.db."""
    path = PurePosixPath(name)
    return path.name in ("Thumbs.db", "desktop.ini") or any(p.startswith((".", "__MACOSX")) for p in path.parts)


class Unpacked(gzip.GzipFile):
    """A .gz file, of which no more is unpacked than any form of the data has."""

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(LARGEST + 1 if size is None or size < 0 else size)
        if self.tell() > LARGEST:
            raise _too_large(Path(self.name).name, self.tell())
        return data


class OddHeader(Exception):
    """Tarfile takes its own errors for the end of the archive."""


class Header(tarfile.TarInfo):
    """A member of a .tar archive; sizes that older releases of tarfile do not survive are refused."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        long = member.type in LONG_HEADERS and member.size > LONGEST_HEADER
        if long or member.size < 0 or member.type == tarfile.GNUTYPE_SPARSE:
            raise OddHeader(f"{member.name[:50]!r}, {member.size:,} bytes")
        return member

    def _proc_gnusparse_10(self, *_) -> None:  # which tarfile reads without an end
        raise OddHeader("a file with holes")


def _forbidden(path: str | Path) -> SourceError:
    return SourceError(f"{path} may not be read by you; change its permissions")


def _starts(path: Path, magic: bytes) -> bool:
    with open(path, "rb") as file:
        return file.read(len(magic)) == magic


def _zip_members(archive: zipfile.ZipFile, name: str) -> Files:
    files: Files = {}
    links, size = {}, 0
    for member in archive.infolist():
        size += member.file_size
        path = _safe(name, member.filename, size)
        if member.flag_bits & 1:
            raise SourceError(f"{name} is encrypted; unpack it and name the folder instead")
        if stat.S_ISLNK(member.external_attr >> 16):
            _once(name, path, files, links)
            with archive.open(member) as file:
                links[path] = PurePosixPath(path).parent / file.read(LONGEST_HEADER).decode("utf-8", "replace")
        elif not member.filename.endswith(("/", "\\")):
            _once(name, path, files, links)
            files[path] = partial(archive.open, member)
    return _followed(name, files, links)


def _tar_archive(path: Path) -> tarfile.TarFile | None:
    if _starts(path, bytes(tarfile.BLOCKSIZE)):  # in which tarfile would look for the start of an .xz file to the end
        return None
    try:
        return tarfile.open(path, tarinfo=Header)
    except tarfile.ReadError:
        return None


def _tar_members(archive: tarfile.TarFile, name: str) -> Files:
    files: Files = {}
    links, size = {}, 0
    for member in archive:
        size += abs(member.size)
        path = _safe(name, member.name, size)  # before the member's bytes are passed over
        if member.isdir():
            continue
        _once(name, path, files, links)
        if member.isfile() and member.size >= 0:
            files[path] = partial(archive.extractfile, member)
        elif member.issym():
            links[path] = PurePosixPath(path).parent / member.linkname
        elif member.islnk():
            links[path] = PurePosixPath(member.linkname)
        else:
            raise SourceError(f"{name} has a member that is no regular file, {path}; unpack it and name the folder")
    archive.fileobj.seek(archive.offset)
    if archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):  # tarfile takes any odd header for the end
        raise damaged(Path(name), tarfile.ReadError("it ends without its end mark"))
    return _followed(name, files, links)


def _once(archive: str, path: str, files: Files, links: dict) -> None:
    """Refuse a second member of one name, of which unpacking would keep one."""
    if path in files or path in links:
        raise SourceError(f"{archive} has two members called {path}; pack its files anew, each once")


def _followed(archive: str, files: Files, links: dict[str, PurePosixPath]) -> Files:
    """The files, and those that the links mean."""
    for path, target in links.items():
        meant = os.path.normpath(target.as_posix().replace("\\", "/")).replace(os.sep, "/")
        if meant not in files:
            leads = f"has a link, {path}, that leads to no file in it"
            raise SourceError(f"{archive} {leads}; pack the files in place of links, or unpack it and name the folder")
        files[path] = files[meant]
    return files


def _safe(archive: str, member: str, size: int) -> str:
    """The path of a member; refused if it would lie elsewhere when unpacked, or if all up to it have too large a
    size."""
    path = PurePosixPath(member.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
        raise SourceError(f"{archive} has a member with an unsafe path, {member!r}; get the archive from its publisher")
    if size > LARGEST:
        raise _too_large(archive, size)
    return printable(path.as_posix())


def _too_large(archive: str, size: int) -> SourceError:
    too_large = f"would unpack to {size / 2**30:.1f} GB, more than the {LARGEST >> 30} GB"
    return SourceError(f"{archive} {too_large} that any form of the data has")
