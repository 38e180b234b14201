"""The bar over epochs in a log, under real papermill, and drawn over where a line can be."""

import subprocess
import sys

import nbformat

from fer_keras.base import progress
from fer_keras.base.progress import EpochBar

LOGS = {"loss": 1.5, "accuracy": 0.4, "val_loss": 1.6, "val_accuracy": 0.35}


def test_a_log_gets_one_line_an_epoch(capsys):
    bar = EpochBar("cnn_leaky\x1b", 3, 1)
    bar.within(0.5, LOGS)
    bar.epoch(2, LOGS, 12.3)
    bar.close()
    assert capsys.readouterr().err.splitlines() == [
        r"cnn_leaky\x1b: going on after epoch 1 of 3",
        r"cnn_leaky\x1b: epoch 2/3, loss 1.500, accuracy 0.400, validation accuracy 0.350, 12 s",
    ]


def test_a_process_that_works_for_another_says_nothing(capsys, monkeypatch):
    monkeypatch.setattr(progress, "silent", True)
    bar = EpochBar("cnn_leaky", 3, 1)
    bar.epoch(2, LOGS, 1)
    bar.close()
    with progress.bar(total=3, what="predicting") as inner:
        inner.delay = 0
        inner.update()
    assert capsys.readouterr().err == ""


def test_where_lines_can_be_drawn_over_there_is_one_bar_with_the_scores(capsys, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook in Jupyter")
    monkeypatch.setattr(progress, "in_kernel", lambda: True)
    bar = EpochBar("cnn_leaky", 4)
    bar.bar.delay = 0
    bar.within(0.5, LOGS)
    assert bar.bar.n == 0.5
    bar.epoch(1, LOGS, 3)
    bar.epoch(4, LOGS, 3)
    bar.close()
    out, error = capsys.readouterr()
    assert "4.0/4 epochs" in out and "validation 0.350" in out and not error
    last = out.strip().rpartition("\r")[2]
    assert "\n" not in out.strip() and last.startswith("cnn_leaky: 100%") and len(last) < 110  # characters of a line


def test_papermills_log_has_a_line_an_epoch(tmp_path):
    code = """from fer_keras import load_faces, train
faces = load_faces(n=300)
training, validation = faces.split("Training"), faces.split("PublicTest")
run = train("dnn_narrow", training, validation, options={"width": 0.25}, epochs=3, batch_size=0)"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "in.ipynb")
    papermill = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "--log-output", "--no-progress-bar"]
    log = subprocess.run(papermill, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    (cell,) = nbformat.read(tmp_path / "out.ipynb", 4).cells
    assert {each.name for each in cell.outputs} == {"stdout"}  # stderr is red
    assert [f"dnn_narrow, width 0.25, seed 0: epoch {epoch}/3, loss " in log for epoch in (1, 2, 3)] == [True] * 3
    assert log.count(": epoch") == 3
