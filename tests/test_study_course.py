"""What is said of a training, on made-up curves."""

import pandas as pd
import pytest

from fer_keras.study.course import course


def history(accuracies, losses) -> pd.DataFrame:
    table = pd.DataFrame({"accuracy": 0.5, "val_accuracy": accuracies, "val_loss": losses})
    return table.set_axis(range(1, len(table) + 1))


@pytest.mark.parametrize(
    ("accuracies", "losses", "says"),
    [
        ([0.2, 0.6, 0.7], [3, 2, 1], "and for 70% after its last, and most of that comes in the first half"),
        ([0.2, 0.3, 0.7], [3, 2, 1], "comes in the second half. Its validation loss still falls at the end."),
        ([0.2, 0.6, 0.7], [3, 1, 2], "is lowest after epoch 2 of 3."),
        ([0.4, 0.6, 0.3], [3, 1, 2], "gets no better"),
        ([0.4], [3], "After its only epoch"),
    ],
)
def test_a_training_is_told_in_a_sentence(accuracies, losses, says):
    assert says in course("a", history(accuracies, losses))
