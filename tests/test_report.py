"""The command line: what it prints, what it leaves, and one sentence for whatever is wrong."""

import json
import os
import re
import subprocess
import sys

import forms
import pytest

import fer_keras
from fer_keras.__main__ import main
from fer_keras.base.environment import installed
from fer_keras.report import costs


def run(*arguments, **options):
    command = [sys.executable, "-m", "fer_keras", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.parametrize(
    "command", [[], ["models"], ["data"], ["report"], ["claims"], ["table"], ["sweep"], ["check"], ["--version"]]
)
def test_help_comes_with_examples_and_without_tensorflow(command):
    code = f"""
import sys
sys.argv = ["fer-keras", *{command}, "--help"]
from fer_keras.__main__ import main
try:
    main()
except SystemExit as end:
    assert end.code == 0
assert not {{"tensorflow", "keras", "numpy", "pandas", "papermill"}} & set(sys.modules), "heavy imports"
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    if command != ["--version"]:
        assert "usage: fer-keras" in result.stdout and (not command or "examples:" in result.stdout)


@pytest.mark.parametrize(
    ("variable", "kept", "backend"),
    [("", {}, "tensorflow"), ("", {"backend": "jax"}, "jax"), ("torch", {"backend": "jax"}, "torch")],
)
def test_version_names_the_backend_that_keras_would_choose(tmp_path, variable, kept, backend):
    (tmp_path / "keras.json").write_text(json.dumps(kept))
    environment = os.environ | {"KERAS_BACKEND": variable, "KERAS_HOME": str(tmp_path)}
    result = run("--version", env=environment)
    found = rf"fer-keras {re.escape(fer_keras.__version__)}, Keras 3[.\d]+, {backend}( \d[^ ]+)?\n"
    if not variable and not installed(backend):
        found = found.replace(backend, "tensorflow")
    assert result.returncode == 0 and re.fullmatch(found, result.stdout), result


def test_models_lists_the_nets(capsys):
    assert main(["models", "--json"]) == 0
    pyramid = json.loads(capsys.readouterr().out)["cnn_pyramid"]
    assert pyramid == {"report": "C", "total": 319_975, "trainable": 318_055, "non_trainable": 1_920}
    assert main(["models"]) == 0
    assert "cnn_pyramid" in (text := capsys.readouterr().out) and "319975" in text


def test_data_tells_what_a_source_holds(tmp_path, drawn, capsys):
    path = forms.csv(tmp_path / "fer2013.csv", drawn, votes=True)
    assert main(["data", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fingerprint"] == drawn.fingerprint and found["faces"] == 700
    assert found["splits"] == {"Training": 560, "PublicTest": 70, "PrivateTest": 70}
    assert found["classes"]["Training"]["happy"] == int((drawn.split("Training").labels == 3).sum())
    copies = found["copies"]["PublicTest, also in Training"]
    assert copies["exact"] == 6 < copies["exact or near"] <= 9
    assert main(["data", str(path)]) == 0
    text = capsys.readouterr().out
    assert "700 faces" in text and "PublicTest, also in Training" in text


def test_data_shows_the_splits_that_a_share_would_make(tmp_path, drawn, capsys):
    flat = forms.course(tmp_path / "train.csv", drawn.split("Training"))
    assert main(["data", str(flat), "--split", "0.1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["splits"]
    assert found["Training"] > 430 and 40 < found["PublicTest"] < 70 and 40 < found["PrivateTest"] < 70
    assert main(["data", str(forms.csv(tmp_path / "fer2013.csv", drawn)), "--split", "0.1"]) == 1
    assert "split 0.1 is for faces without splits" in capsys.readouterr().err
    assert main(["data", str(flat), "--split", "some"]) == 1
    assert capsys.readouterr().err == "fer-keras: split is ours, theirs or a share such as 0.1, not 'some'\n"


def test_data_names_bad_rows_and_refuses_or_skips_them(tmp_path, drawn, capsys):
    path = forms.csv(tmp_path / "fer2013.csv", drawn[:100])
    path.write_text(path.read_text().replace("\n", "\n9", 2))
    assert main(["data", str(path), "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["problem_count"] == 2 and "row 1 (line 2)" in json.loads(out)["problems"][0]
    assert err.startswith("fer-keras: fer2013.csv, row 1") and err.count("\n") == 1 and "--skip-bad" in err
    assert main(["data", str(path), "--skip-bad"]) == 0
    assert "98 faces" in (text := capsys.readouterr().out) and "2 bad faces were left out" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["data", "nothing.csv"], "nothing.csv does not exist"),
        (["report", "--preset", "huge"], "no preset is called huge; there are full, quick, report-a"),
        (["report", "--only", "77"], "no notebook 77; there are 00, 01,"),
        (["report", "-p", "HAIRCUT", "3"], "no selected notebook has a parameter HAIRCUT"),
        (["report", "--only", "01", "-p", "SHIFT", "0.2"], "no selected notebook has a parameter SHIFT"),
        (["report", "--data", "nothing.csv"], "nothing.csv does not exist"),
        (["report", "-p", "SEED", "["], "the value of SEED, [, is no number"),
        (["report", "-p", "DATA", "2013"], "2013 does not exist"),
        (["report", "--data", "a.csv", "-p", "DATA", "b.csv"], "--data a.csv and -p DATA b.csv name two sources"),
        (["data", "a.csv", "--split", "0.1", "--split", "0.2"], "--split is given twice; leave one"),
        (["train", "cnn_1m", "--data", "a.csv", "--data=b.csv"], "--data is given twice; leave one"),
        (["report", "--jobs", "0"], "jobs is at least 1, not 0"),
        (["report", "--timeout", "-5"], "timeout is at least 1, not -5"),
        (["data", ""], "no source is named"),
        (["data", "~nobody-here/x"], "~nobody-here"),
        (["data", "n" * 300], "n" * 300),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(tmp_path, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    out, error = capsys.readouterr()
    assert says in error and error.startswith("fer-keras: ") and error.count("\n") == 1 and out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["data", "nothing.csv"], "nothing.csv does not exist"),
        (["report", "--only", "77"], "no notebook 77; there are "),
        (["train", "cnn_leaky", "--data", "nowhere.csv"], "nowhere.csv does not exist"),
    ],
)
def test_a_process_ends_with_1_and_that_sentence(tmp_path, arguments, says):
    as_users_have_it = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    result = run(*arguments, cwd=tmp_path, env=as_users_have_it)
    assert (result.returncode, result.stdout) == (1, "")
    assert says in result.stderr and result.stderr.startswith("fer-keras: ") and result.stderr.count("\n") == 1


def test_report_leaves_a_page_for_each_notebook_and_an_index(tmp_path):
    result = run("report", "--preset", "smoke", "--only", "01", "-p", "FACES", "300", "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    page, index = (tmp_path / "out" / "01_faces.html").read_text(), (tmp_path / "out" / "index.html").read_text()
    assert "Some faces of each emotion" in page and 'alt="Mean face of each emotion. 7 ' in page
    assert 'href="01_faces.html"' in index and "300 drawn faces" in index
    assert "<title>01 · What is in the data?</title>" in page
    for text in (page, index):
        assert "<script src" not in text and 'href="http' not in text and "No description has been provided" not in text
    kept = json.loads((tmp_path / "out" / "records" / "01_faces.json").read_text())
    assert kept["values"]["faces"] == {"value": 300} and kept["parameters"]["FACES"] == 300


def test_a_report_takes_as_long_as_its_longest_notebook_or_all_of_them_side_by_side(monkeypatch):
    known = {"smoke": {"01_a": 1}, "quick": {"01_a": 10, "02_b": 20, "03_c": 90}, "others": 1, "speed": 10}
    monkeypatch.setattr(costs, "COSTS", known)
    monkeypatch.setattr(costs, "speed", lambda: 5)
    names = ["01_a", "02_b", "03_c"]
    assert [costs.estimate(names, "quick", jobs) for jobs in (1, 2)] == [240, 180]
    assert costs.estimate(names[:2], "smoke", 2) == 2 and costs.estimate(names, "full", 2) is None


def test_this_machine_multiplies_something():
    assert 1 < costs.speed() < 1e6
