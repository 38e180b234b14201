import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import layers
from scipy.special import softmax

from fer_keras import batch_norm_backward, conv_output_shape, softmax_cross_entropy_gradient

steady = settings(deadline=None, derandomize=True, max_examples=60)


@steady
@given(
    st.tuples(st.integers(1, 30), st.integers(1, 30)), st.tuples(st.integers(1, 6), st.integers(1, 6)),
    st.integers(1, 4), st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(1, 3),
)  # fmt: skip
def test_shapes_are_those_of_keras_layers(size, kernel, stride, padding, dilation):
    assume(stride == 1 or dilation == 1)  # Keras allows one of them
    inputs = layers.ZeroPadding2D(padding)(keras.Input((*size, 2)))
    net = layers.Conv2D(3, kernel, stride, dilation_rate=dilation)
    try:
        expected = conv_output_shape(size, kernel, stride, padding, dilation)
    except ValueError as error:
        assert "does not fit into" in str(error)
        reach = [dilation * (k - 1) + 1 for k in kernel]
        assert any(r > n + 2 * p for r, n, p in zip(reach, size, padding, strict=True))
    else:
        assert net(inputs).shape[1:3] == expected
    same = layers.Conv2D(3, kernel, stride, padding="same", dilation_rate=dilation)(keras.Input((*size, 2)))
    assert same.shape[1:3] == conv_output_shape(size, kernel, stride, "same", dilation)


@steady
@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 4))
def test_pooling_has_the_same_shape(size, pool, stride):
    assume(pool <= size)
    pooled = layers.MaxPooling1D(pool, stride)(keras.Input((size, 1)))
    assert pooled.shape[1] == conv_output_shape(size, pool, stride, "valid")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({"size": 4, "kernel": 5}, "a kernel that reaches over 5 pixels does not fit into 4 padded by 0 each side"),
        ({"size": 4, "kernel": 3, "dilation": 2}, "reaches over 5 pixels"),
        ({"size": 4, "kernel": 0}, "kernel is a whole number of at least 1, not 0"),
        ({"size": 4.5, "kernel": 1}, "size is a whole number of at least 1, not 4.5"),
        ({"size": 4, "kernel": 1, "stride": 0}, "stride is"),
        ({"size": 4, "kernel": 1, "padding": -1}, "padding is a whole number of at least 0, not -1"),
        ({"size": 4, "kernel": 1, "padding": "full"}, 'padding is a number of pixels, "valid" or "same", not \'full\''),
        ({"size": (4, 4), "kernel": (1, 1, 1)}, "has 2 numbers, where another argument has 3"),
    ],
)
def test_impossible_shapes_are_refused(call, says):
    with pytest.raises(ValueError, match=says):
        conv_output_shape(**call)


@steady
@given(st.integers(2, 9), st.integers(1, 4), st.integers(0, 2**16), st.floats(1e-5, 0.1))
def test_batch_norm_gradients_are_those_of_autodiff(m, features, seed, epsilon):
    rng = np.random.default_rng(seed)
    x, upstream = rng.normal(1, 2, (2, m, features))
    gamma, beta = rng.normal(size=(2, features))
    inputs, scale, offset = tf.Variable(x), tf.Variable(gamma), tf.Variable(beta)
    with tf.GradientTape() as tape:
        mean = tf.reduce_mean(inputs, axis=0)
        variance = tf.reduce_mean((inputs - mean) ** 2, axis=0)
        normalised = (inputs - mean) / tf.sqrt(variance + epsilon)
        loss = tf.reduce_sum(upstream * (scale * normalised + offset))
    expected = tape.gradient(loss, [normalised, variance, mean, inputs, scale, offset])
    found = batch_norm_backward(upstream, x, gamma, epsilon)
    for name, ours, theirs in zip(found._fields, found, expected, strict=True):
        theirs = theirs.numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9 * (1 + np.abs(theirs).max()), err_msg=name)


@steady
@given(st.integers(2, 8), st.integers(0, 2**16))
def test_batch_norm_is_that_of_keras(m, seed):
    rng = np.random.default_rng(seed)
    x, upstream = rng.normal(1, 2, (2, m, 3)).astype(np.float32)
    layer = layers.BatchNormalization(gamma_initializer="random_normal")
    layer.build(x.shape)
    inputs = tf.Variable(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(upstream * layer(inputs, training=True))
    d_x, d_gamma, d_beta = tape.gradient(loss, [inputs, layer.gamma.value, layer.beta.value])
    found = batch_norm_backward(upstream, x, layer.gamma.numpy())
    for ours, theirs in ((found.x, d_x), (found.gamma, d_gamma), (found.beta, d_beta)):
        np.testing.assert_allclose(ours, theirs, atol=1e-3 * np.abs(theirs).max() + 1e-5)


def test_batch_norm_of_one_feature_and_bad_shapes():
    x, upstream = np.random.default_rng(0).normal(size=(2, 5))
    one, column = batch_norm_backward(upstream, x, 2.0), batch_norm_backward(upstream[:, None], x[:, None], 2.0)
    np.testing.assert_allclose(one.x, column.x[:, 0])
    for arguments in ((upstream[:4], x), (upstream, x, np.ones(2)), (np.ones(0), np.ones(0))):
        with pytest.raises(ValueError, match=r"upstream and x are both|gamma is one number"):
            batch_norm_backward(*arguments)


@steady
@given(st.integers(1, 5), st.integers(2, 8), st.integers(0, 2**16))
def test_softmax_gradients_are_those_of_autodiff(n, classes, seed):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(0, 5, (n, classes)), rng.random((n, classes))
    term = int(rng.integers(classes))
    z = tf.Variable(logits)
    with tf.GradientTape(persistent=True) as tape:
        terms = -targets * tf.nn.log_softmax(z)
        summed, single = tf.reduce_sum(terms), tf.reduce_sum(terms[:, term])
    np.testing.assert_allclose(softmax_cross_entropy_gradient(logits, targets), tape.gradient(summed, z), atol=1e-12)
    found = softmax_cross_entropy_gradient(logits, targets, term)
    np.testing.assert_allclose(found, tape.gradient(single, z), atol=1e-12)
    np.testing.assert_allclose(found[:, term], -(targets * (1 - softmax(logits, axis=-1)))[:, term], atol=1e-12)
    labels = rng.integers(0, classes, n)
    expected = softmax(logits, axis=-1) - np.eye(classes)[labels]
    np.testing.assert_allclose(softmax_cross_entropy_gradient(logits, labels), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((np.zeros(3), np.zeros(3)), "logits are .n, classes., targets the same"),
        ((np.zeros((2, 3)), np.array([0, 3])), "targets are whole numbers from 0 to 2"),
        ((np.zeros((2, 3)), np.array([0.5, 1])), "targets are whole numbers"),
        ((np.zeros((2, 3)), np.array([0, 1]), 3), "term is from 0 to 2, not 3"),
        ((np.zeros((2, 3)), np.array([0, 1]), 1.5), "term is a whole number of at least 0, not 1.5"),
    ],
)
def test_bad_targets_are_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        softmax_cross_entropy_gradient(*arguments)
