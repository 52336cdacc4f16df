"""What every peer shares: its command line, the check of its outputs, and the turns it is timed in."""

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass

import numpy as np
from safetensors.numpy import load_file

# Standard output carries the responses only; output of libraries goes to standard error.
_responses = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

# Bounds on the difference from our float32 outputs. The loss and the gradient's norm are relative.
#
# float32: sums in another order, over four recurrent layers.
# bfloat16: 8 bits of significand, so 0.4 % an operation; the logits are of the order of 1.
BOUNDS = {
    "f32": {"logits": 1e-5, "probabilities": 1e-5, "loss": 1e-5, "gradient_norm": 1e-4},
    "bf16": {"logits": 3e-2, "probabilities": 1e-2, "loss": 1e-2, "gradient_norm": 5e-2},
}


@dataclass
class Check:
    """Inputs, and what our network makes of the first of them."""

    segments: np.ndarray  # [B, T, L]
    labels: np.ndarray  # [B]
    logits: np.ndarray  # [checked, classes], at inference
    probabilities: np.ndarray  # [checked, classes], of whole recordings whose waveforms are the segments in a row
    loss: float  # of one training step without dropout on the checked utterances
    gradient_norm: float  # of that step's whole gradient

    @property
    def checked(self):
        """Number of utterances with known outputs."""
        return len(self.logits)


def arguments(description, measurements=("train_step", "infer")):
    """The command line of a system."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--what", required=True, choices=measurements)
    parser.add_argument("--batch", type=int, required=True, help="utterances; of a GEMM the side")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--model", help="the model file whose weights are taken")
    parser.add_argument("--check", help="inputs and the outputs expected of them")
    parser.add_argument("--onnx", help="the graph of `clstm export`, for recognize")
    return parser


def read_check(path):
    """The check file."""
    tensors = load_file(path)
    return Check(
        tensors["segments"],
        tensors["labels"],
        tensors["logits"],
        tensors["probabilities"],
        float(tensors["loss"]),
        float(tensors["gradient_norm"]),
    )


def agree(args, check, **outputs):
    """Exits if an output differs from ours by more than its bound; returns the differences."""
    differences = {}
    for name, response in outputs.items():
        expected = getattr(check, name)
        difference = float(np.abs(np.asarray(response, dtype=np.float64) - expected).max())
        if name not in ("logits", "probabilities"):
            difference /= abs(expected)
        differences[name] = difference
        bound = BOUNDS[args.precision][name]
        print(f"{name} differ from ours by {difference:.1e} (bound {bound:.0e})", file=sys.stderr)
        if not difference < bound:
            sys.exit(f"{name}: {difference:.1e} is more than {bound:.0e}: not the same network, nothing timed")
    return differences


def serve(step, **ready):
    """Reports that it is ready, then responds to each line `WARMUP STEPS` with the seconds of its steps."""
    _send({"ready": ready})
    for line in sys.stdin:
        warmup, steps = map(int, line.split())
        for _ in range(warmup):
            step()
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
        _send({"seconds": seconds})


def _send(response):
    _responses.write(json.dumps(response) + "\n")
    _responses.flush()
