"""What is kept between runs in the user's cache folder, and how a file is written whole or not at all."""

import json
import os
import platform
import re
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

import numpy as np
import platformdirs


def folder() -> Path:
    """The folder that Jupyter, papermill and scripts share: FER_KERAS_HOME, or the user's cache folder."""
    named = os.environ.get("FER_KERAS_HOME")
    try:
        return Path(named).expanduser() if named else platformdirs.user_cache_path("fer-keras", appauthor=False)
    except RuntimeError:  # ~ of a user who has none
        raise ValueError(f"there is no home folder to keep files in ({named or '~'}); set FER_KERAS_HOME") from None


def shared() -> Path | None:
    """The folder that a class reads beside each one's own, FER_KERAS_SHARED, into which nothing is written; None where
    there is none. It is filled by whoever works with FER_KERAS_HOME set to it."""
    named = os.environ.get("FER_KERAS_SHARED")
    if not named:
        return None
    path = Path(os.path.expanduser(named))
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        why = "cannot be read" if os.path.isdir(path) else "is a file" if os.path.isfile(path) else "is not there"
        _warn_once(f"the shared folder {path} {why}, so only your own runs and faces are seen; mend FER_KERAS_SHARED")
        return None
    return None if real(path) == real(folder()) else path


@cache
def _warn_once(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=3)


def folders() -> list[Path]:
    """Where to look for what is kept: in one's own folder, then in the shared one."""
    return [each for each in (folder(), shared()) if each]


def is_shared(path: Path) -> bool:
    """Whether it lies in the shared folder, where nothing is to be written."""
    whole, others = real(path), shared()
    return others is not None and whole.is_relative_to(real(others)) and not whole.is_relative_to(real(folder()))


def variables() -> dict[str, str]:
    """The variables that name these folders, for processes that work elsewhere."""
    names = ("FER_KERAS_HOME", "FER_KERAS_SHARED")
    given = {name: os.environ[name] for name in names if os.environ.get(name)}
    return {name: os.path.abspath(os.path.expanduser(value)) for name, value in given.items()}


def notebooks() -> Path:
    """Where the notebooks lie, with their presets and results: beside the package, or in it if a wheel brought it."""
    package = Path(__file__).parents[1]
    beside = package.parent / "notebooks"
    return beside if (beside / "presets").is_dir() else package / "notebooks"


def machine() -> str:
    """What results were measured on: other processors, and other numbers of cores, add in another order and end with
    other bits."""
    import joblib

    used, all_cores = joblib.cpu_count(), os.cpu_count()
    cores = f"{all_cores} cores" if used == all_cores else f"{used} of {all_cores} cores"
    return f"{processor()}, {cores}, Python {platform.python_version()}"


def processor(about: Path = Path("/proc/cpuinfo")) -> str:
    """Such as "x86_64 Intel Xeon with avx2, avx512f"; the architecture alone where the system does not say more."""
    try:
        lines = [line.partition(":") for line in about.read_text("utf-8").splitlines()]
    except OSError:
        return platform.machine()
    facts = {name.strip(): value.strip() for name, _, value in lines}
    flags = facts.get("flags", "").split()
    vectors = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
    name = " ".join([platform.machine(), facts.get("model name", "")]).strip()
    return f"{name} with {', '.join(vectors)}" if vectors else name


def real(path: Path) -> Path:
    """Where it leads, also of a link to itself, at which `resolve` raises an error before Python 3.13."""
    return Path(os.path.realpath(path))


def check_target(path: Path, *reads: Path) -> None:
    """Before the work, whether a file can be written there, and whether it is none of what is read."""
    folder, whole, there = path.absolute().parent, real(path), list(map(real, reads))
    locked = path.exists() and not path.stat().st_mode & 0o222  # which does not keep root out
    reasons = {
        "it is a folder": path.is_dir(),
        "its folder is missing": not folder.is_dir(),
        "it is no regular file": path.is_symlink() or (path.exists() and not path.is_file()),
        "it is write-protected": locked or not os.access(path if path.exists() else folder, os.W_OK),
        "it is one of the files that are read": path.exists() and any(whole.is_relative_to(read) for read in there),
        "runs and faces are kept there": any(whole.is_relative_to(real(store)) for store in folders()),
    }
    if why := next((reason for reason, holds in reasons.items() if holds), None):
        raise ValueError(f"{path} cannot be written: {why}")


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Call `write(file)`, which may write to `file.name`; `path` then holds all of it, or what it held before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left(path.parent)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".unfinished-", suffix=path.suffix, delete=False) as file:
        try:
            write(file)
            file.flush()
            os.fsync(file.fileno())
            file.close()  # Windows replaces closed files only
            os.umask(mask := os.umask(0))
            os.chmod(file.name, 0o666 & ~mask)  # like any other file, not the owner's alone
            os.replace(file.name, path)
        finally:  # after success there is nothing left to remove; a full disk fails again in close()
            with suppress(OSError):
                file.close()
            Path(file.name).unlink(missing_ok=True)


def _remove_left(folder: Path) -> None:
    """Remove what processes left that were killed while they wrote; nobody writes one file for an hour."""
    for path in folder.glob(".unfinished-*"):
        with suppress(OSError):
            if (
                re.fullmatch(r"\.unfinished-[a-z0-9_]{8}(\.\w+)?", path.name)
                and path.stat().st_mtime < time.time() - 3600
            ):
                path.unlink()


def sealed(values: dict) -> dict:
    """What is to be written as JSON, with a checksum."""
    return values | {"checksum": _checksum(values)}


def unsealed(path: Path):
    """What a JSON file holds; a ValueError where it is damaged, or of another checksum. What older versions wrote has
    none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged ({error})") from None
    if isinstance(found, dict) and "checksum" in found and found["checksum"] != _checksum(found):
        raise ValueError(f"{path} is not what was written")
    return found


def _checksum(values: dict) -> str:
    rest = {name: value for name, value in values.items() if name != "checksum"}
    return f"{zlib.crc32(json.dumps(rest, sort_keys=True).encode()):08x}"


def write_text(path: Path, text: str) -> None:
    write_whole(path, lambda file: file.write(text.encode()))


def keep(name: str, stamp: str, arrays: dict[str, np.ndarray], about: dict | None = None) -> None:
    """Keep arrays under a name until the stamp changes; a folder that takes no files costs a warning only."""
    kept = json.dumps({"stamp": stamp, "about": about})
    try:
        write_whole(folder() / f"{name}.npz", lambda file: np.savez(file, kept=kept, **arrays))
    except OSError as error:
        why = f"not cached: {folder()} could not be written ({error.strerror or error}); "
        warnings.warn(why + "set FER_KERAS_HOME to a folder that can", stacklevel=4)


def restore(name: str, stamp: str) -> tuple[dict[str, np.ndarray], dict] | None:
    """The arrays and `about` kept under this name; None where there are none, damaged ones, or of another stamp."""
    for store in folders():
        with suppress(Exception):  # zipfile and numpy raise many kinds at damaged files
            with np.load(store / f"{name}.npz", allow_pickle=False) as file:
                arrays = dict(file)
            kept = json.loads(arrays.pop("kept").item())
            if kept["stamp"] == stamp:
                return arrays, kept["about"] or {}
    return None
