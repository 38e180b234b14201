"""Trainings that tests start in processes of their own: `python -m tests.trainings train`."""

import hashlib
import json
import os
import sys


def sides():
    from fer_keras import load_faces

    faces = load_faces(n=700)
    return faces.split("Training")[:320], faces.split("PublicTest")


def train_one() -> None:
    """Print what must not change: weights, history and predictions; dropout, flips and shifts included."""
    from fer_keras import train

    training, validation = sides()
    run = train(
        "cnn_leaky", training, validation, options={"width": 0.25}, epochs=6, batch_size=64,
        flip="horizontal", shift=0.1, keep="best", learning_rate={1: 0.002, 4: 0.001},
    )  # fmt: skip
    weights = b"".join(value.tobytes() for value in run.model.get_weights())
    for data in (weights, (run.folder / "history.csv").read_bytes(), run.predict(validation).tobytes()):
        print(hashlib.sha256(data).hexdigest())


def late() -> None:
    """Ask for bits that repeat after a net has been used."""
    from fer_keras import build, train

    training, validation = sides()
    build("cnn_leaky", width=0.25).predict(training.images[:8, ..., None], verbose=0)
    os.environ["FER_KERAS_DETERMINISTIC"] = "1"
    try:
        train("cnn_leaky", training, validation, epochs=1)
    except ValueError as error:
        sys.exit(str(error))


def distributed() -> None:
    """Data parallel over two devices, with numbers of faces that two does not divide."""
    import keras

    from fer_keras import train

    keras.distribution.set_distribution(keras.distribution.DataParallel())
    training, validation = sides()
    used = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            used.append(len(self.model.trainable_variables[0].value.sharding.device_set))

    settings = {"options": {"width": 0.125}, "epochs": 2, "batch_size": 64, "callbacks": [Look()]}
    run = train("cnn_leaky", training[:319], validation[:69], **settings)
    found = {"devices_of_weights": used[-1], "devices": run.config["devices"]}
    print(json.dumps(found | {"predictions": run.metrics["accuracy"]["n"], "epochs": len(run.history)}))


if __name__ == "__main__":
    {"train": train_one, "late": late, "distributed": distributed}[sys.argv[1]]()
