"""Recordings of 1 s to 24 h: time and memory of `clstm predict --timeline`."""

import tempfile
import wave
from pathlib import Path

from process import measured
from tables import duration, figure, head, row

SECONDS = (1, 10, 60, 600, 3600, 36_000, 86_400)


def recording(path, speech, seconds):
    """Writes a WAV of the given length, put together from 16-bit mono files of one rate with pauses of 1 s; returns its seconds."""
    pieces, rates = [], set()
    for name in speech:
        with wave.open(str(name)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise SystemExit(f"{name}: not 16-bit mono")
            rates.add(file.getframerate())
            pieces += [file.readframes(file.getnframes()), bytes(2 * file.getframerate())]
    if len(rates) != 1:
        raise SystemExit("the speech files have different sample rates")
    rate, piece = rates.pop(), b"".join(pieces)
    left = round(seconds * rate) * 2
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.setnframes(left // 2)
        while left > 0:
            file.writeframesraw(piece[:left])
            left -= len(piece)
    return round(seconds * rate) / rate


def recordings(args):
    """Prints a row for each length."""
    head("Recordings: `clstm predict --timeline`", "length", "time", "times real time", "CPU s an hour of sound", "peak MiB")
    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        path = Path(folder) / "long.wav"
        for wanted in (seconds for seconds in SECONDS if seconds <= args.hours * 3600):
            length = recording(path, args.speech, wanted)
            cost = measured([args.clstm, "predict", "--timeline", path, "--format", "csv", *args.threads_option])
            hours = length / 3600
            row(duration(wanted), f"{figure(cost.seconds)} s", figure(length / cost.seconds),
                figure(cost.cpu_seconds / hours), figure(cost.peak_mib))
