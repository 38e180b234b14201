"""A net that trains in a second: a convolution, pooling, batch norm, dropout and a dense layer, all very small."""

import keras
from keras import layers


def net(dropout: float = 0.1) -> keras.Model:
    inputs = keras.Input((48, 48, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.AveragePooling2D(4)(x)
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(x)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(dropout, name="drop")(x)
    x = layers.Dense(7, name="logits")(x)
    return keras.Model(inputs, layers.Softmax()(x))
