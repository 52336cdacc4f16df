"""eGeMAPS functionals of every recording of a corpus, kept in a file of a cache folder."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import opensmile
import soundfile

EXTENSIONS = {".wav", ".flac", ".ogg", ".opus"}

# Values of eGeMAPSv02's functionals.
SIZE = 88


def extractor() -> opensmile.Smile:
    """openSMILE with eGeMAPS v02: 88 functionals of one recording."""
    level = opensmile.FeatureLevel.Functionals
    return opensmile.Smile(feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=level)


def extract(smile: opensmile.Smile, path: Path) -> np.ndarray:
    """The functionals `[88]` of a recording: its first channel. NaN where openSMILE has no value."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return smile(samples[:, 0], rate).reshape(SIZE)


def recordings(folder: Path) -> list[str]:
    """Paths of the recordings of a corpus in its folder."""
    found = (path for path in folder.rglob("*") if path.suffix in EXTENSIONS)
    return sorted(path.relative_to(folder).as_posix() for path in found)


def of_recordings(folder: Path, names: list[str], cache: Path) -> dict[str, np.ndarray]:
    """Functionals of these recordings of a corpus, by path. What the cache has is not computed again, unless the recording's
    size has changed."""
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"{folder.name}-egemaps-v02-opensmile-{opensmile.__version__}.npz"
    known = _read(file)
    sizes = {name: (folder / name).stat().st_size for name in names}
    missing = [name for name in names if name not in known or known[name][0] != sizes[name]]
    smile, start = extractor(), time.monotonic()
    for done, name in enumerate(missing, 1):
        known[name] = (sizes[name], extract(smile, folder / name))
        if done % 200 == 0 or done == len(missing):
            seconds = time.monotonic() - start
            print(f"{folder.name}: {done} of {len(missing)} recordings, {seconds / done:.3f} s each", file=sys.stderr)
            _write(file, known)
    return {name: known[name][1] for name in names}


def _read(file: Path) -> dict[str, tuple[int, np.ndarray]]:
    if not file.exists():
        return {}
    with np.load(file) as saved:
        rows = zip(saved["names"], saved["sizes"], saved["features"], strict=True)
        return {str(name): (int(size), features) for name, size, features in rows}


def _write(file: Path, known: dict[str, tuple[int, np.ndarray]]) -> None:
    """Replaces the file as a whole."""
    part = file.with_suffix(".part.npz")
    sizes, features = zip(*known.values(), strict=True)
    np.savez(part, names=np.array(list(known)), sizes=np.array(sizes), features=np.stack(features))
    part.replace(file)
