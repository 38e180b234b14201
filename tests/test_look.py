"""`fer-keras look`: the page, what it says, and the net's card."""

import base64
import io
import json
import re
import shutil
from dataclasses import replace

import forms
import keras
import numpy as np
import pytest
from PIL import Image
from test_pages import w3c_errors

from fer_keras import EMOTIONS, draw_faces, train
from fer_keras.__main__ import main
from fer_keras.base import home
from fer_keras.data.photographs import as_faces, faces_in
from fer_keras.drawing.scene import draw_pictures
from fer_keras.scores import at_temperature
from fer_keras.seeing.answers import Answer, agreement, ask, in_words, often
from fer_keras.training.ask import SHIPPED, Net, find_net
from fer_keras.training.card import as_markdown, by_confidence, when_so_sure
from fer_keras.training.run import Run, tell, write_json


@pytest.fixture(scope="module")
def run(drawn):
    return train("cnn_leaky", drawn.split("Training"), drawn.split("PublicTest"), options={"width": 0.25}, epochs=2)


@pytest.fixture(scope="module")
def photograph(tmp_path_factory):
    from skimage.data import astronaut

    path = tmp_path_factory.mktemp("photo") / "a <b> photograph.png"
    Image.fromarray(astronaut()).save(path)
    return path


@pytest.fixture(scope="module")
def page(run, photograph):
    out = photograph.with_name("page.html")
    assert main(["look", str(photograph), "--net", run.name, "--out", str(out)]) == 0
    return out


def test_the_page_shows_each_face_its_probabilities_and_two_maps(page, run):
    text = page.read_text()
    assert text.count("<figure>") == 4 and text.count("data:image/") == 4
    assert set(re.findall(r'<th scope="row">(\w+)</th>', text)) == set(EMOTIONS)
    assert "a &lt;b&gt; photograph.png" in text and "<b>" not in text
    assert "Of 20 copies of the face" in text and "prohibited since 2 February 2025" in text
    assert f"right for {run.metrics['accuracy']['value']:.0%} of 70 others" in text
    shares = [int(share) for share in re.findall(r'class="number">(\d+) %', text)]
    assert sum(shares) == pytest.approx(100, abs=4) and shares == sorted(shares, reverse=True)
    assert not re.search(r'(src|href)="(?!data:|#)', text), "nothing is fetched"


def test_the_page_passes_the_w3cs_checker(page):
    assert w3c_errors(page.parent) == []


def test_the_faces_of_a_photograph_are_numbered_in_it(run, tmp_path):
    scene = draw_pictures(tmp_path / "drawn") / "a scene.png"
    assert main(["look", str(scene), "--net", run.name, "--out", str(tmp_path / "page.html")]) == 0
    text = (tmp_path / "page.html").read_text()
    assert "a scene.png with 3 faces in numbered squares, the largest first" in text
    assert text.count('<figure class="photograph">') == 1 and text.index("numbered squares") < text.index("<h2>a scene")
    jpeg = re.search(r'class="photograph"><img src="data:image/jpeg;base64,([^"]+)" width="700" height="420"', text)
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(jpeg[1]))).convert("L")).astype(int)
    plain = np.asarray(Image.open(scene)).astype(int)
    for face in faces_in(scene):
        top, left, side = face.square
        edge = slice(left + 20, left + side - 20)
        assert shown[top, edge].max() > 180 and abs(shown[top, edge] - plain[top, edge]).mean() > 50


def test_json_says_the_same_and_writes_no_page(run, photograph, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["look", str(photograph), "--net", run.name, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert list(tmp_path.iterdir()) == []
    net = find_net(run.name)
    (answer,) = ask(net, as_faces(faces_in(photograph)))
    assert found["emotion"] == answer.emotion and found["says"] == in_words(answer)
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert found["right_when_so_sure"] == when_so_sure(net.card, max(found["probabilities"].values()))


def test_probabilities_are_calibrated_by_the_card_and_variants_are_counted(run, drawn):
    net, faces = find_net(run.name), drawn[:5]
    answers = ask(net, faces)
    raw = run.predict(faces)
    for answer, row in zip(answers, raw, strict=True):
        np.testing.assert_allclose(answer.probabilities, at_temperature(row[None], run.metrics["temperature"])[0])
        assert set(answer.maps) == {"gradient", "gradcam"}
        assert all(found.shape == (48, 48) and found.max() == 1 for found in answer.maps.values())


class LooksLeft:
    """A net that says happy of faces that are lighter on their left, else sad."""

    def predict_on_batch(self, images):
        left, right = images[:, :, :24].mean(axis=(1, 2, 3)), images[:, :, 24:].mean(axis=(1, 2, 3))
        return np.eye(7)[np.where(left > right, 3, 4)]


def test_the_variants_that_agree_are_counted(drawn):
    sides = np.tile(np.repeat(np.uint8([200, 50]), 24), (48, 1))
    faces = replace(drawn[:2], images=np.stack([sides, np.full_like(sides, 90)]))
    shares = agreement(Net("left", LooksLeft(), None), faces, np.array([3, 4]))
    assert 0.2 <= shares[0] <= 0.8, "mirrored half of the times"
    assert shares[1] == 1, "an even face stays as it is"


def answer(probabilities, agree=1.0, right=None) -> Answer:
    known = None if right is None else {"value": right, "n": 100, "interval": [0, 1], "from": 0.8, "to": 0.9}
    return Answer(np.array(probabilities), agree, {}, known)


def test_the_sentence_follows_from_the_values():
    sure = [0.02, 0, 0.02, 0.9, 0.02, 0.02, 0.02]
    assert in_words(answer(sure)) == "Most likely happy."
    assert in_words(answer(sure, right=0.8)) == (
        "Most likely happy; the net is right about 4 of 5 times when it is so sure."
    )
    split = [0.25, 0, 0.4, 0.35, 0, 0, 0]
    assert in_words(answer(split, agree=0.5)) == (
        "Perhaps fear, perhaps happy, but only 50% of slightly moved pictures get the same answer."
    )
    assert [often(share) for share in (1, 0.9, 0.8, 0.66, 0.5, 0.33, 0.2, 0)] == [
        "nearly always", "9 of 10 times", "4 of 5 times", "2 of 3 times", "half of the times", "1 of 3 times",
        "1 of 5 times", "1 of 10 times",
    ]  # fmt: skip


def test_how_often_a_net_is_right_goes_by_how_sure_it_is():
    probabilities = np.full((10, 7), 0.01)
    labels = np.zeros(10, int)
    probabilities[:6, 0] = 0.94
    probabilities[6:, 1] = 0.94
    rows = by_confidence(labels, probabilities)
    assert [row["n"] for row in rows] == [0, 0, 0, 0, 10] and rows[-1]["value"] == 0.6
    assert when_so_sure({"by_confidence": rows}, 0.93) == rows[-1]
    assert when_so_sure({"by_confidence": rows}, 0.1) == rows[0]


def test_the_card_is_made_of_what_was_measured(run, capsys):
    assert main(["card", run.name]) == 0
    text = capsys.readouterr().out
    assert text == as_markdown(run.name, run.metrics) + "\n"
    score = run.metrics["accuracy"]
    assert f"| accuracy | {score['value']:.3f} |" in text and f"{run.metrics['parameters']:,} parameters" in text
    assert np.sum(run.metrics["confusion"]) == 70
    assert np.trace(run.metrics["confusion"]) / 70 == pytest.approx(score["value"])
    for emotion in EMOTIONS:
        assert f"| recall of {emotion} |" in text


def test_a_card_names_data_and_command_of_what_the_command_line_trained(drawn, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path / "home"))
    source = forms.csv(tmp_path / "mine.csv", drawn)
    assert main(["train", "dnn_narrow", "-o", "width", "0.25", "-r", "epochs", "1", "--data", str(source)]) == 0
    name = capsys.readouterr().out.splitlines()[0]
    assert main(["card", name]) == 0
    text = capsys.readouterr().out
    assert "of mine.csv" in text and "    fer-keras train dnn_narrow -o width 0.25 -r epochs 1 --data mine.csv" in text
    assert str(tmp_path) not in text
    run = Run(str(tmp_path / "home" / "runs" / name))
    assert run.metrics["data"] == "mine.csv" and tell(run, data="another").metrics["data"] == "mine.csv"


def test_a_training_that_begins_with_a_run_goes_on_from_its_weights_and_says_so(drawn, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FER_KERAS_HOME", str(tmp_path / "home"))
    source = str(forms.csv(tmp_path / "mine.csv", drawn))

    def typed(net, *more):
        assert main(["train", net, "--data", source, *more]) == 0
        return Run(tmp_path / "home" / "runs" / capsys.readouterr().out.splitlines()[0])

    first = typed("dnn_narrow", "-o", "width", "0.25", "-r", "epochs", "2")
    without_card = {name: value for name, value in first.metrics.items() if name not in ("temperature", "checksum")}
    write_json(first.folder / "metrics.json", home.sealed(without_card))  # as of a version without cards
    second = typed(first.name, "-r", "epochs", "1", "-r", "learning_rate", "1e-9")
    assert second.name != first.name and second.config["net"] == "dnn_narrow"
    for weight, before in zip(second.model.trainable_weights, first.model.trainable_weights, strict=True):
        np.testing.assert_allclose(weight, before, atol=1e-6)
    kept = first.metrics["epoch"]  # of its two the recipe keeps the better
    assert second.metrics["begins_with"]["epochs"] == kept
    third = typed(second.name, "-r", "epochs", "1")
    assert third.metrics["begins_with"]["epochs"] == kept + 1
    seconds = first.metrics["seconds"] + second.metrics["seconds"]
    assert third.metrics["begins_with"]["seconds"] == pytest.approx(seconds)
    assert main(["card", third.name]) == 0
    text = capsys.readouterr().out
    assert f"It began with the weights of {second.name}, after {kept + 1} epochs in 0 minutes" in text
    assert f"    fer-keras train {first.name} --data mine.csv -r epochs 1 -r learning_rate 1e-9" in text
    assert main(["train", first.name, "--data", source, "-o", "width", "0.5"]) == 1
    assert "is made already, so width cannot be set" in capsys.readouterr().err


def test_runs_are_listed_the_newest_first(run, drawn, capsys):
    later = train("dnn_narrow", drawn[:100], drawn[100:130], options={"width": 0.25}, epochs=1)
    assert main(["runs", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    names = [row["run"] for row in rows]
    assert names.index(later.name) < names.index(run.name)
    row = rows[names.index(run.name)]
    assert (row["net"], row["width"], row["epochs"], row["faces"]) == ("cnn_leaky", 0.25, 2, 70)
    assert row["accuracy"] == round(run.metrics["accuracy"]["value"], 3) and row["megabytes"] > 0.1


def test_a_net_without_a_card_says_so_and_is_asked_all_the_same(run, photograph, capsys):
    model = run.folder / "model.keras"
    assert main(["look", str(photograph), "--net", str(model), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["right_when_so_sure"] is None
    assert main(["card", str(model)]) == 1
    assert "nothing is known of model.keras" in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["NaN", "no softmax"])
def test_a_net_that_gives_no_probabilities_is_refused(run, photograph, tmp_path, capsys, fault):
    net = keras.models.clone_model(run.model)
    if fault == "NaN":
        net.set_weights([np.full_like(value, np.nan) for value in net.get_weights()])
    else:
        net = keras.Model(net.inputs, net.get_layer("logits").output)
    net.save(tmp_path / "net.keras")
    assert main(["look", str(photograph), "--net", str(tmp_path / "net.keras"), "--json"]) == 1
    says = {"NaN": "gives answers that are no numbers", "no softmax": "gives no probabilities"}[fault]
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["look", "nowhere.jpg"], "nowhere.jpg is no file"),
        (["look", "nowhere.jpg", "--out", "."], ". cannot be written: it is a folder"),
        (["card", "nothing"], "nothing is neither a finished run nor a .keras file"),
    ],
)
def test_bad_input_ends_in_one_sentence(run, tmp_path, monkeypatch, capsys, typed, says):
    monkeypatch.chdir(tmp_path)
    assert main([*typed, *(["--net", run.name] if typed[0] == "look" else [])]) == 1
    out, error = capsys.readouterr()
    assert says in error and len(error.strip().splitlines()) == 1 and out == "" and not list(tmp_path.iterdir())


def test_the_net_that_comes_with_the_package_has_its_card_and_is_small():
    net = find_net()
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 3_000_000
    assert net.model.count_params() == net.card["parameters"] and net.card["accuracy"]["value"] > 0.65
    assert np.isfinite(net.predict(draw_faces(240)[:3])).all()


def test_neither_a_photograph_nor_the_net_is_written_over(tmp_path, capsys):
    for path in (photograph := tmp_path / "photo.png", net := tmp_path / "net.keras"):
        path.write_text("kept")
    for path in (photograph, net):
        assert main(["look", str(photograph), "--net", str(net), "--out", str(path)]) == 1
        assert f"{path} cannot be written: it is one of the files that are read" in capsys.readouterr().err
        assert path.read_text() == "kept"
    for command in ("look", "predict"):
        assert main([command, str(photograph), "--out", str(SHIPPED / "card.json")]) == 1
        assert "card.json cannot be written: it is one of the files that are read" in capsys.readouterr().err


def test_a_page_may_be_written_beside_the_photographs_and_again(run, tmp_path, photograph):
    shutil.copy(photograph, tmp_path / "a.png")
    for _ in range(2):
        assert main(["look", str(tmp_path), "--net", run.name, "--out", str(tmp_path / "look.html")]) == 0
    assert main(["look", str(tmp_path), "--net", run.name, "--out", str(tmp_path / "a.png")]) == 1


def test_only_the_packages_own_net_comes_under_its_licence(run, capsys):
    assert main(["card"]) == 0
    assert "under the MIT licence" in capsys.readouterr().out
    assert main(["card", run.name]) == 0
    assert "MIT" not in capsys.readouterr().out
