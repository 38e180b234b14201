"""`fer-keras table`: many notebooks, trainings and runs as one table."""

import io
import json
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from fer_keras.__main__ import main
from fer_keras.base import home
from fer_keras.study import collect
from fer_keras.study.measured import read
from fer_keras.study.records import RECORD

SCORES = {("a", 0): 0.50, ("a", 1): 0.54, ("a", 2): 0.52, ("b", 0): 0.60, ("b", 1): 0.66, ("b", 2): 0.63}


def executed(path: Path, value: float, n: int = 80, error: bool = False, **parameters) -> Path:
    """A notebook as papermill leaves it."""
    output = nbformat.v4.new_output("display_data", {RECORD: {"accuracy": {"value": value, "n": n}}})
    failed = nbformat.v4.new_output("error", ename="E", evalue="e", traceback=[])
    cells = [
        nbformat.v4.new_code_cell(
            'MODEL: str = "a"  # a net\nSEED = 0\nDATA = "embedded"', metadata={"tags": ["parameters"]}
        ),
        nbformat.v4.new_code_cell(
            "\n".join(f"{name} = {value!r}" for name, value in parameters.items()),
            metadata={"tags": ["injected-parameters"]},
        ),
        nbformat.v4.new_code_cell("record()", outputs=[output, *([failed] if error else [])]),
    ]
    about = {"papermill": {"input_path": "notebooks/20_kfold.ipynb", "exception": error}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=about), path)
    return path


@pytest.fixture
def swept(tmp_path):
    for (model, seed), value in SCORES.items():
        executed(tmp_path / "out" / f"{model}{seed}.ipynb", value, MODEL=model, SEED=seed)
    return tmp_path / "out"


def rows(capsys) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(capsys.readouterr().out))


def test_seeds_are_averaged_and_settings_compared_seed_by_seed(swept, capsys):
    assert main(["table", str(swept), "--csv"]) == 0
    found = rows(capsys)
    assert found["notebook"].tolist() == ["20_kfold"] * 3 and found["MODEL"].tolist() == ["a", "b", "b"]
    assert found["value"].tolist() == pytest.approx([0.52, 0.63, 0.11]) and found["seeds"].tolist() == [3, 3, 3]
    assert found["minus"].tolist()[2] == "MODEL a" and found["minus"].isna().tolist() == [True, True, False]
    reach = 4.302653 * np.array([0.02, 0.03, 0.01]) / np.sqrt(3)  # Student's t with 2 degrees, by hand
    assert (found["high"] - found["value"]).tolist() == pytest.approx(reach.tolist(), rel=1e-5)


def test_what_was_measured_twice_with_one_seed_is_told(swept, capsys):
    assert main(["table", str(swept)]) == 0 and not capsys.readouterr().err
    executed(swept / "again.ipynb", 0.9, MODEL="b", SEED=1)
    assert main(["table", str(swept)]) == 0
    assert "20_kfold was measured several times with the same settings; the last counts" in capsys.readouterr().err


def test_by_seed_each_stands_alone(swept, capsys):
    assert main(["table", str(swept), "--by", "MODEL,SEED", "--csv"]) == 0
    found = rows(capsys)
    single = found[found["minus"].isna()]
    assert {(row.MODEL, row.SEED): row.value for row in single.itertuples()} == SCORES
    assert single["low"].isna().all() and len(found) == 7


def test_what_was_measured_on_other_faces_is_not_compared(swept, capsys):
    executed(swept / "c0.ipynb", 0.9, n=70, MODEL="c", SEED=0)
    executed(swept / "d0.ipynb", 0.9, MODEL="d", SEED=7)
    assert main(["table", str(swept), "--by", "MODEL", "--csv"]) == 0
    found = rows(capsys)
    assert set(found["MODEL"]) == {"a", "b", "c", "d"} and set(found.loc[found["minus"].notna(), "MODEL"]) == {"b"}


def test_a_difference_is_from_the_first_on_the_same_faces_and_names_what_differs(swept, capsys):
    for model, value in (("a", 0.4), ("b", 0.45)):
        executed(swept / f"{model}9.ipynb", value, MODEL=model, SEED=0, DATA="/some/where/mine.csv")
    assert main(["table", str(swept), "--csv"]) == 0
    apart = rows(capsys).dropna(subset="minus")
    assert apart[["DATA", "MODEL", "minus"]].values.tolist() == [
        ["embedded", "b", "MODEL a"],
        ["mine.csv", "b", "MODEL a"],
    ]
    assert apart["value"].tolist() == pytest.approx([0.11, 0.05])


def test_what_differs_is_not_averaged_unasked(swept, capsys):
    executed(swept / "e.ipynb", 0.9, MODEL="a", SEED=3, EPOCHS=9)
    assert main(["table", str(swept), "--by", "MODEL"]) == 1
    assert "what differs in EPOCHS would be one mean: add it to --by" in capsys.readouterr().err
    assert main(["table", str(swept), "--by", "MODEL,WIDE"]) == 1
    assert "nothing here has a setting WIDE; there are DATA, EPOCHS, MODEL, SEED" in capsys.readouterr().err


def test_what_cannot_be_read_is_said_and_left_out(swept, tmp_path, capsys):
    executed(swept / "broken.ipynb", 0.1, error=True, MODEL="a", SEED=9)
    (swept / "empty.ipynb").write_text("")
    assert main(["table", str(swept), "--csv"]) == 0
    out, error = capsys.readouterr()
    assert "2 left out, the first: " in error and "broken.ipynb stopped at an error; run it again" in error
    assert pd.read_csv(io.StringIO(out))["seeds"].max() == 3
    for path, says in (
        (swept / "broken.ipynb", "stopped at an error"),
        (swept / "empty.ipynb", "is no notebook"),
        (tmp_path / "nowhere", "does not exist; give executed notebooks"),
        (tmp_path, None),
    ):
        if says:
            assert main(["table", str(path)]) == 1
            assert says in (error := capsys.readouterr().err) and error.count("\n") == 1
    (tmp_path / "other").mkdir()
    assert main(["table", str(tmp_path / "other")]) == 1
    assert "holds no executed notebook, run or record" in capsys.readouterr().err
    (tmp_path / "x.json").write_text("[1]")
    assert main(["table", str(tmp_path / "x.json")]) == 1
    assert "x.json holds no recorded values" in capsys.readouterr().err
    assert main(["table", str(swept), "--values", "loss"]) == 1
    assert "nothing here recorded a number called loss" in capsys.readouterr().err


def test_committed_trainings_are_compared_face_by_face(capsys):
    results = sorted(map(str, (home.notebooks() / "results").glob("train_cnn_1m_theirs_*.json")))
    results += sorted(map(str, (home.notebooks() / "results").glob("train_dnn_narrow_theirs_*.json")))
    typed = ["table", *results, "--by", "MODEL", "--values", "accuracy", "--csv"]
    assert main(typed) in (0, 1)
    said = capsys.readouterr()
    if said.err:  # the two have other recipes
        typed[typed.index("MODEL")] = "MODEL," + said.err.partition("differs in ")[2].partition(" would")[0]
        assert main(typed) == 0
        said = capsys.readouterr()
    found = pd.read_csv(io.StringIO(said.out))
    lead = found[found["minus"].notna()].iloc[0]
    assert lead["n"] == 2870 and lead["seeds"] == 3 and lead["MODEL"] == "dnn_narrow"
    means = found[found["minus"].isna()].set_index("MODEL")["value"]
    assert lead["value"] == pytest.approx(means["dnn_narrow"] - means["cnn_1m"], abs=1e-9)
    assert lead["low"] < lead["value"] < lead["high"] < 0


def test_settings_of_a_training_are_read_from_its_command(tmp_path):
    command = "FER_KERAS_DETERMINISTIC=1 fer-keras train vgg16_bn --data fer2013.csv -o width 0.25 -r epochs 5 --seed 2"
    entry = {"command": command, "values": {"accuracy": {"value": 0.5, "n": 16}}, "right": "00ff"}
    plain = {"command": "fer-keras train cnn_1m --json", "values": {"accuracy": {"value": 0.5, "n": 16}}}
    (tmp_path / "a.json").write_text(json.dumps({"vgg16_bn": entry, "cnn_1m": plain}))
    (one, other), _ = read([tmp_path / "a.json"])
    same = {"DATA": "fer2013.csv", "SPLIT": "ours"}
    assert one.settings == {"MODEL": "vgg16_bn", "SEED": 2, "width": 0.25, "epochs": 5} | same
    assert other.settings == {"MODEL": "cnn_1m", "SEED": 0, "DATA": "embedded", "SPLIT": "ours"}
    assert one.right["accuracy"].tolist() == [0] * 8 + [1] * 8 and other.right == {}


def test_runs_are_read_by_their_settings(tmp_path):
    for seed, value in ((0, 0.5), (1, 0.7)):
        folder = tmp_path / f"net-{seed}"
        folder.mkdir()
        config = {"net": "net", "seed": seed, "options": {"width": 0.5}, "recipe": {"epochs": 3}}
        (folder / "config.json").write_text(json.dumps(config))
        metrics = {"accuracy": {"value": value, "n": 70, "interval": [0.4, 0.8]}, "date": "d", "files": {"a": 1}}
        (folder / "metrics.json").write_text(json.dumps(metrics))
    measured, notes = read([tmp_path])
    assert notes == [] and [each.settings["width"] for each in measured] == [0.5, 0.5]
    (row,) = collect.table(measured).to_dict("records")
    assert (row["name"], row["value"], row["seeds"]) == ("accuracy", pytest.approx(0.6), 2)
    (row,) = collect.table(measured[:1]).to_dict("records")
    assert (row["low"], row["high"]) == (0.4, 0.8), "of one seed as it was recorded"


def test_published_rows_stand_below_with_their_sources(swept, capsys):
    assert main(["table", str(swept), "--paper", "--csv"]) == 0
    found = rows(capsys)
    field = found[found["name"] == "published"]
    assert len(field) >= 10 and field["source"].notna().all() and len(found) == 3 + len(field)
    clean = field.set_index("notebook").loc["VGG of 2016"]
    assert clean["value"] == 0.727 and clean["source"] == "arXiv:1612.02903"
    assert clean["low"] == pytest.approx(0.7122, abs=2e-4) and clean["high"] == pytest.approx(0.7413, abs=2e-4)
    assert main(["table", str(swept), "--paper"]) == 0
    text = capsys.readouterr().out
    assert "0.712 to 0.741" in text and "MODEL a" in text
