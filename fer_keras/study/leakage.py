"""What notebook 50 says of memory, in words that follow from its tables."""

import pandas as pd

from fer_keras.study.tables import word


def memory_words(planted: pd.DataFrame) -> str:
    """Of what a net that saw half of the validation faces gains on the faces put in, and on those kept out."""
    seen = word(planted.loc["put in"], "and loses", "which shows no gain", "and gains")
    others = word(planted.loc["kept out"], "loses", "gains nothing that shows", "gains as well")
    if seen == "and gains" and others == "gains as well":
        return "On faces kept out it gains as well: more faces helped, too."
    if seen == "and gains":
        return f"That is memory: on faces kept out it {others}."
    return "But no gain is shown on the very faces put in: this net remembers little."
