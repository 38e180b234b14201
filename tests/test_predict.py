import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import forms
import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers
from PIL import Image

from fer_keras import EMOTIONS, train
from fer_keras.__main__ import main
from fer_keras.training import run as runs
from fer_keras.training.store import find_run


@pytest.fixture(scope="module")
def run(drawn):
    sides = drawn.split("Training")[:200], drawn.split("PublicTest")
    return train("dnn_narrow", *sides, options={"width": 0.25}, epochs=1)


@pytest.fixture
def pictures(tmp_path, drawn):
    for number in range(3):
        Image.fromarray(drawn.images[number]).save(tmp_path / f"face{number}.png")
    return tmp_path


def _table(text: str) -> pd.DataFrame:
    lines = [line.split() for line in text.strip().splitlines()]
    return pd.DataFrame(lines[1:], columns=lines[0])


def test_a_folder_of_pictures_gives_a_table_of_labels_and_probabilities(run, drawn, pictures, capsys):
    assert main(["predict", run.name, str(pictures)]) == 0
    table = _table(capsys.readouterr().out)
    assert list(table) == ["id", "emotion", *EMOTIONS]
    assert [name.split("/")[-1] for name in table["id"]] == ["face0.png", "face1.png", "face2.png"]
    expected = run.model.predict(drawn.images[:3, ..., None], verbose=0)
    np.testing.assert_allclose(table[list(EMOTIONS)].astype(float), expected, atol=0.0006)
    assert table["emotion"].tolist() == [EMOTIONS[label] for label in expected.argmax(axis=1)]


def test_one_picture_and_a_part_of_the_runs_name(run, pictures, capsys):
    assert main(["predict", run.name[:-4], str(pictures / "face1.png")]) == 0
    assert len(_table(capsys.readouterr().out)) == 1


def test_a_model_file_says_the_same_as_its_run(run, pictures, tmp_path, capsys):
    main(["predict", str(run.folder), str(pictures)])
    from_run = capsys.readouterr().out
    main(["predict", str(run.folder / "model.keras"), str(pictures)])
    assert capsys.readouterr().out == from_run


def test_with_mirror_the_answer_is_the_mean_of_a_face_and_its_mirror_image(run, pictures, tmp_path, capsys):
    Image.open(pictures / "face0.png").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "face3.png")
    main(["predict", run.name, str(pictures)])
    alone = _table(capsys.readouterr().out)[list(EMOTIONS)].astype(float)
    main(["predict", run.name, str(pictures), "--mirror"])
    both = _table(capsys.readouterr().out)[list(EMOTIONS)].astype(float)
    assert np.abs(alone.iloc[0] - alone.iloc[3]).max() > 0.01
    for row in (0, 3):
        np.testing.assert_allclose(both.iloc[row], (alone.iloc[0] + alone.iloc[3]) / 2, atol=0.0015)


def test_without_a_name_the_packages_own_net_is_asked(pictures, capsys):
    assert main(["predict", str(pictures / "face1.png")]) == 0
    out, error = capsys.readouterr()
    assert len(_table(out)) == 1 and "record (the package's own)" in error


def test_labelled_faces_are_written_with_all_columns(run, drawn, tmp_path, capsys):
    source = forms.csv(tmp_path / "fer2013.csv", drawn)
    assert main(["predict", run.name, str(source), "--out", str(tmp_path / "all.csv")]) == 0
    table = pd.read_csv(tmp_path / "all.csv")
    assert len(table) == 700 and list(table) == ["id", "emotion", "label", *EMOTIONS]
    assert table["label"].tolist() == [EMOTIONS[label] for label in drawn.labels]
    out, error = capsys.readouterr()
    right = run.metrics["accuracy"]["value"]
    assert out == "" and f"trained on 200 faces (Training), right for {right:.0%} of 70 others" in error
    assert main(["predict", run.name, str(source), "--split", "PublicTest", "--out", str(tmp_path / "some.csv")]) == 0
    assert len(pd.read_csv(tmp_path / "some.csv")) == 70


def test_the_courses_unlabelled_faces_give_its_submission_file(run, drawn, tmp_path):
    ids = 7, 9, 4
    pixels = (" ".join(map(str, image.ravel())) for image in drawn.images[:3])
    rows = "".join(f"{number},{row}\n" for number, row in zip(ids, pixels, strict=True))
    (tmp_path / "test.csv").write_text("id,feature\n" + rows)
    assert main(["predict", run.name, str(tmp_path / "test.csv"), "--out", str(tmp_path / "submission.csv")]) == 0
    labels = run.predict(drawn[:3]).argmax(axis=1)
    lines = "".join(f"{number},{label}\n" for number, label in zip(ids, labels, strict=True))
    assert (tmp_path / "submission.csv").read_text() == "id,label\n" + lines


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "is neither a finished run nor a .keras file"),
        (lambda path: path.write_bytes(b"PK no model"), "cannot be loaded as a Keras model"),
        (lambda path: _net(path, (32, 32, 1), 7), "turns (None, 32, 32, 1) into (None, 7), not 48 × 48 × 1 faces"),
        (lambda path: _net(path, (48, 48, 1), 2), "into (None, 2), not 48 × 48 × 1 faces into 7 probabilities"),
        (lambda path: _net(path, (48, 48, 1), 7, layers.Lambda(lambda x: x)), "cannot be loaded as a Keras model"),
    ],
)
def test_what_is_no_net_for_faces_is_refused_in_a_sentence_and_writes_nothing(pictures, capsys, make, says):
    model = pictures / "net.keras"
    make(model)
    assert main(["predict", str(model), str(pictures / "face0.png"), "--out", str(pictures / "out.csv")]) == 1
    error = capsys.readouterr().err
    assert says in error and "Traceback" not in error
    assert not (pictures / "out.csv").exists()


def _net(path, shape, classes, *more):
    keras.Sequential([keras.Input(shape), *more, layers.Flatten(), layers.Dense(classes)]).save(path)


@pytest.mark.parametrize(("out", "says"), [(".", "it is a folder"), ("none/all.csv", "its folder is missing")])
def test_a_place_that_takes_no_file_is_named_before_the_work(run, pictures, capsys, monkeypatch, out, says):
    monkeypatch.chdir(pictures)
    assert main(["predict", run.name, "face0.png", "--out", out]) == 1
    assert f"{out} cannot be written: {says}" in capsys.readouterr().err


def test_nothing_that_is_read_or_kept_is_written_over(run, drawn, pictures, tmp_path, capsys):
    """The faces, their votes, a face of a folder, the model, a run's file, what is no regular file: all stay."""
    (other := tmp_path / "other").mkdir()
    table = forms.csv(other / "faces.csv", drawn[:20], votes=True)
    model = other / "net.keras"
    shutil.copy(run.folder / "model.keras", model)
    os.mkfifo(other / "pipe")
    (other / "link.csv").symlink_to(table)
    (other / "locked.csv").write_text("kept")
    (other / "locked.csv").chmod(0o444)
    attempts = [
        (table, table, "it is one of the files that are read"),
        (table, other / "fer2013new.csv", "it is one of the files that are read"),
        (pictures, pictures / "face0.png", "it is one of the files that are read"),
        (table, model, "it is one of the files that are read"),
        (table, run.folder / "history.csv", "runs and faces are kept there"),
        (table, other / "pipe", "it is no regular file"),
        (table, other / "link.csv", "it is no regular file"),
        (table, Path("/dev/null"), "it is no regular file"),
        (table, other / "locked.csv", "it is write-protected"),
    ]
    for source, out, why in attempts:
        before = {path: path.read_bytes() for path in (source, out) if path.is_file()}
        assert main(["predict", str(model), str(source), "--out", str(out)]) == 1
        assert f"{out} cannot be written: {why}" in capsys.readouterr().err
        assert all(path.read_bytes() == kept for path, kept in before.items())
    assert main(["predict", str(model), str(pictures / "face0.png"), "--out", str(pictures / "new.csv")]) == 0


def test_a_run_that_was_set_aside_is_not_found(run):
    shutil.copytree(run.folder, aside := run.folder.with_name(run.name + ".damaged-1"))
    try:
        assert find_run(run.name[:-2]).folder == run.folder
        assert find_run("") is None
    finally:
        shutil.rmtree(aside)


def test_a_name_of_several_runs_is_refused_with_their_names(run, drawn):
    sides = drawn.split("Training")[:200], drawn.split("PublicTest")
    other = train("dnn_narrow", *sides, options={"width": 0.25}, epochs=1, seed=1)
    with pytest.raises(ValueError, match="part of the names of"):
        find_run("dnn_narrow-")
    assert find_run(other.name).folder == other.folder


def test_train_from_the_command_line_makes_a_run_and_its_result(drawn, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path))
    source = forms.csv(tmp_path / "fer2013.csv", drawn)
    typed = ["train", "dnn_narrow", "-o", "width", "0.25", "-r", "epochs", "2", "-r", "shift", "1e-1"]
    typed += ["-r", "learning_rate", "{1: 0.01, 2: 0.001}", "--data", str(source)]
    assert main(typed) == 0
    out = capsys.readouterr().out.splitlines()
    run = find_run(out[0])
    score = run.metrics["accuracy"]
    assert out[1] == (
        f"accuracy: {score['value']:.3f} [{score['interval'][0]:.3f}, {score['interval'][1]:.3f}], 70 faces"
    )
    assert run.config["recipe"]["learning_rate"] == {"1": 0.01, "2": 0.001} and run.config["recipe"]["shift"] == 0.1
    assert main([*typed, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)["dnn_narrow"]
    assert result["values"]["accuracy"] == score
    right = np.unpackbits(np.frombuffer(bytes.fromhex(result["right"]), np.uint8), count=70)
    assert right.mean() == pytest.approx(score["value"]) and len(result["history"]["loss"]) == 2
    public = drawn.split("PublicTest")
    mirror = replace(public, images=public.images[:, :, ::-1])
    both = (run.predict(public) + run.predict(mirror)).argmax(axis=1)
    assert result["values"]["public_accuracy_with_mirror"]["value"] == pytest.approx(np.mean(both == public.labels))
    assert (result["date"], result["device"]) == (run.metrics["date"], run.metrics["device"])
    assert result["command"].startswith("fer-keras train dnn_narrow -o width 0.25") and result["data"] == "fer2013.csv"


def test_a_run_of_others_is_used_where_nothing_can_be_told_of_it(run, drawn, tmp_path, capsys, monkeypatch):
    def read_only(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system", "metrics.json")

    monkeypatch.setattr(runs, "tell", read_only)
    source = forms.csv(tmp_path / "fer2013.csv", drawn)
    assert main(["train", "dnn_narrow", "-o", "width", "0.25", "-r", "epochs", "1", "--data", str(source)]) == 0
    assert capsys.readouterr().out.startswith("dnn_narrow-")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train", "vgg19"], "no net is called 'vgg19'"),
        (["train", "cnn_leaky", "-r", "epoch", "1"], "no field 'epoch'"),
        (["train", "cnn_leaky", "-r", "epochs", "{1: 2"], "the value of epochs, {1: 2, is no number"),
        (["train", "cnn_leaky", "-o", "wide", "1"], "no option 'wide'"),
        (["train", "cnn_leaky", "--data", "nowhere.csv"], "nowhere.csv does not exist"),
        (["train", "cnn_leaky", "-r", "epochs", "many"], "epochs is a whole number above 0, not 'many'"),
        (["train", "cnn_leaky", "-o", "width", "slim"], "width is a number above 0"),
        (["train", "cnn_leaky", "-o", "dropout", "1"], "dropout is a share from 0 to below 1, not 1"),
        (["train", "cnn_leaky", "-o", "kernel", "0"], "kernel is a whole number of pixels"),
    ],
)
def test_bad_input_on_the_command_line_is_one_sentence(capsys, arguments, says):
    assert main(arguments) == 1
    out, error = capsys.readouterr()
    assert says in error and len(error.strip().splitlines()) == 1 and out == ""


def test_unlabelled_faces_are_not_trained_on(drawn, capsys, tmp_path):
    for split in ("ours", "theirs"):
        path = forms.unlabelled(tmp_path / "test.csv", drawn[:20])
        assert main(["train", "dnn_narrow", "--data", str(path), "--split", split]) == 1
        assert "there are 0 training and 0 validation faces; both need some" in capsys.readouterr().err


def test_an_empty_split_is_none(pictures, capsys):
    assert main(["predict", str(pictures), "--split", ""]) == 1
    assert "no split is called ''" in capsys.readouterr().err


def test_what_lies_beside_photographs_is_named(pictures, drawn, tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(forms.png(drawn.images[0]))
    (tmp_path / "b.HEIC").write_bytes(b"")
    (tmp_path / ".hidden").write_bytes(b"")
    for command in (["predict", str(tmp_path), "--whole"], ["look", str(tmp_path), "--whole", "--json"]):
        assert main(command) == 0
        said = capsys.readouterr().err
        assert f"passed over 1 files of {tmp_path.name}, such as b.HEIC" in said


def test_a_net_that_is_there_is_named_before_it_is_trained_further(run, capsys, monkeypatch):
    monkeypatch.setattr("fer_keras.training.train._fit", lambda *_: 1 / 0)
    assert main(["train", run.name[:-2], "-r", "epochs", "1"]) == 1
    assert f"fer-keras: note: it begins with the weights of {run.name}" in capsys.readouterr().err


@pytest.mark.parametrize(("split", "validates"), [((), 56), (("--split", "0.2"), 112)])
def test_train_takes_faces_without_splits(drawn, capsys, monkeypatch, tmp_path, split, validates):
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path))
    source = forms.course(tmp_path / "mine.csv", drawn.split("Training"))
    typed = ["train", "dnn_narrow", "--option", "width", "0.25", "--recipe", "epochs", "1", "--data", str(source)]
    assert main([*typed, *split, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)["dnn_narrow"]
    assert abs(result["values"]["accuracy"]["n"] - validates) < 6
    assert result["command"].startswith("fer-keras train dnn_narrow -o width 0.25 -r epochs 1 ")
    assert "right_public" not in result and "public_accuracy" not in result["values"]
