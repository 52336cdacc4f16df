#!/usr/bin/env python3
"""JAX, compiled as a whole by XLA: checks that it computes what we compute, then times it. See ../README.md."""

import os
import sys

sys.dont_write_bytecode = True
# XLA's pool has as many threads as the process has cores; with one it needs to be held to one.
if "--threads" in sys.argv and sys.argv[sys.argv.index("--threads") + 1] == "1":
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax_network import forward, split  # noqa: E402
from model_file import read_model  # noqa: E402
from peer import agree, arguments, read_check, serve  # noqa: E402

CENTER_LOSS = 0.003
LEARNING_RATE = 1e-4


def main():
    parser = arguments(__doc__)
    parser.add_argument("--unroll", action="store_true", help="no loop over the steps in the program")
    args = parser.parse_args()
    if args.precision != "f32":
        sys.exit("XLA's CPU products are float32")
    config, tensors = read_model(args.model)
    check = read_check(args.check)
    prepare = {"train_step": train_step, "infer": infer}[args.what]
    unroll = check.segments.shape[1] if args.unroll else 1
    step, differences = prepare(args, config, tensors, check, unroll)
    step()  # compiled now
    serve(step, version=jax.__version__, differences=differences)


def train_step(args, config, tensors, check, unroll):
    """Forward, backward and Adam over one batch, weights and inputs already in memory."""
    weights, statistics = split(tensors)
    weights["centers"] = jnp.zeros((config["classes"], config["features"]))

    def loss(weights, statistics, batch, key, config):
        segments, labels = batch
        features, logits, statistics = forward(config, weights, statistics, segments, key, unroll)
        softmax = -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1).mean()
        distance = 0.5 * jnp.square(features - weights["centers"][labels]).sum()
        return softmax + CENTER_LOSS / len(labels) * distance, statistics

    def differentiate(weights, statistics, batch, key, config=config):
        return jax.value_and_grad(loss, has_aux=True)(weights, statistics, batch, key, config)

    # No two programs draw the same dropout.
    checked = jax.jit(lambda *given: differentiate(*given, config | {"dropout": 0.0}))
    (value, _), gradients = checked(weights, statistics, inputs(check, check.checked), jax.random.key(0))
    square = sum(float(np.square(np.asarray(g, np.float64)).sum()) for g in gradients.values())
    differences = agree(args, check, loss=float(value), gradient_norm=square**0.5)

    @jax.jit
    def update(state, batch):
        weights, statistics, first, second, count, key = state
        count, (key, drawn) = count + 1, jax.random.split(key)
        (value, statistics), gradients = differentiate(weights, statistics, batch, drawn)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-8), weights, first, second)
        return value, (weights, statistics, first, second, count, key)

    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = (weights, statistics, zeros, zeros, jnp.zeros(()), jax.random.key(0))
    batch = inputs(check, args.batch)

    def step():
        nonlocal state
        value, state = update(state, batch)
        return float(jax.block_until_ready(value))

    return step, differences


def infer(args, config, tensors, check, unroll):
    """The probabilities of a batch of clips."""
    weights, statistics = split(tensors)
    logits = jax.jit(lambda segments: forward(config, weights, statistics, segments, unroll=unroll)[1])
    differences = agree(args, check, logits=logits(inputs(check, check.checked)[0]))
    probabilities = jax.jit(lambda segments: jax.nn.softmax(logits(segments)))
    segments, _ = inputs(check, args.batch)
    return lambda: np.asarray(probabilities(segments)), differences


def inputs(check, count):
    """Segments [count,T,L] and labels [count]."""
    return jnp.asarray(check.segments[:count]), jnp.asarray(check.labels[:count])


if __name__ == "__main__":
    main()
