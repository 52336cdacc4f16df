#!/usr/bin/env python3
"""Keras on TensorFlow: checks that it computes what we compute, then times it. See ../README.md."""

import os
import sys

sys.dont_write_bytecode = True
os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}

from peer import agree, arguments, read_check, serve  # noqa: E402

import keras  # noqa: E402  # isort: skip
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras_network import build, gradient_norm, load  # noqa: E402
from model_file import read_model  # noqa: E402

CENTER_LOSS = 0.003
LEARNING_RATE = 1e-4


def main():
    parser = arguments(__doc__)
    parser.add_argument("--unroll", action="store_true", help="no loop over the steps in the graph")
    parser.add_argument("--xla", action="store_true", help="compile the graph with XLA")
    args = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    tf.config.threading.set_inter_op_parallelism_threads(args.threads)
    keras.utils.set_random_seed(0)
    if args.precision == "bf16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    config, weights = read_model(args.model)
    prepare = {"train_step": train_step, "infer": infer}[args.what]
    step, differences = prepare(args, config, weights, read_check(args.check))
    step()  # traced and compiled now
    serve(step, version=f"{keras.__version__} on TensorFlow {tf.__version__}", differences=differences)


def network(args, config, weights, steps):
    """The network with our weights."""
    model = build(config, steps if args.unroll else 0)
    load(model, config, weights)
    return model


def train_step(args, config, weights, check):
    """Forward, backward and Adam over one batch, weights and inputs already in memory."""
    steps = check.segments.shape[1]

    def learner(config):
        model = network(args, config, weights, steps)
        centers = keras.Variable(np.zeros((config["classes"], config["features"]), np.float32))
        return model, centers, [*model.trainable_variables, centers]

    def differentiate(model, centers, variables, segments, labels):
        with tf.GradientTape() as tape:
            features, logits = model(segments, training=True)
            softmax = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            distance = tf.cast(features, tf.float32) - tf.gather(centers.value, labels)
            center = 0.5 * tf.reduce_sum(tf.square(distance))
            value = tf.reduce_mean(softmax) + CENTER_LOSS / len(labels) * center
        return value, tape.gradient(value, [v.value for v in variables])

    # No two programs draw the same dropout.
    learnt = learner(config | {"dropout": 0.0})
    checked = tf.function(lambda s, t: differentiate(*learnt, s, t), jit_compile=args.xla)
    value, gradients = checked(*inputs(check, check.checked))
    norm = gradient_norm(learnt[2], map(tf.convert_to_tensor, gradients))
    differences = agree(args, check, loss=float(value), gradient_norm=norm)

    learnt = learner(config)
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    optimizer.build(learnt[2])

    @tf.function(jit_compile=args.xla)
    def update(segments, labels):
        value, gradients = differentiate(*learnt, segments, labels)
        optimizer.apply(gradients)
        return value

    batch = inputs(check, args.batch)
    return lambda: float(update(*batch)), differences


def infer(args, config, weights, check):
    """The probabilities of a batch of clips."""
    model = network(args, config, weights, check.segments.shape[1])
    logits = tf.function(lambda segments: model(segments, training=False)[1], jit_compile=args.xla)
    outputs = logits(inputs(check, check.checked)[0])
    differences = agree(args, check, logits=outputs.numpy())
    segments, _ = inputs(check, args.batch)
    return lambda: tf.nn.softmax(logits(segments)).numpy(), differences


def inputs(check, count):
    """Segments [count,T,L,1] and labels [count]."""
    segments = tf.constant(check.segments[:count, :, :, None])
    return segments, tf.constant(check.labels[:count], tf.int32)


if __name__ == "__main__":
    main()
