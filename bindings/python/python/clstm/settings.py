"""Settings as text."""

from __future__ import annotations

import json
from typing import Any

import numpy


def json_text(value: Any) -> str:
    """JSON of values, which may be those of NumPy.

    >>> json_text({"hop_s": numpy.float32(0.5)})
    '{"hop_s": 0.5}'
    """
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, (numpy.generic, numpy.ndarray)):
        return value.tolist()
    raise TypeError(f"a setting is a number, text, a list or a dictionary, not {type(value).__name__}")
