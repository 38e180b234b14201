"""What people call the seven emotions and the splits: names of folders, of files, and words in a label column."""

import re

from fer_keras.faces import EMOTIONS

WORDS = {
    "angry": "anger angriness",
    "disgust": "disgusted",
    "fear": "fearful scared afraid",
    "happy": "happiness joy joyful",
    "sad": "sadness",
    "surprise": "surprised",
    "neutral": "",
}
LABELS = {word: EMOTIONS.index(name) for name, others in WORDS.items() for word in (name, *others.split())}
SPLIT_OF = {  # how folders and Parquet files call the splits
    **{"train": "Training", "training": "Training"},
    **{"validation": "PublicTest", "valid": "PublicTest", "val": "PublicTest", "publictest": "PublicTest"},
    **{"test": "PrivateTest", "privatetest": "PrivateTest"},
}


def label_of(name: str) -> int | None:
    """0 to 6 for the name of an emotion, also after a number, such as `3_Happy`; a number alone is no name."""
    return LABELS.get(re.sub(r"^\d+[-_. ]+", "", name.strip().lower()))


def split_of(name: str) -> str | None:
    return SPLIT_OF.get(re.sub("[-_ ]", "", name.lower()))
