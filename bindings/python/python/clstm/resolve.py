"""Where a model is."""

from __future__ import annotations

import os
from typing import Optional

WEIGHTS_FILE = "model.safetensors"


def model_file(named: str) -> Optional[str]:
    """The file of a model file or of a folder with one; `None` for the name of a built-in model.

    >>> model_file("multi") is None
    True
    """
    inside = os.path.join(named, WEIGHTS_FILE)
    if os.path.isfile(inside):
        return inside
    return named if os.path.isfile(named) else None
