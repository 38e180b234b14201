"""`fer-keras sweep`: a notebook with every combination of some parameters, each once."""

import shlex
from pathlib import Path

import nbformat
import papermill
import pytest

from fer_keras.__main__ import main
from fer_keras.base.typed import choices


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """One that adds a line to the file `ran` and fails for SEED 3."""
    monkeypatch.chdir(tmp_path)
    cells = [
        nbformat.v4.new_code_cell('MODEL: str = "a"\nSEED: int = 0', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("print(MODEL, SEED, file=open('ran', 'a'))\nassert SEED != 3"),
        nbformat.v4.new_code_cell(
            "from IPython.display import display\n"
            "display({'application/vnd.fer-keras.record+json': {'score': {'value': 0.5 + SEED, 'n': 8}}}, raw=True)"
        ),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), tmp_path / "mine.ipynb")
    return tmp_path


def ran(folder: Path) -> list[str]:
    """The lines that were added since the last call."""
    lines = (folder / "ran").read_text().splitlines() if (folder / "ran").exists() else []
    (folder / "ran").unlink(missing_ok=True)
    return lines


def test_every_combination_runs_once_and_what_is_finished_is_skipped(notebook, capsys):
    typed = ["sweep", "mine.ipynb", "--parameter", "SEED", "0..1", "-p", "MODEL"]
    assert main([*typed, "a"]) == 0
    assert ran(notebook) == ["a 0", "a 1"]
    capsys.readouterr()
    assert main([*typed, "a,b"]) == 0
    assert ran(notebook) == ["b 0", "b 1"] and "2 of 4 ran to their end before" in capsys.readouterr().err
    left = sorted(path.name for path in (notebook / "sweeps" / "mine").iterdir())
    assert left == [f"mine-SEED-{seed}-MODEL-{model}.ipynb" for seed in (0, 1) for model in "ab"]
    assert main(["table", "sweeps/mine", "--csv"]) == 0
    first, second, *_ = capsys.readouterr().out.splitlines()[1:]
    assert first.startswith("mine,a,score,1.0,") and second.startswith("mine,b,score,1.0,")
    changed = nbformat.read("mine.ipynb", 4)
    changed.cells[2].source += "\n1"
    nbformat.write(changed, "mine.ipynb")
    assert main(["sweep", "mine.ipynb", "-p", "SEED", "0", "-p", "MODEL", "a"]) == 0
    assert ran(notebook) == ["a 0"], "another notebook than the one that ran"


def test_one_that_fails_holds_up_no_other_and_runs_again(notebook, capsys):
    typed = ["sweep", "mine.ipynb", "-p", "SEED", "3,4", "--out", "there"]
    for expected in (["a 3", "a 4"], ["a 3"]):
        assert main(typed) == 1
        assert ran(notebook) == expected
        said = capsys.readouterr().err.strip().splitlines()[-1]
        assert said.startswith("fer-keras: 1 of ") and "mine-SEED-3.ipynb, cell 3: AssertionError" in said


def test_print_runs_nothing_and_its_lines_do_the_same(notebook, capsys):
    typed = ["sweep", "mine.ipynb", "-p", "SEED", "0,1", "-p", "MODEL", "7", "--out", "there"]
    assert main([*typed, "--print"]) == 0
    lines = capsys.readouterr().out.splitlines()
    words = "papermill mine.ipynb there/mine-SEED-{0}-MODEL-7.ipynb --cwd . -p SEED {0} -r MODEL 7"
    assert lines == [words.format(0), words.format(1)] and ran(notebook) == []
    _, source, target, _, folder, *_ = shlex.split(lines[0])
    papermill.execute_notebook(source, target, {"SEED": 0, "MODEL": "7"}, cwd=folder, progress_bar=False)
    assert ran(notebook) == ["7 0"]
    assert main([*typed, "--print"]) == 0
    assert capsys.readouterr().out.splitlines() == lines[1:], "papermill has run the first to its end"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing.ipynb"], "nothing.ipynb is no notebook; give a path, or a name such as 20_kfold"),
        (["mine.ipynb", "-p", "SEDE", "1"], "no selected notebook has a parameter SEDE; there are MODEL, SEED"),
        (["mine.ipynb", "-p", "SEED", "many"], "SEED is int, not 'many'"),
        (["mine.ipynb", "-p", "SEED", "4..2"], "SEED has no value in 4..2; give such as a,b or 0..4"),
        (["mine.ipynb", "-p", "MODEL", "a b,a-b"], "two settings would be left in"),
        (["mine.ipynb", "-p", "SEED", "0..999999999999"], "SEED has more than 10,000 values in 0..999999999999"),
        (["mine.ipynb", "-p", "SEED", "0..999", "-p", "LONG", "0..999"], "1,000,000 settings are more than 10,000"),
        (["mine.ipynb", "--timeout", "0"], "timeout is at least 1, not 0"),
        (["ran"], "ran is no notebook; give a path"),
        (["mine.ipynb", "--print", "--out", "loop"], "loop could not be written"),
        (["mine.ipynb", "--out", "."], "mine.ipynb is the notebook itself; name another folder with --out"),
    ],
)
def test_bad_input_is_one_sentence_and_runs_nothing(notebook, capsys, arguments, says):
    (notebook / "ran").write_text("")
    (notebook / "loop").symlink_to(notebook / "loop")
    assert main(["sweep", *arguments]) == 1
    out, error = capsys.readouterr()
    assert says in error and len(error.strip().splitlines()) == 1 and out == ""
    assert ran(notebook) == [] and not (notebook / "sweeps").exists()


def test_values_of_a_sweep():
    typed = {"a,b": ["a", "b"], "0..3": [0, 1, 2, 3], "-1..1": [-1, 0, 1], "0.5": [0.5], "1, x": [1, "x"]}
    typed |= {'["a, b", c]': ["a, b", "c"], '["a, b"]': ["a, b"], "7": [7]}
    assert {text: choices("NAME", text) for text in typed} == typed
