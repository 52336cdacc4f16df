"""The Parquet files of a job in its output folder.

A part holds the rows of one batch. Its name is a digest of the paths of the batch, and it is renamed from a temporary
name when it is complete: a batch that is processed twice, because a node was lost, replaces its own part.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any, Iterable, Optional

import pyarrow
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet

SETTINGS_FILE = "_settings.json"
ATTEMPTS_FOLDER = "_attempts"


class OtherSettingsError(ValueError):
    """The output folder holds rows of another model or of other settings."""


class Parts:
    """The parts in a folder: a path that all nodes see, or a URI such as `s3://bucket/scores`."""

    def __init__(self, output: str) -> None:
        self.output = output
        # Paths without a scheme must be absolute.
        self._files, self._root = pyarrow.fs.FileSystem.from_uri(output)

    def prepare(self, settings: dict[str, Any]) -> None:
        """Creates the folder and writes the settings, or compares them with those that it has.

        Raises `OtherSettingsError` if they differ.
        """
        self._files.create_dir(self._path(ATTEMPTS_FOLDER), recursive=True)
        existing = self._read(SETTINGS_FILE)
        if existing is None:
            self._write(SETTINGS_FILE, json.dumps(settings, indent=1).encode())
            return
        found = json.loads(existing)
        different = [name for name in settings if found.get(name) != settings[name]]
        if different:
            names = ", ".join(different)
            raise OtherSettingsError(
                f"{self.output} holds the scores of another job ({names} differ): choose another output"
            )

    def done(self) -> pyarrow.Array:
        """The paths that have a row."""
        table = self.dataset()
        if table is None:
            return pyarrow.array([], pyarrow.string())
        return table.to_table(columns=["path"])["path"].combine_chunks()

    def dataset(self) -> Optional[pyarrow.dataset.Dataset]:
        """All rows, or `None` before the first part."""
        names = [
            info.path
            for info in self._files.get_file_info(pyarrow.fs.FileSelector(self._root))
            if info.is_file and info.base_name.startswith("part-")
        ]
        if not names:
            return None
        return pyarrow.dataset.dataset(sorted(names), format="parquet", filesystem=self._files)

    def write(self, name: str, table: pyarrow.Table) -> None:
        """Writes a part, which appears when it is complete."""
        temporary = self._path(f"_{name}-{uuid.uuid4().hex}")
        pyarrow.parquet.write_table(table, temporary, filesystem=self._files)
        self._files.move(temporary, self._path(name))

    def attempts(self, name: str) -> int:
        """How often the batch was begun and not finished; this counts as another time."""
        folder = pyarrow.fs.FileSelector(self._path(ATTEMPTS_FOLDER))
        before = [
            info.path
            for info in self._files.get_file_info(folder)
            if info.base_name.startswith(name)
        ]
        self._write(f"{ATTEMPTS_FOLDER}/{name}-{uuid.uuid4().hex}", b"")
        return len(before)

    def finished(self, name: str) -> None:
        """Forgets the attempts of a batch."""
        folder = pyarrow.fs.FileSelector(self._path(ATTEMPTS_FOLDER))
        for info in self._files.get_file_info(folder):
            if info.base_name.startswith(name):
                try:
                    self._files.delete_file(info.path)
                except FileNotFoundError:
                    pass

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def _read(self, name: str) -> Optional[bytes]:
        try:
            with self._files.open_input_file(self._path(name)) as file:
                return file.read()
        except FileNotFoundError:
            return None

    def _write(self, name: str, content: bytes) -> None:
        temporary = self._path(f"_{uuid.uuid4().hex}")
        with self._files.open_output_stream(temporary) as file:
            file.write(content)
        self._files.move(temporary, self._path(name))


def part_name(paths: Iterable[str]) -> str:
    """The name of the part of these recordings.

    >>> part_name(["a.wav", "b.wav"]) == part_name(["a.wav", "b.wav"]) != part_name(["a.wavb.wav"])
    True
    """
    digest = hashlib.sha256("\0".join(paths).encode("utf-8", "surrogateescape")).hexdigest()
    return f"part-{digest[:32]}.parquet"
