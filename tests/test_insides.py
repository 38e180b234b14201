"""The insides of other libraries that the package leans on are still there; each test says what broke if not."""

import os
import random
import sys

import joblib
import keras
import numpy as np
import pytest

from fer_keras import build
from fer_keras.base import insides


def test_keras_draws_its_seeds_from_randint_of_the_standard_library():
    weights = []
    for other in (1, 2):
        with insides.seeded(5):
            random.seed(other)  # as another thread may move the numbers that all share
            weights.append(build("dnn_narrow", width=0.1).get_weights()[0])
    message = "Keras no longer draws seeds by random.randint: folds in threads of a Dask worker do not repeat"
    np.testing.assert_array_equal(*weights, err_msg=message)


def test_a_block_that_is_seeded_gives_randint_back():
    usual = random.randint
    with pytest.raises(RuntimeError), insides.seeded(1):
        raise RuntimeError
    assert random.randint is usual


def test_tensorflow_still_lists_its_gradients_by_name():
    if keras.backend.backend() != "tensorflow":
        pytest.skip("TensorFlow's registry")
    from tensorflow.python.framework import ops

    with insides.frees_graphs():
        ops.RegisterGradient("CustomGradient-of-a-test")(lambda *_: None)
    with pytest.raises(LookupError):  # or graphs stay in memory, 16 MB a training
        ops.gradient_registry.lookup("CustomGradient-of-a-test")
    with insides.frees_graphs():  # what the user registers stays
        ops.RegisterGradient("A-test's-own")(lambda *_: None)
    assert ops.gradient_registry.lookup("A-test's-own")


@pytest.mark.skipif(sys.platform == "win32", reason="signal 0 asks whether a process lives")
def test_joblibs_processes_end_when_they_are_told_to():
    found = set(joblib.Parallel(2)(joblib.delayed(os.getpid)() for _ in range(8))) - {os.getpid()}
    insides.stop_workers(kill=False)
    for process in found:
        with pytest.raises(ProcessLookupError):  # or workers of folds keep their memory for five minutes
            os.kill(process, 0)
    assert found
