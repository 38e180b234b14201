"""The words about memory follow from the intervals."""

import pandas as pd
import pytest

from fer_keras.study.leakage import memory_words


@pytest.mark.parametrize(
    ("put_in", "kept_out", "says"),
    [
        ((0.2, 0.4), (-0.1, 0.1), "That is memory: on faces kept out it gains nothing that shows."),
        ((0.2, 0.4), (-0.2, -0.1), "That is memory: on faces kept out it loses."),
        ((0.2, 0.4), (0.1, 0.2), "On faces kept out it gains as well: more faces helped, too."),
        ((-0.1, 0.1), (-0.1, 0.1), "But no gain is shown on the very faces put in: this net remembers little."),
    ],
)
def test_what_a_leaky_net_gains_is_called_by_its_name(put_in, kept_out, says):
    table = pd.DataFrame({"value": 0.0, "interval": [put_in, kept_out]}, index=["put in", "kept out"])
    assert memory_words(table) == says
