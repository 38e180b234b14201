"""Trainings that tests start in processes of their own: `python -m tests.trainings killed 2`."""

import hashlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from fer_keras.base import home

NET = "tests.tiny:net"


def sides():
    from fer_keras import load_faces

    faces = load_faces(n=700)
    return faces.split("Training")[:320], faces.split("PublicTest")


def trained(die_in: int = 0, wait_for: str = "") -> list[str]:
    """What must not change: weights, history and predictions; dropout, flips and shifts included.

    die_in: an epoch in whose midst the process kills itself. wait_for: a file, before whose coming no epoch starts.
    """
    import keras

    from fer_keras import train

    class Trouble(keras.callbacks.Callback):
        """Holds nothing, for its settings would make another run."""

        def on_epoch_begin(self, epoch, logs=None):
            Trouble.epoch = epoch + 1
            while wait_for and not Path(wait_for).exists():
                time.sleep(0.05)

        def on_train_batch_begin(self, batch, logs=None):
            if batch == 2 and Trouble.epoch == die_in:
                os.kill(os.getpid(), signal.SIGKILL)

    training, validation = sides()
    run = train(
        NET, training, validation, epochs=4, batch_size=64, flip="horizontal", shift=0.1, keep="best",
        learning_rate={1: 0.002, 3: 0.001}, callbacks=[Trouble()],
    )  # fmt: skip
    weights = b"".join(value.tobytes() for value in run.model.get_weights())
    made = weights, (run.folder / "history.csv").read_bytes(), run.predict(validation).tobytes()
    return [hashlib.sha256(data).hexdigest() for data in made]


def killed() -> None:
    trained(die_in=int(sys.argv[2]))


def resumed() -> None:
    """Go on with the run that was killed, then make it afresh in another store."""
    found = {"resumed": trained()}
    os.environ["FER_KERAS_HOME"] += "-afresh"
    print(json.dumps(found | {"whole": trained()}))


def waiting() -> None:
    print(json.dumps(trained(wait_for=sys.argv[2])))


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

    run = train(NET, training[:319], validation[:69], epochs=2, batch_size=64, callbacks=[Look()])
    found = {"devices_of_weights": used[-1], "devices": run.config["devices"]}
    print(json.dumps(found | {"predictions": run.metrics["accuracy"]["n"], "epochs": len(run.history)}))


def folds(store: str, k: int = 3, **options) -> str:
    """Run k folds, each store afresh; what must not change of them."""
    from fer_keras import load_faces, run_kfold

    os.environ["FER_KERAS_HOME"] = str(Path(sys.argv[2]) / store)
    found = run_kfold(NET, load_faces(n=400), k, epochs=3, **options)
    histories = b"".join((folder / "history.csv").read_bytes() for folder in found.runs)
    return hashlib.sha256(found.probabilities.tobytes() + histories).hexdigest()


def kfold() -> None:
    """Three folds in one process, in two, and on a Dask cluster of two, one of which is killed."""
    import joblib
    from distributed import Client, LocalCluster

    found = {"one": folds("one"), "two": folds("two", jobs=2)}
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
        os.environ["FER_KERAS_HOME"] = str(Path(sys.argv[2]) / "cluster")
        threading.Thread(target=_kill_once_it_trains, args=[victim], daemon=True).start()
        with joblib.parallel_config(backend="dask"):
            found["cluster"] = folds("cluster")
        assert victim not in client.run(os.getpid).values(), "the worker was not killed"
    print(json.dumps(found))


def six_folds() -> None:
    """In two processes."""
    folds("six", k=6, jobs=2)


def _kill_once_it_trains(victim: int) -> None:
    while not list((home.folder() / "runs").glob("*/state.npz")):
        time.sleep(0.01)
    os.kill(victim, signal.SIGKILL)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
