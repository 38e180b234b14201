"""Cross-validation: stratified folds that keep copies of a picture together, each fold a `Run`, pooled at the end.

It runs over joblib: on one machine with `n_jobs`, elsewhere inside `joblib.parallel_config(backend=...)`.
This file does not import Keras, so that a worker can first be told its backend and its number of threads.
"""

import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import joblib
import numpy as np
from sklearn.model_selection import StratifiedKFold

from fer_keras.base import home, insides, interrupts
from fer_keras.base.environment import threads
from fer_keras.base.progress import bar
from fer_keras.faces import EMOTIONS, UNLABELLED, Faces
from fer_keras.scores import accuracy, confusion, over_seeds

PASSED_ON = ("FER_KERAS_HOME", "FER_KERAS_SHARED", "FER_KERAS_DETERMINISTIC", "KERAS_BACKEND")  # that workers get
_one_at_a_time = threading.Lock()  # Keras' seeds belong to the process, and a Dask worker may have several threads


@dataclass(frozen=True)
class Folds:
    """What k trainings say of faces that each of them had not seen.

    >>> folds = run_kfold("dnn_narrow", training, k=2, epochs=1)
    >>> folds.confusion.sum(), len(folds.runs)
    (np.int64(320), 2)
    """

    labels: np.ndarray  # (n,) of the faces, in their order
    fold: np.ndarray  # (n,) in which fold a face was held out, from 0
    probabilities: np.ndarray  # (n, 7) by the net that had not seen the face
    accuracies: np.ndarray  # (k,) of each fold
    runs: tuple[Path, ...]  # (k,) where each fold's run is stored

    @cached_property
    def metrics(self) -> dict:
        """`pooled`: accuracy over all faces. `mean` of the folds with its interval, `spread`: their deviation."""
        return {
            "pooled": accuracy(self.labels, self.probabilities.argmax(axis=1)),
            "mean": over_seeds(self.accuracies),
            "spread": {"value": float(self.accuracies.std(ddof=1)), "n": len(self.accuracies)},
        }

    @cached_property
    def confusion(self) -> np.ndarray:
        """(7, 7) counts, pooled out of fold: true emotion (rows), predicted (columns)."""
        return confusion(self.labels, self.probabilities.argmax(axis=1)).to_numpy()


def fold_numbers(faces: Faces, k: int, *, seed: int = 0, duplicates: str = "together") -> np.ndarray:
    """In which of k folds each face is held out: every class in proportion, copies of a picture together."""
    if duplicates not in ("together", "ignore"):
        raise ValueError(f'duplicates is "together" or "ignore", not {duplicates!r}')
    if (faces.labels == UNLABELLED).any():
        raise ValueError("folds need labelled faces; these hold unlabelled ones")
    groups = faces.duplicate_groups() if duplicates == "together" else np.arange(len(faces))
    _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    labels = faces.labels[first]
    names, counts = np.unique(labels, return_counts=True)
    if len(names) == 0 or k < 2 or counts.min() < k:
        rarest = f"only {counts.min()} different {EMOTIONS[names[counts.argmin()]]} faces" if len(names) else "no faces"
        raise ValueError(f"{k} folds need k at least 2 and k different faces of every class; there are {rarest}")
    fold_of_group = np.empty(len(first), int)
    splits = StratifiedKFold(k, shuffle=True, random_state=seed).split(labels, labels)
    for fold, (_, held_out) in enumerate(splits):
        fold_of_group[held_out] = fold
    return fold_of_group[group_of]


def run_kfold(
    net: str,
    faces: Faces,
    k: int = 20,
    *,
    seed: int = 0,
    duplicates: str = "together",
    n_jobs: int | None = None,
    jobs: int | None = None,
    keep_models: bool = False,
    **settings,
) -> Folds:
    """Train k nets from fresh weights, each on all faces but one fold, and pool what they say of that fold.

    A fold keeps its last epoch, whatever the recipe says: keep="best" would let the held-out faces choose.

    duplicates: "together", or "ignore" for the usual folds, in which a copy may stand on both sides.
    n_jobs (or jobs): folds trained at once, each on its share of the cores; as joblib counts, -1 is one a core, None is
    what `joblib.parallel_config` says, or 1.

    The settings are those of `train`.
    Every fold is a run in the store, so the same call continues what was stopped.

    >>> folds = run_kfold("dnn_narrow", training, k=2, epochs=1)
    >>> folds.metrics["pooled"]["n"]
    320

    On a cluster through any of joblib's backends (Dask's, Ray's, …), each worker with one thread and all with one
    FER_KERAS_HOME; a lost worker's fold goes on elsewhere:

        cluster = dask_jobqueue.SLURMCluster(cores=1, memory="4GB")  # or dask_kubernetes.operator.KubeCluster(...)
        cluster.scale(20)
        with distributed.Client(cluster) as client, joblib.parallel_config(backend="dask"):
            client.wait_for_workers(20)
            folds = run_kfold("vgg16_bn", faces.split("Training"), k=20)
    """
    if not isinstance(net, str):
        raise ValueError("run_kfold starts every fold from fresh weights: name a net, or module:function of your own")
    numbers = fold_numbers(faces, k, seed=seed, duplicates=duplicates)
    seeds = np.random.SeedSequence(seed).generate_state(k)
    settings = {"keep": "last"} | settings | {"keep_model": keep_models}
    jobs, alone, here = _workers(n_jobs, jobs, k)
    told = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    told |= home.variables()  # whatever folder a worker works in
    if not alone and here:
        told |= threads(joblib.cpu_count() // jobs)
    common = net, faces.arrays(), numbers, told, _dtype_policy(alone), alone  # objects that Dask sends once
    tasks = []
    for fold in range(k):
        own = {"seed": int(seeds[fold]), "title": f"{net}, fold {fold + 1} of {k}"}
        tasks.append(joblib.delayed(_fold)(*common, fold, own | settings))
    results: list = []
    try:
        with bar(total=k, what=f"{net}, {k} folds", unit="fold", disable=alone) as done, interrupts.remembered():
            for result in joblib.Parallel(jobs, return_as="generator")(tasks):
                results.append(result)
                done.update()
                interrupts.check()
    except KeyboardInterrupt:
        stopped = f"stopped after {len(results)} of {k} folds"
        print(f"fer-keras: {stopped}; the same call goes on from there", file=sys.stderr)
        raise
    finally:
        if not alone and here:
            insides.stop_workers(kill=len(results) < k)
    accuracies, predicted, folders = zip(*results, strict=True)
    probabilities = np.empty((len(faces), len(EMOTIONS)), np.float32)
    for fold in range(k):
        probabilities[numbers == fold] = predicted[fold]
    return Folds(faces.labels, numbers, probabilities, np.array(accuracies), folders)


def _workers(n_jobs: int | None, jobs: int | None, k: int) -> tuple[int, bool, bool]:
    """How many folds at once; whether all are trained in this process, one after the other; whether on this machine."""
    if None not in (n_jobs, jobs) and n_jobs != jobs:
        raise ValueError(f"n_jobs is {n_jobs} and jobs {jobs}, which mean the same; give one of them")
    backend, _ = joblib.parallel.get_active_backend()
    number = min(k, joblib.effective_n_jobs(jobs if n_jobs is None else n_jobs))
    here = insides.of_joblib(backend)
    return number, (here and number == 1) or getattr(backend, "uses_threads", False), here


def _fold(net, arrays, numbers, told, policy, alone, fold, settings) -> tuple[float, np.ndarray, Path]:
    """Train one fold, in whatever process: accuracy, probabilities of the held-out faces, folder of the run."""
    with _one_at_a_time:
        for name in PASSED_ON:
            os.environ.pop(name, None)
        os.environ.update(told | _threads_of_dask_worker())
        import keras

        from fer_keras.base import progress
        from fer_keras.training.train import train

        progress.silent = not alone
        if policy:
            keras.config.set_dtype_policy(policy)
        distribution = keras.distribution.distribution()
        faces, held_out = Faces(**arrays), numbers == fold
        run = train(net, faces[~held_out], faces[held_out], **settings)
        result = run.metrics["accuracy"]["value"], run.predict(faces[held_out]), run.folder
        keras.utils.clear_session()  # or every fold's graphs stay in memory; it forgets these two settings
        if policy:
            keras.config.set_dtype_policy(policy)
        if distribution:
            keras.distribution.set_distribution(distribution)
        progress.silent = False
        return result


def _dtype_policy(alone: bool) -> str | None:
    """The number type that the user has set, which workers have to be told."""
    if "keras" not in sys.modules:
        return None
    import keras

    if keras.distribution.distribution() and not alone:
        raise ValueError("an active keras.distribution goes with jobs=1: it uses all devices for one fold at a time")
    return keras.config.dtype_policy().name


def _threads_of_dask_worker() -> dict[str, str]:
    """The variables that give a fold as many threads as the Dask worker has that it runs in; none elsewhere."""
    if "distributed" in sys.modules:
        with suppress(ValueError):  # not in a worker
            return threads(sys.modules["distributed"].get_worker().state.nthreads)
    return {}
