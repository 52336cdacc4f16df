"""The network in Keras, from a clstm model file, as far as Keras' layers can express it.

`ConvLSTM1D` has one kernel size for input and state, no peepholes and no norm of the input's share;
pooling pads on both sides where ours pads behind. A network that needs any of these is refused.
"""

import keras
import numpy as np
from keras import layers

EPSILON = 1e-5
MOMENTUM = 0.9  # weight of the old running statistics


def build(config, unroll):
    """Segments [B,T,L,1] -> deep feature [B,features] and logits [B,classes]."""
    length = config["segment_length"]
    segments = keras.Input((None, length, 1)) if not unroll else keras.Input((unroll, length, 1))
    x = segments
    for index, block in enumerate(config["blocks"]):
        x = lflb(x, index, block, config["skip"] and index > 0, bool(unroll))
    _, _, positions, filters = x.shape
    x = layers.Reshape((-1, positions * filters))(x)
    x = layers.Dropout(config["dropout"])(x)
    gflb = config["gflb"]
    if gflb["kind"] != "bigru" or gflb["reset"] != "after":
        raise ValueError("only the BiGRU that resets after the product is written for Keras")
    for index in range(gflb["layers"]):
        gru = layers.GRU(gflb["hidden"], return_sequences=True, reset_after=True, unroll=bool(unroll))
        x = layers.Bidirectional(gru, name=f"gru{index}")(x)
    x = layers.GlobalAveragePooling1D()(x)
    features = layers.Dense(config["features"], activation="relu", name="feature")(x)
    # The losses are computed in float32, also where the layers are not.
    kept = layers.Dropout(config["dropout"])(features)
    logits = layers.Dense(config["classes"], dtype="float32", name="classify")(kept)
    return keras.Model(segments, [features, logits])


def lflb(x, index, block, skip, unroll):
    """ConvLSTM, batch norm, max pooling; the skip round them. x[B,T,L,C]."""
    refuse(index, block, x.shape[2])
    filters, pool, stride = block["filters"], block["pool"], block["stride"]
    y = layers.ConvLSTM1D(
        filters,
        block["kernel_state"],
        strides=stride,
        padding="same",
        return_sequences=True,
        unit_forget_bias=False,
        unroll=unroll,
        name=f"conv_lstm{index}",
    )(x)
    y = layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"norm{index}")(y)
    if pool > 1:
        y = layers.MaxPooling2D((1, pool))(y)
    if skip:
        shrunk = layers.MaxPooling2D((1, stride * pool))(x) if stride * pool > 1 else x
        y = y + layers.Dense(filters, use_bias=False, name=f"skip{index}")(shrunk)
    return y


def refuse(index, block, length):
    """Ends where Keras has no such block."""
    same_kernel = block["kernel_input"] == block["kernel_state"]
    plain = block["peepholes"] == "none" and not block["input_norm"]
    if not (same_kernel and plain and length % (block["stride"] * block["pool"]) == 0):
        raise ValueError(f"Keras has no ConvLSTM like that of block {index}")


def load(model, config, tensors):
    """Gives the model our weights."""
    for index in range(len(config["blocks"])):
        name = f"lflbs.{index}.conv_lstm."
        # Ours are [4H, C, taps].
        kernels = [tensors[name + part].transpose(2, 1, 0) for part in ("w_x", "w_h")]
        model.get_layer(f"conv_lstm{index}").set_weights([*kernels, tensors[name + "bias"]])
        name = f"lflbs.{index}.norm_pool."
        parts = ("gamma", "beta", "statistics.mean", "statistics.variance")
        model.get_layer(f"norm{index}").set_weights([tensors[name + part] for part in parts])
        if f"lflbs.{index}.skip.weight" in tensors:
            model.get_layer(f"skip{index}").set_weights([tensors[f"lflbs.{index}.skip.weight"]])
    for index in range(config["gflb"]["layers"]):
        sides = [gru(tensors, f"gflb.gru.{index}.{side}.") for side in ("fwd", "bwd")]
        model.get_layer(f"gru{index}").set_weights([*sides[0], *sides[1]])
    for layer, name in (("feature", "feature"), ("classify", "class")):
        parts = [tensors[f"head.{name}_{part}"] for part in ("weight", "bias")]
        model.get_layer(layer).set_weights(parts)


def gru(tensors, name):
    """A direction as Keras has it: its z is one minus ours; biases of the input and of the state."""

    def turn(t):
        z, r, n = np.split(t, 3)
        return np.concatenate([-z, r, n]).T

    bn = tensors[name + "bn"]
    state_bias = np.concatenate([np.zeros(2 * len(bn), np.float32), bn])
    bias = np.stack([turn(tensors[name + "b"]), state_bias])
    return turn(tensors[name + "w"]), turn(tensors[name + "u"]), bias


def gradient_norm(variables, gradients):
    """Norm of all gradients but those of the GRU's second biases of z and r, which ours has not."""
    square = 0.0
    for variable, gradient in zip(variables, gradients, strict=True):
        gradient = np.asarray(gradient, dtype=np.float64)
        if variable.path.startswith("gru") and variable.name == "bias":
            gradient[1, : 2 * gradient.shape[1] // 3] = 0.0
        square += float((gradient**2).sum())
    return square**0.5
