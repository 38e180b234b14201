"""Whatever goes wrong, the command line ends in one sentence; and what could not be read again is not trained."""

import argparse
import io
import os
import subprocess
import sys
import warnings
import zipfile

import pytest

from fer_keras import build, train
from fer_keras.__main__ import _command_line, _parser, main
from fer_keras.base import backend, environment
from fer_keras.report import asking
from fer_keras.report.notebook import kernel_variables
from fer_keras.report.page import tidy
from fer_keras.training.predict import load_model


def raising(error):
    def raises(*_, **__):
        raise error

    return raises


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            RuntimeError("a\nb \x1b[2J"),
            r"this was not foreseen: RuntimeError: a b \x1b[2J; FER_KERAS_DEBUG=1 shows where",
        ),
        (KeyError("name"), "this was not foreseen: KeyError: 'name'; FER_KERAS_DEBUG=1 shows where"),
        (MemoryError(), "this was not foreseen: MemoryError; FER_KERAS_DEBUG=1 shows where"),
        (OSError(28, "No space left on device"), "the output: No space left on device"),
        (PermissionError(13, "Permission denied", "x.json"), "x.json: Permission denied"),
        (ValueError("what\nelse"), "what else"),
        (SystemExit(3), "something called sys.exit(3) before the command had ended"),
    ],
)
def test_any_error_ends_in_one_sentence(monkeypatch, capsys, error, says):
    monkeypatch.delenv("FER_KERAS_DEBUG", raising=False)
    monkeypatch.setattr("fer_keras.claims.ledger.committed", raising(error))
    assert main(["claims"]) == 1
    *notes, last = capsys.readouterr().err.splitlines()
    assert last == f"fer-keras: {says}"
    assert all(note.startswith("fer-keras: note:") for note in notes)
    monkeypatch.setenv("FER_KERAS_DEBUG", "1")
    assert main(["claims"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_told_and_a_closed_pipe_is_not(monkeypatch, capsys):
    for error, code, says in ((KeyboardInterrupt(), 130, ["fer-keras: stopped"]), (BrokenPipeError(32, "pipe"), 1, [])):
        monkeypatch.setattr("fer_keras.claims.ledger.committed", raising(error))
        assert main(["claims"]) == code
        assert [each for each in capsys.readouterr().err.splitlines() if "note:" not in each] == says


def test_notes_do_not_move_the_cursor(monkeypatch, capsys):
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # which main changes
    monkeypatch.setattr("fer_keras.__main__._claims", lambda _: warnings.warn("a\x1b[2J", stacklevel=1) or 0)
    assert main(["claims"]) == 0
    assert capsys.readouterr().err == "fer-keras: note: a\\x1b[2J\n"
    asking._tell(["a\x1b[2J\nb"])
    assert capsys.readouterr().err == "fer-keras: note: a\\x1b[2J\\nb\n"


@pytest.mark.parametrize("text", [b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_settings_of_keras_that_are_damaged_name_no_backend(tmp_path, monkeypatch, text):
    (tmp_path / "keras.json").write_bytes(text)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    for folder in (tmp_path, "~nobody-of-this-name"):
        monkeypatch.setenv("KERAS_HOME", str(folder))
        assert environment.backend() == "tensorflow"


def test_the_command_that_is_recorded_is_what_was_typed_without_folders(tmp_path, monkeypatch):
    (tmp_path / "fa.ces").mkdir()
    monkeypatch.chdir(tmp_path / "fa.ces")
    recorded = {
        "train cnn_1m:v1.0 --data . -o width 0.5": "train cnn_1m:v1.0 --data fa.ces -o width 0.5",
        "train a/net.keras --data a -r shift 0.1": "train a/net.keras --data a -r shift 0.1",
        "train cnn_1m --data=/my/a.csv --recipe epochs 1": "train cnn_1m --data=a.csv -r epochs 1",
        "train cnn_1m --da=/my/a.csv --option width 1e0": "train cnn_1m --da=a.csv -o width 1e0",
    }
    for words, expected in recorded.items():
        options = _parser().parse_args(words.split(), argparse.Namespace(typed=words.split()))
        assert _command_line(options) == f"fer-keras {expected}"


def test_a_backend_that_does_not_start_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "keras", None)
    assert main(["models"]) == 1
    assert (said := capsys.readouterr().err).startswith("fer-keras: Keras does not start (ModuleNotFoundError")
    assert "look at KERAS_BACKEND and keras.json" in said and len(said.splitlines()) == 1


def test_a_wish_for_repeated_bits_is_not_passed_over(monkeypatch):
    monkeypatch.setenv("FER_KERAS_DETERMINISTIC", "true")
    with pytest.raises(ValueError, match="FER_KERAS_DETERMINISTIC is 1 or 0, not 'true'"):
        backend.deterministic()


def test_a_working_folder_that_is_gone_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    os.chdir("gone")
    (tmp_path / "gone").rmdir()
    assert main(["data", "faces.csv"]) == 1
    assert capsys.readouterr().err == "fer-keras: the working folder is gone; change to one that is there\n"


def test_a_home_that_is_not_there_is_told(monkeypatch, capsys):
    monkeypatch.setenv("FER_KERAS_HOME", "~nobody-of-this-name/x")
    assert main(["runs"]) == 1
    assert "set FER_KERAS_HOME" in capsys.readouterr().err


def test_a_console_that_lacks_letters_gets_them_written_out(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "ascii"))
    assert main(["claims"]) == 0
    assert rb"\xa0" in written.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="of POSIX shells")
def test_a_full_output_is_told_and_closed_streams_are_no_files_numbers():
    few = "it._claims = lambda _: print('few') or 0"
    for before, command in (("", "claims"), (few, "claims"), ("", "--version"), ("", "--help")):
        code = f"import sys; import fer_keras.__main__ as it\n{before}\nsys.exit(it.main(['{command}']))"
        typed = ["sh", "-c", '"$0" -c "$1" > /dev/full', sys.executable, code]
        full = subprocess.run(typed, capture_output=True, text=True, env=os.environ | {"PYTHONUNBUFFERED": ""})
        assert full.returncode == 1
        assert full.stderr.splitlines()[-1] == "fer-keras: the output: No space left on device"
    code = "import sys; from fer_keras.__main__ import _open_streams; _open_streams()"
    code += "; print(open('/dev/null').fileno()); print('lost', file=sys.stderr)"
    closed = subprocess.run(["sh", "-c", '"$0" -c "$1" <&- 2>&-', sys.executable, code], capture_output=True, text=True)
    assert int(closed.stdout) > 2


OWN = """
import sys
import keras
from keras import layers

class Mine(layers.Layer):
    def call(self, x):
        return x

def of(layer):
    return keras.Sequential([keras.Input((48, 48, 1)), layer, layers.Flatten(), layers.Dense(7, activation="softmax")])

def exits():
    sys.exit("no")

def silent():
    raise RuntimeError

def local():
    class Inner(Mine):
        pass
    return of(Inner())

def shifted():
    return of(layers.Lambda(lambda x: x + 1))
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_hostile.py").write_text(OWN)
    (tmp_path / "own_ends.py").write_text("import sys; sys.exit(5)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_nets_that_call_sys_exit_are_refused(own):
    with pytest.raises(ValueError, match=r"own_hostile:exits made no net: it calls sys.exit\(no\)"):
        build("own_hostile:exits")
    with pytest.raises(ValueError, match=r"own_ends:net cannot be found \(it calls sys.exit\(5\)\)"):
        build("own_ends:net")
    with pytest.raises(ValueError, match=r"own_hostile:silent made no net: RuntimeError"):
        build("own_hostile:silent")


@pytest.mark.parametrize("net", ["local", "shifted"])
def test_a_net_that_could_not_be_loaded_again_is_refused_before_it_is_trained(own, drawn, tmp_path, monkeypatch, net):
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path / "home"))
    sides = drawn.split("Training")[:40], drawn.split("PublicTest")[:40]
    with pytest.raises(ValueError, match=r"could be saved, but not loaded again .*use no Lambda"):
        train(f"own_hostile:{net}", *sides, epochs=1)
    with pytest.raises(ValueError, match=r"could be saved, but not loaded again"):
        train(build(f"own_hostile:{net}"), *sides, epochs=1)
    assert not (tmp_path / "home").exists()


def test_a_model_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model.weights.h5", bytes(20_000_000))
    with pytest.raises(ValueError, match=r"bomb.keras has 19,\d+ bytes and would unpack to 20,000,000"):
        load_model(path)


def test_a_relative_home_is_the_same_for_kernels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FER_KERAS_HOME", "kept")
    assert kernel_variables()["FER_KERAS_HOME"] == str(tmp_path / "kept")
    assert kernel_variables()["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" JaVa\tScript&#58;alert(1)">x</a>',
        '<svg><a xlink:href="java&#115;cript:alert(1)">x</a></svg>',
        '<svg><set attributeName="href" to="javascript:alert(1)"/>x</svg>',
        '<a href="vbscript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        '<button formaction="https://elsewhere.example">x</button>',
        '<p onclick="alert(1)">x</p>',
        "<script>alert(1)</script>x",
        '<iframe src="https://elsewhere.example/alert"></iframe>x',
        '<p srcdoc="<b>alert</b>">x</p>',
        '<object data="alert.svg"></object>x',
        '<embed src="alert.svg"/>x',
        '<link rel="stylesheet" href="https://elsewhere.example/alert.css"/>x',
        '<meta http-equiv="refresh" content="0; url=https://elsewhere.example/alert"/>x',
        '<base href="https://elsewhere.example/alert"/>x',
        '<form action="https://elsewhere.example/alert"></form>x',
        '<img alt="x" src="https://elsewhere.example/alert.png"/>',
    ],
)
def test_nothing_that_runs_is_left_on_a_page(html):
    left = tidy(html)
    assert "x" in left and "alert" not in left and "formaction" not in left


def test_links_and_pictures_stay_on_a_page():
    html = '<a href="https://keras.io">Keras</a><img alt="a" src="data:image/png;base64,AA=="/>'
    assert tidy(html) == html


def test_notebooks_that_could_not_all_be_copied_are_none(tmp_path):
    lines = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)); "
    lines += "from fer_keras.__main__ import main; sys.exit(main(['notebooks', 'mine']))"
    ended = subprocess.run([sys.executable, "-c", lines], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 1 and "mine could not be written: " in ended.stderr
    assert not (tmp_path / "mine").exists()
