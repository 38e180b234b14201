"""What differs between Keras' backends, and nowhere else: threads, bits that repeat, feeding, memory, gradients."""

import logging
import os
from collections.abc import Callable, Iterable
from functools import cache

import keras
import numpy as np

from fer_keras.base.numbers import filled_up

BACKEND = keras.backend.backend()


def gpus() -> list[str]:
    """The graphics cards that this process computes on, by name."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        found = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
        return [each.get("device_name", "GPU") for each in found]
    if BACKEND == "jax":
        import jax

        return [each.device_kind for each in jax.devices() if each.platform != "cpu"]
    import torch

    return [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]


def deterministic() -> bool:
    """Whether trainings in this process repeat bit for bit: FER_KERAS_DETERMINISTIC=1, set before Keras works."""
    given = os.environ.get("FER_KERAS_DETERMINISTIC", "")
    if given not in ("", "0", "1"):
        raise ValueError(f"FER_KERAS_DETERMINISTIC is 1 or 0, not {given!r}")
    asked = given == "1"
    if asked and not _repeat_bits():
        late = "FER_KERAS_DETERMINISTIC=1 comes too late: TensorFlow has started with several threads"
        raise ValueError(f"{late}; set it before Python starts, or before the first net is built")
    return asked


@cache
def _repeat_bits() -> bool:
    """Make this process repeat its bits; False if it is too late."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        try:
            tf.config.threading.set_intra_op_parallelism_threads(1)  # with two, sums of gradients change their order
        except RuntimeError:
            return tf.config.threading.get_intra_op_parallelism_threads() == 1
        tf.config.experimental.enable_op_determinism()  # for GPUs
    elif BACKEND == "torch":
        import torch

        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it CUDA refuses
        torch.use_deterministic_algorithms(True)
    return True


deterministic()  # before anything computes
if BACKEND == "tensorflow":
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # or every tenth net is warned of being the tenth


def devices() -> int | None:
    """Over how many devices an active `keras.distribution` spreads a batch."""
    distribution = keras.distribution.distribution()
    return None if distribution is None else distribution.device_mesh.devices.size


def filled(faces):
    """The faces, and the first ones again, so that every device gets an equal part of the last batch as well."""
    return faces[filled_up(len(faces), devices() or 1)]


def feed(batches: keras.utils.PyDataset) -> Iterable:
    """What `fit`, `evaluate` and `predict` take for these batches.

    TensorFlow gets a `tf.data` without autotuning: ending an autotuned one, which Keras makes of everything else,
    waits for the tuner's next turn (TensorFlow 2.21), which can double the time of a short fit or prediction.
    """
    if batches.batch_size % (devices() or 1):
        raise ValueError(f"batches of {batches.batch_size} faces cannot be divided among {devices()} devices")
    if BACKEND != "tensorflow":
        return batches
    import tensorflow as tf

    def epoch():
        return (batches[index] for index in range(len(batches)))

    plain = tf.data.Options()
    plain.autotune.enabled = False
    shapes = tuple(tf.TensorSpec((None, *each.shape[1:]), each.dtype) for each in batches[0])
    data = tf.data.Dataset.from_generator(epoch, output_signature=shapes)
    return data.apply(tf.data.experimental.assert_cardinality(len(batches))).prefetch(2).with_options(plain)


def seed_epoch(seed: int, epoch: int) -> None:
    """Make dropout of this epoch follow from (seed, epoch) where Keras draws it from the backend's own numbers:
    PyTorch. Elsewhere the states of the layers' seeds are variables like the weights."""
    if BACKEND == "torch":
        import torch

        torch.manual_seed(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def numbers(variables: Iterable) -> list:
    """The values of Keras variables as NumPy arrays; bfloat16 as float32, which holds it exactly."""
    values = [keras.ops.convert_to_numpy(variable.value) for variable in variables]
    return [value.astype("float32") if value.dtype.name == "bfloat16" else value for value in values]


def gradient(model: keras.Model, score: Callable) -> Callable:
    """f(images, which) -> (scores, gradients): of `score(outputs, which)`, one number an image, and of its sum with
    respect to the images, as NumPy arrays. Inference mode, so images do not mix: row i is the gradient of scores[i].

    which: one whole number an image, such as a class. The model may end at any layer; weights that change later count.
    Make it once and call it often: TensorFlow and JAX compile it.
    """
    dtype = model.inputs[0].dtype

    if BACKEND == "tensorflow":
        import tensorflow as tf

        shapes = tf.TensorSpec(model.inputs[0].shape, dtype), tf.TensorSpec((None,), "int32")

        @tf.function(input_signature=shapes)
        def run(images, which):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(images)
                scores = score(model(images, training=False), which)
            return scores, tape.gradient(scores, images, unconnected_gradients="zero")
    elif BACKEND == "jax":
        import jax

        @jax.jit
        def differentiate(images, which, trainable, fixed):
            def total(images):
                outputs, _ = model.stateless_call(trainable, fixed, images, training=False)
                scores = score(outputs, which)
                return scores.sum(), scores

            (_, scores), gradients = jax.value_and_grad(total, has_aux=True)(images)
            return scores, gradients

        def run(images, which):
            weights = model.trainable_variables, model.non_trainable_variables
            return differentiate(images, which, *([each.value for each in part] for part in weights))
    else:
        import torch

        def run(images, which):
            with torch.enable_grad():
                scores = score(model(images.requires_grad_(), training=False), which)
                (gradients,) = torch.autograd.grad(scores.sum(), images, allow_unused=True, materialize_grads=True)
            return scores.detach(), gradients

    def at(images: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tensors = keras.ops.convert_to_tensor(np.array(images), dtype), keras.ops.convert_to_tensor(which, "int32")
        found = (keras.ops.convert_to_numpy(each) for each in run(*tensors))
        return tuple(each if each.dtype == "float64" else each.astype("float32") for each in found)

    return at
