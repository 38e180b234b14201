"""What 51_ablation and 52_labels record on smoke: values that fit each other and the faces."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from fer_keras.study import records

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
CAUSES = ("averaging_over_the_epoch", "dropout", "batch_norm_mode", "augmentation", "generalisation")


@pytest.fixture(scope="module")
def ablation(executed):
    return {name: entry["value"] for name, entry in records.read_notebook(executed("51_ablation"))[0].items()}


def test_differences_are_those_of_the_accuracies_and_each_change_is_told_once(ablation):
    changes = [name.removesuffix("_difference") for name in ablation if name.endswith("_difference")]
    assert {"no_batch_norm", "no_dropout"} <= set(changes)
    for name in changes:
        apart = ablation[f"{name}_accuracy"] - ablation["as_it_is_accuracy"]
        assert ablation[f"{name}_difference"] == pytest.approx(apart, abs=1e-9)
    answers = ablation["as_it_is_accuracy"] * ablation["seeds"] * ablation["judged_faces"]
    assert answers == pytest.approx(round(answers), abs=1e-6)
    told = [name for word in ("better", "worse", "undecided") for name in ablation[word].split(", ") if name != "none"]
    assert sorted(told) == sorted(name.replace("_", " ") for name in changes)


def test_the_parts_of_each_gap_add_up_and_a_missing_cause_has_none(ablation):
    for name in ("as_it_is", "no_batch_norm", "no_dropout"):
        parts = [ablation[f"{name}_gap_{cause}"] for cause in CAUSES]
        assert sum(parts) == pytest.approx(ablation[f"{name}_gap"], abs=1e-9)
    assert ablation["no_dropout_gap_dropout"] == ablation["no_batch_norm_gap_batch_norm_mode"] == 0
    apart = ablation["overfitting_no_dropout"] - ablation["overfitting_as_it_is"]
    assert ablation["dropout_closes"] == pytest.approx(apart, abs=1e-9)


def test_each_gap_says_how_it_was_counted_and_what_its_net_has(ablation):
    shown = ("as_it_is", "shift", "no_batch_norm", "no_dropout")
    assert [ablation[f"{name}_augmented"] for name in shown] == [False, True, False, False]
    assert [ablation[f"{name}_batch_norm"] for name in shown] == [True, True, False, True]
    for name in shown:
        above, compared = ablation[f"{name}_epochs_validation_above"], ablation[f"{name}_epochs_compared"]
        assert isinstance(compared, int) and 0 <= above <= compared == 2  # one epoch of each of two trainings
        assert ablation[f"{name}_share_validation_above"] == above / compared


def test_with_one_epoch_both_kinds_reach_the_goal_in_it(ablation):
    assert ablation["with_batch_norm_epochs"] == ablation["without_batch_norm_epochs"] == 1
    assert ablation["batch_norm_saves_epochs"] == 0 and ablation["goal_loss"] > 0


def run_ablation(folder, **settings):
    """The smoke preset with these settings, by plain papermill."""
    more = [each for name, value in settings.items() for each in ("-p", name, value)]
    command = ["papermill", NOTEBOOKS / "51_ablation.ipynb", folder / "out.ipynb", "--cwd", NOTEBOOKS]
    command += ["-f", NOTEBOOKS / "presets" / "smoke.yaml", "--no-progress-bar", *more]
    return subprocess.run([sys.executable, "-m", *map(str, command)], capture_output=True, text=True)


def test_report_cs_middle_is_compared_where_it_is_given_epochs_and_without_variants(smoke_report, tmp_path):
    ran = run_ablation(tmp_path, VARIANTS="", MIDDLE=1, SEEDS=1)
    assert ran.returncode == 0, ran.stderr[-2000:]
    notebook = nbformat.read(tmp_path / "out.ipynb", 4)
    values, answer = records.read_notebook(notebook)
    rivals = {
        "larger_in_the_middle_gain": "even_kernels",
        "larger_in_the_middle_gain_over_reversed": "reversed_kernels",
        "more_in_the_middle_gain": "even_filters",
        "more_in_the_middle_gain_over_reversed": "reversed_filters",
    }
    for name, rival in rivals.items():
        gain = values["middle_c_accuracy"]["value"] - values[f"middle_{rival}_accuracy"]["value"]
        assert values[name]["value"] == pytest.approx(gain, abs=1e-9)
        assert values[name]["interval"][0] < gain < values[name]["interval"][1]
    compared = [name for name in values if name.endswith(("_difference", "_gap")) or name == "dropout_closes"]
    assert compared == ["as_it_is_gap"] and values["better"]["value"] == "none"
    assert "Nothing was changed here." in answer
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output.metadata["image/png"]["alt"] for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2 and pictures[1].startswith("over even kernels ")  # the gap, and C's net


def test_an_unknown_variant_is_refused_in_a_sentence(tmp_path):
    ran = run_ablation(tmp_path, VARIANTS="shift, dropuot", SEEDS=1)
    assert ran.returncode != 0
    assert "ValueError: no variant is called 'dropuot'; there are flip_sideways, flip_upside_down" in ran.stderr
