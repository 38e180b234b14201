"""Harms every kind of file and option that the command line reads, and says what is wrong with how it ended.

Each case has to end with exit code 0, 1 or 2, one plain sentence if it is not 0, in bounded time and memory, and with
every file as it was that was given.
"""

import contextlib
import copy
import dataclasses
import hashlib
import io
import json
import os
import re
import resource
import shutil
import signal
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from unittest import mock

import hypothesis
import pyarrow as pa
import yaml
from hypothesis import strategies as st
from PIL import Image
from pyarrow import parquet

from fer_keras import load_faces
from fer_keras.__main__ import main
from fer_keras.base import home
from fer_keras.nets.recipes import Recipe
from tests import forms, pages

SECONDS, MEGABYTES = 60, 1500  # that a case may take
NET = ["dnn_narrow", "-o", "width", "0.25", "-r", "epochs", "1"]
ODD = (
    b'|-1|256|nan|1e400|"|,|\n|\r|\0|\xff\xfe|\xef\xbb\xbf|\x1b[2J|[|{|}|: &a *a|!!python/object:os.system|../..'.split(
        b"|"
    )
)
ODD_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just([]), st.just({}),
    st.sampled_from(["9" * 5000, 10**400, -1, [[]], {"value": []}, "\x1b[2J", "\ud800", "x" * 10**5, ["a", 1, None]]),
)  # fmt: skip


def listing(*folders: Path) -> dict[Path, str]:
    """Every file with a digest."""
    paths = [path for folder in folders for path in folder.rglob("*")]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()}


def ended(arguments: list[str]) -> tuple[int | str, str, str]:
    """Exit code, or what is wrong in itself; what was printed; what was said on stderr."""
    out, err = io.StringIO(), io.StringIO()
    with limited() as peak, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as error:  # argparse
            code = error.code
        except BaseException as error:
            code = f"it raised {error!r}"
    if code == 130:
        code = f"it took more than {SECONDS} s"
    elif peak() > MEGABYTES:
        code = f"it took {peak():.0f} MB"
    return code, out.getvalue(), err.getvalue()


def trouble(arguments: list[str], *given: Path) -> str | None:
    """What is wrong with how this command ends; None if all is well. given: folders that have to stay as they are."""
    before = listing(*given)
    code, out, err = ended(arguments)
    usual = "fer-keras: note:|.*: epoch |.*: going on after|.*was damaged; it is kept|.*is damaged .*starts again"
    said = [line for line in err.splitlines() if not re.match(usual, line)]
    after = listing(*given)
    if changed := [str(path) for path in before if after.get(path) != before[path]]:
        return f"lost: {', '.join(changed)}"
    if code not in (0, 1, 2) or "Traceback" in err:
        return f"exit {code}: {err[-300:]!r}"
    if "not foreseen" in err:
        return said[-1][:300]
    if code == 1 and not (len(said) == 1 and said[0].startswith("fer-keras: ") and len(said[0]) < 2000):
        return f"not one sentence but {said!r:.300}"
    return "an escape reaches the terminal" if "\x1b" in out + err else None


@contextlib.contextmanager
def limited() -> Iterator[Callable[[], float]]:
    """Stop after some seconds, refuse more than 8 GB; gives a function that says by how many MB the process grew."""

    def held(name: str) -> int:
        return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1])

    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    began, usual = held("VmHWM"), signal.signal(signal.SIGALRM, signal.default_int_handler)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (held("VmSize") * 1024 + (8 << 30), limits[1]))
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield lambda: (held("VmHWM") - began) / 1024
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)
        resource.setrlimit(resource.RLIMIT_AS, limits)


@st.composite
def bitten(draw, data: bytes) -> bytes:
    """The bytes with some changed, taken out or put in, or only their beginning."""
    if draw(st.integers(0, 4)) == 0:
        return data[: draw(st.integers(0, len(data)))]
    for _ in range(draw(st.integers(1, 4))):
        at, gone = draw(st.integers(0, len(data))), draw(st.sampled_from([0, 1, 1, 4, 100]))
        data = data[:at] + draw(st.sampled_from(ODD) | st.binary(max_size=4)) + data[at + gone :]
    return data


@st.composite
def twisted(draw, tree):
    """JSON or YAML with some values replaced or gone."""
    tree = copy.deepcopy(tree)
    for _ in range(draw(st.integers(1, 3))):
        places, todo = [], [tree]
        while todo:
            each = todo.pop()
            inside = list(each) if isinstance(each, dict) else list(range(len(each)))
            places += [(each, key) for key in inside]
            todo += [each[key] for key in inside if isinstance(each[key], dict | list)]
        if places:
            holder, key = draw(st.sampled_from(places))
            if draw(st.booleans()) and draw(st.booleans()):
                del holder[key]
            else:
                holder[key] = draw(ODD_VALUES)
    return tree


class Valid:
    """One valid file of each kind, made once in a folder."""

    def __init__(self, root: Path):
        self.root, self.home, faces = root, root.with_name("home"), load_faces(n=240)
        (root / "all").mkdir(parents=True)
        few = faces[:12]
        forms.csv(root / "fer2013.csv", few, votes=True)
        forms.course(root / "course.csv", few)
        forms.unlabelled(root / "test.csv", few)
        folder = forms.folder(root / "folder", few)
        forms.zipped(root / "a.zip", folder)
        forms.tarred(root / "a.tar.gz", folder)
        with tarfile.open(root / "a.tar", "w") as archive:
            archive.add(folder, "faces")
        picture = Image.fromarray(faces.images[0]).resize((96, 96)).convert("RGB")
        about = Image.Exif()
        about[0x0112], about[0x010E], about.get_ifd(0x8825)[1] = 6, "a face", "N"
        for kind in ("png", "jpeg", "webp", "gif", "bmp"):
            picture.save(root / f"face.{kind}", **({} if kind == "bmp" else {"exif": about, "comment": b"a face"}))
        images = [forms.png(image) for image in few.images]
        self.columns = {"image": [{"bytes": each, "path": None} for each in images], "label": few.labels.tolist()}
        parquet.write_table(pa.table(self.columns), root / "train.parquet")
        forms.csv(root / "all" / "faces.csv", faces)
        with mock.patch.dict(os.environ, {"FER_KERAS_HOME": str(self.home)}):
            code, out, err = ended(["train", *NET, "--data", str(root / "all" / "faces.csv")])
        assert code == 0, err
        self.run = self.home / "runs" / out.split()[0]
        pages.leave(root / "out", "01_faces", pages.everything())
        self.notebook = json.loads((root / "out" / "executed" / "01_faces.ipynb").read_text())
        self.record = json.loads((home.notebooks() / "results" / "claims.json").read_text())
        self.trained = json.loads((home.notebooks() / "results" / "train_cnn_1m.json").read_text())
        first = next(iter(self.record.values()))
        self.record = {"notebook": "01_faces", "preset": "smoke", "parameters": {"DATA": "embedded"}, **first}


def of_bytes(*names: str, command: str = "data", more: tuple = ()) -> Callable:
    """A reader of one of these files, whose bytes are bitten."""

    def reader(draw, valid: Valid, given: Path) -> list[str]:
        name = draw(st.sampled_from(names))
        (given / name).write_bytes(draw(bitten((valid.root / name).read_bytes())))
        return [command, str(given / name), *draw(st.sampled_from([[], *more]))]

    return reader


def votes(draw, valid, given):
    shutil.copy(valid.root / "fer2013.csv", given)
    return [of_bytes("fer2013new.csv")(draw, valid, given)[0], str(given / "fer2013.csv")]


def members(draw, valid, given):
    """An archive of odd names, kinds and bytes."""
    data = [(valid.root / f"face.{kind}").read_bytes() for kind in ("png", "jpeg")]
    usual = ["train/happy/1.png", "test/sad/2.jpg", "fer2013.csv", "a.zip", "train.parquet"]
    names = st.sampled_from(usual) | st.text(max_size=9)
    path = given / draw(st.sampled_from(["b.zip", "b.tar"]))
    opened = partial(zipfile.ZipFile, path, "w", zipfile.ZIP_DEFLATED)
    with opened() if path.suffix == ".zip" else tarfile.open(path, "w") as archive:
        for _ in range(draw(st.integers(0, 4))):
            name, inside = draw(names), draw(st.sampled_from(data) | bitten(data[0]))
            with contextlib.suppress(ValueError, IndexError):
                if path.suffix == ".zip":
                    archive.writestr(name, inside)
                else:
                    info = tarfile.TarInfo(name)
                    info.size, info.type = len(inside), draw(st.sampled_from([*b"0127", 0, *b"000000"])).to_bytes()
                    info.linkname = draw(names)
                    archive.addfile(info, io.BytesIO(inside))
    return ["data", str(path)]


def odd_parquet(draw, valid, given):
    columns = draw(twisted({name: each[:4] for name, each in valid.columns.items()}))
    try:
        table = pa.table({name: each if isinstance(each, list) else [each] for name, each in columns.items()})
        told = draw(twisted({"info": {"features": {"label": {"names": ["sad", "happy"]}}}}))
        table = table.replace_schema_metadata({"huggingface": json.dumps(told)})
        parquet.write_table(table, given / "train.parquet")
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        hypothesis.reject()
    return ["data", str(given / "train.parquet")]


def options(draw, valid, given):
    long = ["[1, 2]", "{1: 0.1}", "{0: 32}", "1e400", "-0", "true", "None", "0..9", "1" * 5000, "[" * 3000]
    typed = st.one_of(
        st.text(max_size=12), ODD_VALUES.map(repr), st.integers().map(str), st.floats().map(str), st.sampled_from(long)
    )
    one, other = (draw(typed).encode("utf-8", "replace").decode().replace("\0", "") for _ in range(2))
    faces, out = ["--data", str(valid.root / "fer2013.csv")], ["--out", str(given.parent / "out")]
    net = draw(st.sampled_from(["dnn_narrow", "cnn_1m", "cnn_pyramid", "record"]))
    field = draw(st.sampled_from([each.name for each in dataclasses.fields(Recipe)]))
    option = draw(st.sampled_from(["width", "dropout", "kernel", "filters", "batch_norm"]))
    parameter = draw(st.sampled_from(["MODEL", "SEED", "FACES", "FOLDS", "EPOCHS", "DATA"]))
    return draw(st.sampled_from([
        ["train", "dnn_narrow", *faces, "-r", field, one],
        ["train", net, *faces, "-o", option, one],
        ["report", "--preset", "smoke", "--only", "20", *faces, *out, "-p", parameter, one],
        ["data", faces[1], f"--split={one}"],
        ["sweep", "20_kfold", "-p", parameter, one, "--print", *out],
        ["train", f"--seed={one}", "--", other],
        ["table", str(home.notebooks() / "results"), f"--by={one}", f"--values={other}"],
        ["train", "dnn_narrow", *faces, f"--split={one}"],
        ["claims", f"--records={one}"],
        ["predict", one, faces[1], f"--split={other}"],
    ]))  # fmt: skip


def presets(draw, valid, given):
    """A preset of a copy of the notebooks."""
    shutil.copytree(home.notebooks() / "presets", given / "presets")
    preset = given / "presets" / "smoke.yaml"
    if draw(st.booleans()):
        preset.write_bytes(draw(bitten(preset.read_bytes())))
    else:
        preset.write_text(yaml.safe_dump(draw(twisted(yaml.safe_load(preset.read_text()))), allow_unicode=False))
    shutil.copy(home.notebooks() / "01_faces.ipynb", given)
    data, out = str(valid.root / "fer2013.csv"), str(given.parent / "out")
    return ["report", "--preset", "smoke", "--data", data, "--out", out]


def record(draw, valid, given):
    tree = draw(st.sampled_from([valid.record, valid.trained]))
    text = json.dumps(draw(twisted(tree)))
    (given / "01_faces.json").write_bytes(draw(bitten(text.encode())) if draw(st.booleans()) else text.encode())
    return draw(st.sampled_from([["claims", "--records", str(given)], ["table", str(given)]]))


def run(draw, valid, given):
    """A run with a damaged file, whose checksums were damaged in the same sense where that may be."""
    folder = given / "runs" / valid.run.name
    shutil.copytree(valid.run, folder)
    path = draw(st.sampled_from(sorted(path for path in folder.rglob("*") if path.is_file())))
    if path.suffix == ".json" and draw(st.booleans()):
        found = json.loads(path.read_text())
        found.pop("checksum", None)
        found = draw(twisted(found))
        path.write_text(json.dumps(home.sealed(found) if path.name == "metrics.json" else found))
    else:
        path.write_bytes(draw(bitten(path.read_bytes())))
    name, face = str(folder), str(valid.root / "face.png")
    return draw(st.sampled_from([["predict", name, face], ["card", name], ["table", name], ["runs"]]))


def model(draw, valid, given):
    path = given / "net.keras"
    data = (valid.run / "model.keras").read_bytes()
    if draw(st.booleans()):
        path.write_bytes(draw(bitten(data)))
    else:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                inside = old.read(name)
                if name == "config.json":
                    inside = json.dumps(draw(twisted(json.loads(inside)))).encode()
                elif draw(st.integers(0, 3)) == 0:
                    inside = draw(bitten(inside))
                new.writestr(name, inside)
    return ["predict", str(path), str(valid.root / "face.png"), "--whole"]


def notebook(draw, valid, given):
    text = json.dumps(draw(twisted(valid.notebook)))
    path = given / "executed" / "01_faces.ipynb"
    path.parent.mkdir()
    path.write_bytes(draw(bitten(text.encode())) if draw(st.integers(0, 3)) == 0 else text.encode())
    shutil.copytree(given, out := given.parent / "out")
    data = ["--data", str(valid.root / "fer2013.csv")]
    return draw(st.sampled_from([
        ["table", str(path)],
        ["sweep", str(path), "--print", "--out", str(out)],
        ["report", "--preset", "smoke", "--only", "01", *data, "--out", str(out)],
    ]))  # fmt: skip


READERS: dict[str, Callable] = {
    "tables": of_bytes("fer2013.csv", "course.csv", "test.csv", more=(["--skip-bad"], ["--json"])),
    "votes": votes,
    "archives": of_bytes("a.zip", "a.tar", "a.tar.gz", more=(["--skip-bad"],)),
    "members": members,
    "pictures": of_bytes(*(f"face.{kind}" for kind in ("png", "jpeg", "webp", "gif", "bmp"))),
    "photographs": of_bytes("face.png", "face.jpeg", command="look", more=(["--whole", "--json"],)),
    "Parquet": of_bytes("train.parquet", more=(["--skip-bad"],)),
    "odd Parquet": odd_parquet,
    "options": options,
    "presets": presets,
    "records": record,
    "runs": run,
    "models": model,
    "notebooks": notebook,
}


def fuzz(name: str, valid: Valid, root: Path, seed: int, examples: int) -> dict[str, str]:
    """What went wrong with a reader, each kind once, and how to repeat it."""
    found, number = {}, 0
    here = os.getcwd()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples, deadline=None, database=None, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(st.data())
    def tried(data):
        nonlocal number
        number += 1
        case = root / str(number)
        (case / "given").mkdir(parents=True)
        arguments = READERS[name](data.draw, valid, case / "given")
        os.chdir(case)
        with harmless(case / "given" if name == "presets" else None, case / "given" if name == "runs" else valid.home):
            wrong = trouble(arguments, case / "given", valid.root)
        os.chdir(here)
        kind = wrong and re.sub(r"[\d'\"]+|/\S+", "", wrong)[:120]
        if wrong and kind not in found:
            found[kind] = f"{wrong}\n    fer-keras {arguments!r:.500} in {case} (seed {seed})"
        else:
            shutil.rmtree(case)

    tried()
    os.chdir(here)
    return {text.partition("\n")[0]: text.partition("\n")[2].strip() for text in found.values()}


@contextlib.contextmanager
def harmless(notebooks: Path | None, store: Path) -> Iterator[None]:
    """Trainings and kernels are not started: what is wrong with what was asked for is said before."""
    with contextlib.ExitStack() as stack:
        ends = ValueError("the training would begin now")
        stack.enter_context(mock.patch("fer_keras.training.train._fit", side_effect=ends))
        stack.enter_context(mock.patch("fer_keras.report.run._run_and_show"))
        stack.enter_context(mock.patch.dict(os.environ, {"FER_KERAS_HOME": str(store)}))
        if notebooks:
            stack.enter_context(mock.patch("fer_keras.report.run.NOTEBOOKS", notebooks))
        yield


def damage(valid: Valid, ways: Sequence[str] = ()) -> Iterator[tuple[str, str | None]]:
    """Each file of a store harmed in four ways: what it is, and what is wrong with how the next command takes it."""
    faces, face = str(valid.root / "all" / "faces.csv"), str(valid.root / "test.csv")
    asked, again = ["predict", valid.run.name, face], ["train", *NET, "--data", faces]
    with mock.patch.dict(os.environ, {"FER_KERAS_HOME": str(valid.home)}):
        half_done = ["train", *NET[:-1], "3", "--data", faces]
        with mock.patch("fer_keras.training.resume.EpochBar.epoch", side_effect=[None, None, KeyboardInterrupt]):
            ended(half_done)
        whole = {tuple(each): ended(each)[1] for each in (asked, ["data", faces, "--json"])}
    told = ["data", faces, "--json"]
    readers = {"faces/*": told, "copies/*": told, "runs/*/state.npz": half_done}
    readers |= {f"runs/{valid.run.name}/**/*": asked}
    for pattern, command in readers.items():
        for path in sorted(path for path in valid.home.glob(pattern) if path.is_file()):
            for way in ways or HARMS:
                store = valid.root.with_name("harmed")
                shutil.copytree(valid.home, store)
                harmed = store / path.relative_to(valid.home)
                harmed.write_bytes(HARMS[way](harmed.read_bytes()))
                with mock.patch.dict(os.environ, {"FER_KERAS_HOME": str(store)}):
                    code, out, _ = ended(command)
                    wrong = trouble(command, valid.root) if code else None
                    if code == 0 and out != whole.get(tuple(command), out):
                        wrong = f"lost: believed, {out[:200]!r}"
                    if "runs" in pattern and not wrong:
                        wrong = trouble(again, valid.root)
                shutil.rmtree(store)
                yield f"{path.relative_to(valid.home)} {way}", wrong


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def zeroed(data: bytes) -> bytes:
    third = len(data) // 3
    return data[:third] + bytes(third) + data[2 * third :]


HARMS: dict[str, Callable[[bytes], bytes]] = {
    "with a flipped bit": flipped,
    "cut in half": lambda data: data[: len(data) // 2],
    "emptied": lambda data: b"",
    "with zeros in it": zeroed,
}


def stores(valid: Valid, limits: Sequence[int] = (0, 3000, 60_000, 1_000_000)) -> Iterator[tuple[str, str, str | None]]:
    """A store that is full, one that may not be written: kind, what was asked, what was wrong with it."""
    root, faces, face = valid.root.parent, str(valid.root / "all" / "faces.csv"), str(valid.root / "face.png")
    asked = [
        ["data", faces],
        ["train", *NET, "--data", faces],
        ["predict", str(valid.run), faces, "--out", "answers.csv"],
        ["look", face, "--whole"],
        ["notebooks", "mine"],
    ]
    for number, command in enumerate(asked):
        for limit in limits:
            with elsewhere(root / f"full-{number}-{limit}"), largest_file(limit):
                wrong = trouble(command, valid.root)
            with elsewhere(root / f"full-{number}-{limit}"):
                shutil.rmtree("mine", ignore_errors=True)
                yield "full store", f"{command}, files up to {limit} bytes", wrong or trouble(command, valid.root)
        with elsewhere(root / f"read-only-{number}"), nobody():
            yield "read-only store", f"{command}", trouble(command, valid.root, valid.home)


@contextlib.contextmanager
def elsewhere(folder: Path) -> Iterator[None]:
    """Work in a folder, with a store beside it."""
    (folder / "home").mkdir(parents=True, exist_ok=True)
    with contextlib.chdir(folder), mock.patch.dict(os.environ, {"FER_KERAS_HOME": str(folder / "home")}):
        yield


@contextlib.contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond this size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Be one who may read what there is and write nothing."""
    root = os.geteuid() == 0
    changed = Path.cwd().parents if root else [Path(), *Path().glob("*/")]
    before = {path: path.stat().st_mode for path in changed}
    for path in changed:
        path.chmod(before[path] | 0o11 if root else 0o555)  # a way through folders that are root's alone; or no writing
    if root:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if root:
            os.setresuid(0, 0, 0)
        for path, mode in before.items():
            path.chmod(mode)
