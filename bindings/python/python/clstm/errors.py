"""Exceptions. Their messages are those of the command."""

from __future__ import annotations


class ClstmError(Exception):
    """An error of clstm; `kind` is a short stable word for programs.

    >>> raise ClstmError("the recording holds no samples", "no_samples")
    Traceback (most recent call last):
        ...
    clstm.errors.ClstmError: the recording holds no samples
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message, kind)
        self.message = message
        self.kind = kind

    def __str__(self) -> str:
        return self.message


class ModelError(ClstmError):
    """A model cannot be found or used."""


class RecognitionError(ClstmError):
    """A recording cannot be recognised."""


class CommandError(ClstmError):
    """A command failed; `kind` is `usage` for wrong arguments, else `failed`."""

    def __init__(self, message: str, kind: str, status: int) -> None:
        super().__init__(message, kind)
        self.args = (message, kind, status)
        self.status = status
