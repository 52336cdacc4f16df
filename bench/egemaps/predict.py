#!/usr/bin/env python3
"""The baseline as a program: labels of recordings, one a line. usage: predict.py MODEL.joblib RECORDING..."""

import sys
from pathlib import Path

sys.dont_write_bytecode = True

import joblib  # noqa: E402
import numpy as np  # noqa: E402

import features  # noqa: E402


def main() -> None:
    model, smile = joblib.load(sys.argv[1]), features.extractor()
    for path in sys.argv[2:]:
        values = features.extract(smile, Path(path))
        values[~np.isfinite(values)] = np.nan
        print(f"{path}\t{model.predict(values[None])[0]}")


if __name__ == "__main__":
    main()
