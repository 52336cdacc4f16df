"""Speech emotion recognition with the hierarchical ConvLSTM network.

    import clstm

    recognizer = clstm.load()
    print(recognizer.predict("hello.wav").label)

`Recognizer` predicts emotions of recordings, along recordings and in live audio. `train`, `cross_validate`, `ablate`,
`evaluate` and `report` execute the command of the same name; `python -m clstm` is the command itself. `clstm.sklearn` has
estimators, `clstm.ray` scores and trains on a cluster, `clstm.live` has processors for voice agents, and `clstm.datasets`
reads corpora of Parquet files.
"""

from ._clstm import version as _version
from .commands import Run, ablate, cross_validate, evaluate, report, run, train
from .errors import ClstmError, CommandError, ModelError, RecognitionError
from .recognizer import Recognizer, decode, load, models
from .results import (
    Damage,
    Frame,
    GivenSegment,
    GivenSegments,
    Prediction,
    Predictions,
    Segment,
    Timeline,
    TimelineItems,
    Turn,
)
from .streaming import Stream

__version__ = _version()

__all__ = [
    "ClstmError",
    "CommandError",
    "Damage",
    "Frame",
    "GivenSegment",
    "GivenSegments",
    "ModelError",
    "Prediction",
    "Predictions",
    "RecognitionError",
    "Recognizer",
    "Run",
    "Segment",
    "Stream",
    "Timeline",
    "TimelineItems",
    "Turn",
    "ablate",
    "cross_validate",
    "decode",
    "evaluate",
    "load",
    "models",
    "report",
    "run",
    "train",
]
