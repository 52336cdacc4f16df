"""The network in JAX, from a clstm model file: functions of a dictionary of its tensors.

Choices that favour XLA: tensors are time-major with the channels last, the layout of its CPU convolutions; the input-to-state
convolution and the GRU's input products run once over all steps; the steps are a `lax.scan`, which may be unrolled.
"""

import jax
import jax.numpy as jnp
from jax import lax

from model_file import same_padding

EPSILON = 1e-5
MOMENTUM = 0.9  # weight of the old running statistics


def split(tensors):
    """Weights that are trained, and running statistics."""
    statistics = {name: jnp.asarray(t) for name, t in tensors.items() if ".statistics." in name}
    return {name: jnp.asarray(t) for name, t in tensors.items() if name not in statistics}, statistics


def forward(config, weights, statistics, segments, key=None, unroll=1):
    """Segments [B,T,L] -> deep feature [B,features], logits [B,classes] and the running statistics after a training step.

    With a key it trains: statistics of the batch, and dropout drawn from the key."""
    norm = Norm(statistics, training=key is not None)
    x = segments.transpose(1, 0, 2)[..., None]  # [T, B, L, 1]
    for index, block in enumerate(config["blocks"]):
        skip = config["skip"] and index > 0
        x = lflb(weights, norm, f"lflbs.{index}.", block, skip, x, unroll)
    x = dropout(x.reshape(*x.shape[:2], -1), config["dropout"], key, 0)
    gflb_config = config["gflb"]
    if gflb_config["kind"] != "bigru" or gflb_config["reset"] != "after":
        raise ValueError("only the BiGRU that resets after the product is written for JAX")
    for index in range(gflb_config["layers"]):
        name = f"gflb.gru.{index}."
        forth = gru(weights, name + "fwd.", x, False, unroll)
        x = jnp.concatenate([forth, gru(weights, name + "bwd.", x, True, unroll)], axis=-1)
    features = jax.nn.relu(x.mean(0) @ weights["head.feature_weight"] + weights["head.feature_bias"])
    kept = dropout(features, config["dropout"], key, 1)
    logits = kept @ weights["head.class_weight"] + weights["head.class_bias"]
    return features, logits, norm.statistics


class Norm:
    """Batch normalisation of the last axis; keeps the moved statistics."""

    def __init__(self, statistics, training):
        self.statistics, self.training = dict(statistics), training

    def __call__(self, x, scale, shift, name):
        names = [f"{name}statistics.{part}" for part in ("mean", "variance")]
        if self.training:
            axes = tuple(range(x.ndim - 1))
            mean, variance = x.mean(axes), x.var(axes)
            count = x.size // x.shape[-1]
            moments = (mean, variance * (count / (count - 1)))
            for part, new in zip(names, moments, strict=True):
                self.statistics[part] = MOMENTUM * self.statistics[part] + (1 - MOMENTUM) * new
        else:
            mean, variance = (self.statistics[part] for part in names)
        return (x - mean) * (scale * lax.rsqrt(variance + EPSILON)) + shift


def lflb(weights, norm, name, block, skip, x, unroll):
    """ConvLSTM, batch norm, max pooling; the skip round them. x[T,B,L,C]."""
    y = conv_lstm(weights, norm, name + "conv_lstm.", block, x, unroll)
    y = norm(y, weights[name + "norm_pool.gamma"], weights[name + "norm_pool.beta"], name + "norm_pool.")
    y = max_pool(y, block["pool"])
    if skip:
        y = y + max_pool(x, block["stride"] * block["pool"]) @ weights[name + "skip.weight"]
    return y


def conv_lstm(weights, norm, name, block, x, unroll):
    """Eq. 2-7 along the length: x[T,B,L,C] -> h[T,B,P,H]. Gates i,f,g,o."""
    time, batch, length, _ = x.shape
    pad = same_padding(length, block["kernel_input"], block["stride"])
    inputs = convolve(x.reshape(time * batch, *x.shape[2:]), weights[name + "w_x"], block["stride"], pad)
    if block["input_norm"]:
        inputs = norm(inputs, weights[name + "gamma"], weights[name + "bias"], name)
    else:
        inputs = inputs + weights[name + "bias"]
    inputs = inputs.reshape(time, batch, *inputs.shape[1:])
    taps = same_padding(1 << 16, block["kernel_state"], 1)
    peephole = weights[name + "peephole"].swapaxes(1, 2) if block["peepholes"] != "none" else jnp.zeros((3, 1, 1))

    def step(state, gates):
        h, c = state
        i, f, g, o = jnp.split(gates + convolve(h, weights[name + "w_h"], 1, taps), 4, axis=-1)
        c = jax.nn.sigmoid(f + peephole[1] * c) * c + jax.nn.sigmoid(i + peephole[0] * c) * jnp.tanh(g)
        h = jax.nn.sigmoid(o + peephole[2] * c) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((batch, inputs.shape[2], block["filters"]))
    return lax.scan(step, (zeros, zeros), inputs, unroll=unroll)[1]


def convolve(x, weight, stride, pad):
    """x[N,L,C] with a weight [filters,C,taps]."""
    weight = weight.transpose(2, 1, 0)
    return lax.conv_general_dilated(x, weight, (stride,), [pad], dimension_numbers=("NWC", "WIO", "NWC"))


def max_pool(x, size):
    """Along the length of x[T,B,L,C]; the last window may be partial."""
    if size == 1:
        return x
    behind = -x.shape[2] % size
    sizes = (1, 1, size, 1)
    return lax.reduce_window(x, -jnp.inf, lax.max, sizes, sizes, [(0, 0), (0, 0), (0, behind), (0, 0)])


def gru(weights, name, x, reverse, unroll):
    """One direction of a layer: x[T,B,F] -> [T,B,hidden]. Gates z,r,n."""
    w, u, b, bn = (weights[name + part] for part in ("w", "u", "b", "bn"))
    hidden = len(bn)

    def step(h, gates):
        recurrent = h @ u.T
        z, r = (jax.nn.sigmoid(part) for part in jnp.split((gates + recurrent)[:, : 2 * hidden], 2, axis=-1))
        n = jnp.tanh(gates[:, 2 * hidden :] + r * (recurrent[:, 2 * hidden :] + bn))
        h = h + z * (n - h)
        return h, h

    return lax.scan(step, jnp.zeros((x.shape[1], hidden)), x @ w.T + b, reverse=reverse, unroll=unroll)[1]


def dropout(x, probability, key, place):
    """Zeros with the probability, in training."""
    if key is None or probability == 0:
        return x
    kept = jax.random.bernoulli(jax.random.fold_in(key, place), 1 - probability, x.shape)
    return jnp.where(kept, x / (1 - probability), 0)
