"""Estimators for scikit-learn: `pip install scikit-learn`.

`X` is a sequence of recordings: paths, or `(samples, rate)`. `cross_val_score` and `GridSearchCV` index it, so that a list
of paths, or a NumPy array of them, suits.
"""

from __future__ import annotations

import csv
import os
import tempfile
from pathlib import Path
from typing import Any, Iterable, Optional, Union

import numpy
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d

from .commands import train
from .recognizer import Recognizer, load
from .recordings import is_recording, native, path_of, several, wav

__all__ = ["CLSTMClassifier", "CLSTMEmbedder"]


class CLSTMEmbedder(TransformerMixin, BaseEstimator):
    """Deep features of recordings, `[n, d]` float32: the first step of a pipeline.

    `model` is the name of a built-in model or a model file, and `branch` selects the deep feature of one branch. Nothing is
    fitted.

    >>> CLSTMEmbedder(branch=0).fit_transform(["assets/sample.wav", "assets/sad.wav"]).shape
    (2, 128)
    """

    def __init__(self, model: Optional[str] = None, branch: Optional[int] = None) -> None:
        self.model = model
        self.branch = branch

    def fit(self, X: Any, y: Any = None) -> "CLSTMEmbedder":
        """Loads the model."""
        self.recognizer_ = load(self.model)
        sizes = self.recognizer_.branch_features
        self.n_features_out_ = sum(sizes) if self.branch is None else sizes[self.branch]
        return self

    def transform(self, X: Any) -> "numpy.ndarray":
        """The deep features."""
        check_is_fitted(self)
        return self.recognizer_.embed(_recordings(X), branch=self.branch)

    def get_feature_names_out(self, input_features: Any = None) -> "numpy.ndarray":
        """`e_0`, `e_1`, ..., as in the file of `clstm predict --embeddings`."""
        check_is_fitted(self)
        return numpy.array([f"e_{index}" for index in range(self.n_features_out_)], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        return _without_array_checks(tags)


class CLSTMClassifier(ClassifierMixin, BaseEstimator):
    """A network that is trained by `clstm train`.

    `settings` are those of `clstm train --set`, such as `{"optimizer.learning_rate": 5e-4}`; `init` is a model with the
    initial weights. `output` keeps the folder of the training; without it, the fitted estimator holds the model file alone.
    Pickling stores the model file. The labels of the model file are the classes as text.
    """

    def __init__(
        self,
        preset: str = "clstm",
        epochs: Optional[int] = None,
        seed: Optional[int] = None,
        settings: Optional[dict] = None,
        init: Optional[str] = None,
        output: Optional[str] = None,
        verbose: bool = False,
    ) -> None:
        self.preset = preset
        self.epochs = epochs
        self.seed = seed
        self.settings = settings
        self.init = init
        self.output = output
        self.verbose = verbose

    def fit(self, X: Any, y: Any, speakers: Any = None) -> "CLSTMClassifier":
        """Trains on recordings with labels; `speakers` names the speaker of each for settings that need it."""
        recordings, labels = _recordings(X), column_or_1d(y)
        classes = numpy.unique(labels)
        names = _names(classes)
        if len(recordings) != len(labels):
            raise ValueError(f"{len(recordings)} recordings, but {len(labels)} labels")
        speakers = None if speakers is None else list(speakers)
        if speakers is not None and len(speakers) != len(labels):
            raise ValueError(f"{len(labels)} labels, but {len(speakers)} speakers")
        with tempfile.TemporaryDirectory() as scratch:
            output = self.output or os.path.join(scratch, "run")
            manifest = _write_manifest(Path(scratch), recordings, map(str, labels), speakers)
            options = {"log": print} if self.verbose else {"log": None}
            run = train(
                corpus="manifest",
                data=manifest,
                preset=self.preset,
                output=output,
                epochs=self.epochs,
                seed=self.seed,
                init=self.init,
                set=self.settings or {},
                **options,
            )
            self.model_ = run.model_path.read_bytes()
        # That of an earlier call.
        self.__dict__.pop("_recognizer", None)
        self.classes_ = classes
        self.n_features_in_ = 1
        return self

    @property
    def recognizer_(self) -> Recognizer:
        """The trained model. It gives every recording a label."""
        check_is_fitted(self, "model_")
        if "_recognizer" not in self.__dict__:
            with tempfile.TemporaryDirectory() as scratch:
                path = Path(scratch) / "model.safetensors"
                path.write_bytes(self.model_)
                self._recognizer = load(path, min_speech=0.0)
        return self._recognizer

    def predict_proba(self, X: Any) -> "numpy.ndarray":
        """Probabilities `[n, classes]` in the order of `classes_`; equal ones for a silent recording."""
        predictions = self.recognizer_.predict(_recordings(X))
        names, even = _names(self.classes_), 1.0 / len(self.classes_)
        rows = numpy.full((len(predictions), len(self.classes_)), even)
        for row, prediction in zip(rows, predictions):
            if prediction.error is not None:
                raise prediction.error
            if prediction.probabilities is not None:
                row[:] = [prediction.probabilities[name] for name in names]
        return rows

    def predict(self, X: Any) -> "numpy.ndarray":
        """The most probable labels."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def save(self, path: Union[str, "os.PathLike[str]"]) -> None:
        """Writes the model file, which `clstm.load` and the command read."""
        check_is_fitted(self, "model_")
        Path(path).write_bytes(self.model_)

    def __getstate__(self) -> dict:
        state = dict(super().__getstate__())
        state.pop("_recognizer", None)
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        return _without_array_checks(tags)


def _without_array_checks(tags: Any) -> Any:
    """The input is recordings, not an array of numbers."""
    tags.input_tags.two_d_array = False
    tags.input_tags.one_d_array = True
    tags.input_tags.string = True
    tags.no_validation = True
    return tags


def _recordings(X: Any) -> list:
    """A list of recordings; one column of them is accepted, as in a pandas table."""
    if hasattr(X, "to_numpy"):
        X = X.to_numpy()
    if isinstance(X, numpy.ndarray):
        if X.dtype.kind in "iufc":
            raise TypeError("X holds numbers: pass paths of recordings, or (samples, rate) for each")
        if X.ndim == 2 and X.shape[1] == 1:
            X = X[:, 0]
        if X.ndim != 1:
            raise ValueError(f"X is of shape {list(X.shape)}: pass one recording a row")
    if is_recording(X):
        raise TypeError("X is one recording: pass a list of recordings")
    return several(X)


def _names(classes: "numpy.ndarray") -> list[str]:
    """The labels of a model of these classes."""
    names = [str(label) for label in classes]
    if len(set(names)) < len(names) or any(name != name.strip() or not name for name in names):
        raise ValueError(f"the classes {names} are empty, equal, or have blanks at an end, as text: rename them")
    return names


def _write_manifest(folder: Path, recordings: list, labels: Iterable[str], speakers: Any) -> Path:
    """A manifest of the recordings; those in memory are written beside it as WAV."""
    manifest = folder / "manifest.csv"
    with open(manifest, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label"] + ([] if speakers is None else ["speaker"]))
        for index, (recording, label) in enumerate(zip(recordings, labels)):
            path = path_of(recording)
            if path is None:
                path = str(folder / f"{index}.wav")
                Path(path).write_bytes(_wav(recording))
            row = [os.path.abspath(path), label]
            rows.writerow(row + ([] if speakers is None else [str(speakers[index])]))
    return manifest


def _wav(recording: Any) -> bytes:
    """A recording in memory as the bytes of a file."""
    content: Any = native(recording)
    return wav(*content) if isinstance(content, tuple) else content
