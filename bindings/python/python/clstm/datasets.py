"""Corpora of Parquet files with embedded audio, as Hugging Face's `datasets` writes them: `pip install 'clstm[arrow]'`.

The command reads files of audio. `write_audiofolder` unpacks the rows into a folder that `--corpus audiofolder` reads.
Nothing is loaded over the network.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Optional, Union

import pyarrow
import pyarrow.parquet

__all__ = ["write_audiofolder"]

_ROWS = 64
"""Rows in memory."""

_SIGNATURES = ((b"RIFF", ".wav"), (b"fLaC", ".flac"), (b"OggS", ".ogg"), (b"ID3", ".mp3"), (b"\xff", ".mp3"))

PathLike = Union[str, "os.PathLike[str]"]


def write_audiofolder(
    source: Any,
    folder: PathLike,
    *,
    audio: str = "audio",
    label: str = "label",
    speaker: Optional[str] = None,
    columns: Mapping[str, str] = {},
) -> Path:
    """Writes the recordings of `source` and a `metadata.csv` into the new or empty `folder`, which it returns.

    `source` is a Parquet file, several of them, a folder of them, a `datasets.Dataset`, or a dictionary of splits such
    as a `datasets.DatasetDict`. The column `audio` holds bytes, or `{"bytes", "path"}`. A path without bytes is read for a
    `datasets.Dataset` only, because a Parquet file may be of a stranger. `label` holds names or class indices, whose names
    are in the file; `speaker` names the column of the speakers, which speaker-independent splits need. `columns` are
    further columns by the names that they have in a manifest, such as `{"language": "lang"}`.

    Files named like a split (`train-00000.parquet`) become that split.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: choose another folder")
    names = {"label": label, **({} if speaker is None else {"speaker": speaker}), **columns}
    try:
        _write(source, folder, audio, label, names)
    except BaseException:
        # The next call needs an empty folder.
        shutil.rmtree(folder / "audio", ignore_errors=True)
        (folder / "metadata.csv").unlink(missing_ok=True)
        raise
    return folder


def _write(source: Any, folder: Path, audio: str, label: str, names: Mapping[str, str]) -> None:
    with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["file_name", *names, "split"])
        count = 0
        for split, table, label_names, local in _tables(source, label):
            missing = [name for name in (audio, *names.values()) if name not in table.column_names]
            if missing:
                known = ", ".join(table.column_names)
                raise KeyError(f"there is no column {', '.join(missing)}; there are {known}")
            for row in table.select(list(dict.fromkeys([audio, *names.values()]))).to_pylist():
                name = _write_recording(folder, count, row[audio], local)
                count += 1
                values = [_value(row[column], label_names if column == label else None) for column in names.values()]
                rows.writerow([name, *values, split or ""])


def _tables(
    source: Any, label: str
) -> Iterator[tuple[Optional[str], pyarrow.Table, Optional[list[str]], bool]]:
    """Split, rows, names of the classes, and whether paths are those of this machine."""
    if isinstance(source, Mapping):
        for split, part in source.items():
            for _, table, names, local in _tables(part, label):
                yield _split(str(split)), table, names, local
        return
    if hasattr(source, "features") and hasattr(source, "with_format"):
        if not hasattr(source, "__len__"):
            raise TypeError("the dataset is streamed: load it without streaming=True")
        names = getattr(source.features.get(label), "names", None)
        rows = source.with_format("arrow")
        for start in range(0, len(rows), _ROWS):
            yield None, rows[start : start + _ROWS], names, True
        return
    for path in _files(source):
        with pyarrow.parquet.ParquetFile(path) as file:
            names = _class_names(file.schema_arrow, label)
            for batch in file.iter_batches(batch_size=_ROWS):
                yield _split(path.name), pyarrow.Table.from_batches([batch]), names, False


def _files(source: Any) -> list[Path]:
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
        if not files:
            raise FileNotFoundError(f"{path} has no Parquet files")
        return files
    if isinstance(source, Iterable):
        return [path for item in source for path in _files(item)]
    raise TypeError(f"a source is Parquet files or a dataset, not {type(source).__name__}")


def _split(name: str) -> Optional[str]:
    """The split that a file or key is named for, as `datasets` names files.

    >>> _split("train-00000-of-00002.parquet"), _split("validation"), _split("emotions.parquet")
    ('train', 'validation', None)
    """
    first = re.split(r"[-_.]", name, maxsplit=1)[0]
    return first if first in ("train", "test", "validation", "valid", "val", "dev") else None


def _class_names(schema: pyarrow.Schema, label: str) -> Optional[list[str]]:
    """The names of the classes in the metadata of `datasets`."""
    text = (schema.metadata or {}).get(b"huggingface")
    if text is None:
        return None
    feature = json.loads(text).get("info", {}).get("features", {}).get(label, {})
    return feature.get("names") if isinstance(feature, dict) else None


def _value(value: Any, names: Optional[list[str]]) -> str:
    if value is None:
        return ""
    if names is None or not isinstance(value, int):
        return str(value)
    # -1 is a recording without a label.
    if value == -1:
        return ""
    if not 0 <= value < len(names):
        raise ValueError(f"there is no class {value}; the classes are {', '.join(names)}")
    return names[value]


def _write_recording(folder: Path, index: int, value: Any, local: bool) -> str:
    """Writes a recording under a name of its own, and returns that relative to the folder."""
    content, path = (value, None) if not isinstance(value, Mapping) else (value.get("bytes"), value.get("path"))
    if content is None:
        if not local or path is None or not os.path.isfile(path):
            raise ValueError(f"row {index} has no bytes: {path!r}")
        content = Path(path).read_bytes()
    # Names in a file are not trusted as paths.
    stem, suffix = os.path.splitext(os.path.basename(path or ""))
    stem = re.sub(r"[^\w-]", "_", stem)[:80]
    if not re.fullmatch(r"\.\w{1,5}", suffix):
        suffix = next((known for begin, known in _SIGNATURES if content.startswith(begin)), ".wav")
    # All are in one folder: audiofolder reads one metadata.csv, and its column split.
    name = f"audio/{index:07}{'-' + stem if stem else ''}{suffix}"
    (folder / "audio").mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return name
