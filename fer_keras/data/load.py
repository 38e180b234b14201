"""`load_faces`: faces from every form in which FER2013 comes, told apart by what they are, checked and cached."""

import hashlib
import os
import warnings
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from fer_keras.base import home
from fer_keras.data import archives, pictures, tables
from fer_keras.data.problems import Problems, SourceError
from fer_keras.faces import Faces

READER = 3  # a change to what is read counts this up, and old cache entries are read anew
VOTE_FILE = "fer2013new.csv"
PACKED = (".gz", ".tgz", ".zip", ".tar", ".bz2", ".xz", ".zst", ".7z", ".rar")


def load_faces(source: str | Path = "embedded", n: int | None = None, skip_bad: bool = False) -> Faces:
    """Faces from `embedded` (drawn, no file), a CSV, a folder, an archive of either, Parquet, or a picture.

    n: how many faces are drawn (4,000), or at most taken from a file, splits and classes in proportion (all).
    skip_bad: leave out bad rows and pictures with a warning that counts them, instead of stopping.

    >>> load_faces("embedded", n=500)
    Faces(400 Training, 50 PublicTest, 50 PrivateTest; with votes)
    """
    if n is not None and n < 1:
        raise SourceError(f"n is how many faces to take, at least 1, not {n}")
    if str(source) == "embedded":
        from fer_keras.drawing.people import draw_faces

        return draw_faces(n or 4000)
    faces, problems = read_source(source, skip_bad)
    if problems.count:
        warnings.warn(f"left out {problems.count:,} bad faces, the first: {problems.texts[0]}", stacklevel=2)
    return faces if n is None else faces.sample(n)


def read_source(source: str | Path, skip_bad: bool = False) -> tuple[Faces, Problems]:
    """The faces of a file or folder and what was left out of it; from the cache if nothing changed since."""
    path = absolute(source)
    key = hashlib.sha256(repr((str(path), skip_bad)).encode()).hexdigest()[:16]
    stamp = _stamp(path)
    if kept := home.restore(f"faces/{key}", stamp):
        faces, about = Faces(**kept[0]), kept[1]
    else:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            faces, problems = _read(path, skip_bad)
        notes = [str(note.message) for note in caught if note.category is UserWarning]
        about = {"problems": problems.texts, "count": problems.count, "notes": notes}
        home.keep(f"faces/{key}", stamp, faces.arrays(), about)
    for note in about["notes"]:
        warnings.warn(note, stacklevel=3)
    return faces, Problems(about["problems"], about["count"])


def absolute(source: str | Path) -> Path:
    """The path that was named, whatever the working folder; links are not followed, their names may tell the split."""
    if not str(source):
        raise SourceError("no source is named; give a path, or `embedded`")
    try:
        path = Path(os.path.abspath(Path(source).expanduser()))
    except RuntimeError as error:
        raise SourceError(f"{source}: {error}") from None
    if path.name == "embedded":
        raise SourceError(f"{path} has the name of the drawn faces, for which it would be taken; rename it")
    return path


def _read(path: Path, skip_bad: bool) -> tuple[Faces, Problems]:
    problems = Problems()
    with archives.list_files(path) as found:
        try:
            faces = _read_files(path, found, problems, skip_bad)
        except archives.READ_ERRORS as error:
            raise archives.damaged(path, error) from error
    if not skip_bad:
        problems.raise_if_any()
    if not len(faces):
        why = f"; the first of {problems.count:,} problems: {problems.texts[0]}" if problems.count else ""
        raise SourceError(f"{path.name} holds no face that could be read{why}")
    return faces, problems


def _read_files(path: Path, found: archives.Files, problems: Problems, skip_bad: bool) -> Faces:
    """Whatever kind of file there is; a source with several kinds is not guessed at."""
    kinds = {"pictures": {}, "Parquet files": {}, "CSV files": {}, "others": {}}
    for name, opener in found.items():
        kinds[_kind(name, opener, alone=len(found) == 1)][name] = opener
    others, csvs = list(kinds.pop("others")), kinds["CSV files"]
    votes = {name: csvs.pop(name) for name in list(csvs) if PurePosixPath(name).name == VOTE_FILE}
    several = [f"{len(members):,} {kind}" for kind, members in kinds.items() if members]
    if not several:
        raise SourceError(f"{path.name} holds no CSV, pictures or Parquet with faces")
    if len(several) > 1:
        raise SourceError(f"{path.name} holds {' and '.join(several)}; name the one to read")
    _tell_passed_over(others, several[0])
    if votes and not csvs:
        warnings.warn(f"{next(iter(votes))} is left alone: votes are joined to a CSV only", stacklevel=2)
    if kinds["pictures"]:
        return pictures.read_folder(path.as_posix() if path.is_dir() else "", kinds["pictures"], problems)
    if kinds["Parquet files"]:
        return pictures.read_parquet(kinds["Parquet files"], problems)
    name, form = _best_table(csvs)
    faces = tables.read_csv(name, csvs[name], problems)
    if not path.is_dir() and (beside := path.with_name(VOTE_FILE)).is_file() and path.name != VOTE_FILE:
        votes = {VOTE_FILE: partial(open, beside, "rb")} | votes
    if votes and form == "challenge":
        try:
            voted = tables.read_votes(*votes.popitem(), faces, len(faces) + problems.count, name)
            return replace(faces, votes=voted)
        except SourceError as error:
            if not skip_bad:
                raise
            warnings.warn(f"the votes are left out: {error}", stacklevel=2)
    return faces


def _tell_passed_over(others: list[str], read: str) -> None:
    """Say what was not read beside pictures; beside tables lie licences and the like, of which only archives may hold
    faces."""
    if not read.endswith("pictures"):
        others = [name for name in others if PurePosixPath(name).suffix.lower() in PACKED]
    if others:
        many = f"{len(others):,} files that are {'no pictures' if read.endswith('pictures') else 'packed'}"
        warnings.warn(f"passed over {many}, such as {others[0]}", stacklevel=3)


def _kind(name: str, opener: archives.Opener, alone: bool) -> str:
    """By content where there is one file; among many by suffix, so that 35,000 pictures aren't opened twice."""
    if alone:
        with opener() as file:
            start = file.read(4)
        if start == b"PAR1":
            return "Parquet files"
        if start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"BM", b"RIFF")):
            return "pictures"
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in pictures.SUFFIXES:
        return "pictures"
    if suffix in (".parquet", ".pq"):
        return "Parquet files"
    return "CSV files" if alone or suffix == ".csv" else "others"


def _best_table(csvs: archives.Files) -> tuple[str, str]:
    """Name and form of the CSV that says most about its faces: Kaggle's archive has four."""
    forms = {}
    for name, opener in csvs.items():
        with opener() as file:
            forms[name], columns = tables.form_of(file)
    for form in tables.FORMS:
        for name in csvs:
            if forms[name] == form:
                if others := ", ".join(each for each in csvs if each != name):
                    warnings.warn(f"read {name} and left {others} alone", stacklevel=2)
                return name, form
    raise tables.missing_columns(name, columns)


def _stamp(path: Path) -> str:
    """Changes when the source does: every file's name, size and times, and the way it is read."""
    members = archives.files_below(path) if os.path.isdir(path) else [path, path.with_name(VOTE_FILE)]
    state: list = [READER]
    for member in members:
        with suppress(OSError):  # not there: reading it will say so
            status = member.stat()
            state.append((str(member), status.st_size, status.st_mtime_ns, status.st_ctime_ns))
    return hashlib.sha256(repr(state).encode()).hexdigest()
