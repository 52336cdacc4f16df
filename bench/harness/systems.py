"""Who is timed: our program, and the peers in bench/peers."""

import sys
from dataclasses import dataclass
from pathlib import Path

from .machine import extensions

PEERS = Path(__file__).resolve().parents[1] / "peers"

OURS = "clstm"
TORCH = "PyTorch"
KERAS = "Keras"
ONNX = "ONNX Runtime"
OPENVINO = "OpenVINO"
TRACT = "tract"
JAX = "JAX"


@dataclass(frozen=True)
class System:
    """A program that does a measurement; `command` is what comes before the measurement's own options."""

    name: str
    family: str
    precision: str
    script: str = ""
    options: tuple[str, ...] = ()
    # Extensions of the processor of which one is needed, as /proc/cpuinfo names them.
    needs: tuple[str, ...] = ()

    def runs_here(self) -> bool:
        """Whether the processor has an extension that the system needs."""
        return not self.needs or not set(self.needs).isdisjoint(extensions())

    def command(self, ours: Path) -> list:
        """The program, given our own."""
        if self.family == OURS:
            return [ours, "work", "--precision", self.precision]
        return [sys.executable, PEERS / self.script, "--precision", self.precision, *self.options]


# Without them a product in bfloat16 is emulated, in PyTorch at 14 times the time of f32.
BF16 = ("avx512_bf16", "amx_bf16")


def _both(name: str, family: str, script: str = "", options: tuple[str, ...] = ()) -> list[System]:
    """A system in both precisions."""
    return [
        System(f"{name} f32", family, "f32", script, options),
        System(f"{name} bf16", family, "bf16", script, options, needs=BF16),
    ]


CLSTM = _both("clstm", OURS)
EAGER = _both("PyTorch eager", TORCH, "pytorch.py")
COMPILED = _both("PyTorch compiled", TORCH, "pytorch.py", ("--compile", "steps"))
KERAS_TF = _both("Keras", KERAS, "keras_tensorflow.py")
ONNX_RUNTIME = [System("ONNX Runtime f32", ONNX, "f32", "onnx_runtime.py")]
OPENVINO_RUNTIME = [
    System("OpenVINO f32", OPENVINO, "f32", "openvino_runtime.py"),
    System("OpenVINO bf16", OPENVINO, "bf16", "openvino_runtime.py", needs=BF16),
]
TRACT_RUNTIME = [System("tract f32", TRACT, "f32", "tract_runtime.py")]
JAX_SCAN = [System("JAX f32", JAX, "f32", "jax_peer.py")]
JAX_ALL = [*JAX_SCAN, System("JAX unrolled f32", JAX, "f32", "jax_peer.py", ("--unroll",))]

# GEMMs, for the machine's peak. Ours in bfloat16 is no product of its own that could be called alone.
GEMMS = [CLSTM[0], *_both("PyTorch", TORCH, "gemm_torch.py")]
