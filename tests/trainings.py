"""Trainings that tests start in processes of their own: `python -m tests.trainings train`."""

import hashlib
import json
import os
import signal
import sys
import threading
import time

from fer_keras.base import home


def sides():
    from fer_keras import load_faces

    faces = load_faces(n=700)
    return faces.split("Training")[:320], faces.split("PublicTest")


def train_one() -> None:
    """Print what must not change: weights, history and predictions; dropout, flips and shifts included."""
    from fer_keras import train

    training, validation = sides()
    run = train(
        "cnn_leaky", training, validation, options={"width": 0.125}, epochs=4, batch_size=64,
        flip="horizontal", shift=0.1, keep="best", learning_rate={1: 0.002, 3: 0.001},
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


def kfold() -> None:
    """Three folds, or as many as named, in one process, in two, or on a Dask cluster of two, one of which is killed."""
    import joblib

    from fer_keras import load_faces, run_kfold

    def run(**options):
        k = int(sys.argv[3]) if len(sys.argv) > 3 else 3
        folds = run_kfold("cnn_leaky", load_faces(n=400), k, options={"width": 0.25}, epochs=2, **options)
        print(json.dumps({"folds": len(folds.runs), "bits": _bits(folds)}))

    if sys.argv[2] != "cluster":
        return run(jobs={"one": 1, "two": 2}[sys.argv[2]])
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
        threading.Thread(target=_kill_once_it_trains, args=[victim], daemon=True).start()
        with joblib.parallel_config(backend="dask"):
            run()
        assert victim not in client.run(os.getpid).values(), "the worker was not killed"


def _bits(folds) -> str:
    histories = b"".join((folder / "history.csv").read_bytes() for folder in folds.runs)
    return hashlib.sha256(folds.probabilities.tobytes() + histories).hexdigest()


def _kill_once_it_trains(victim: int) -> None:
    while not list((home.folder() / "runs").glob("*/state.npz")):
        time.sleep(0.05)
    os.kill(victim, signal.SIGKILL)


if __name__ == "__main__":
    {"train": train_one, "late": late, "distributed": distributed, "kfold": kfold}[sys.argv[1]]()
