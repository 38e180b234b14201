"""Notebook 01: what it records of 400 drawn faces on smoke, and what it says of copies."""

from fer_keras.study import records


def test_it_records_what_the_drawn_faces_hold(executed):
    entries, answer = records.read_notebook(executed("01_faces"))
    values = {name: entry["value"] for name, entry in entries.items()}
    assert (values["faces"], values["outside_training"]) == (400, 80)
    assert (values["majority_class"], values["rarest_class"]) == ("happy", "disgust")
    assert entries["exact_leak"] == {"value": 6 / 80, "n": 80}  # planted
    assert 6 / 80 < values["leak"] <= 10 / 80
    assert values["nearest_means"] != values["farthest_means"]
    assert answer.startswith("400 drawn faces") and "*happy*" in answer
    assert f"Of 80 kept from training {values['leak']:.1%} have a copy there" in answer
