"""Speech emotion recognition with the hierarchical ConvLSTM network.

    import clstm

    recognizer = clstm.load()
    print(recognizer.predict("hello.wav").label)

`Recognizer` predicts emotions of recordings, along recordings and in live audio. `train`, `cross_validate`, `evaluate` and
`report` execute the command of the same name; `python -m clstm` is the command itself. `clstm.sklearn` has estimators.
"""

from ._clstm import version as _version
from .commands import Run, cross_validate, evaluate, report, run, train
from .errors import ClstmError, CommandError, ModelError, RecognitionError
from .recognizer import Recognizer, decode, load
from .results import Damage, Frame, Prediction, Predictions, Segment, Timeline, TimelineItems
from .streaming import Stream

__version__ = _version()

__all__ = [
    "ClstmError",
    "CommandError",
    "Damage",
    "Frame",
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
    "cross_validate",
    "decode",
    "evaluate",
    "load",
    "report",
    "run",
    "train",
]
