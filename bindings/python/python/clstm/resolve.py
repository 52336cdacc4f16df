"""Where models and class maps are."""

from __future__ import annotations

import os
from typing import Optional

from ._clstm import models

WEIGHTS_FILE = "model.safetensors"


def model_file(named: str) -> Optional[str]:
    """The file of a model file or of a folder with one; `None` for the name of a built-in model.

    A file has priority over a built-in model of the same name; a folder has not.

    >>> model_file("multi") is None
    True
    """
    if os.path.isfile(named):
        return named
    inside = os.path.join(named, WEIGHTS_FILE)
    return inside if named not in models() and os.path.isfile(inside) else None


def absolute_file(named: str) -> str:
    """The absolute path of a file; what is no file, such as the name of a built-in class map, as it is.

    >>> absolute_file("basic-four")
    'basic-four'
    """
    return os.path.abspath(named) if os.path.isfile(named) else named
