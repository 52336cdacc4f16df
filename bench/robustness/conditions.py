"""Degradations of a recording: noise, rooms, codecs, cuts, gain, silence, shifts.

A condition maps samples (float64, full scale 1, at RATE Hz) to samples, or names an ffmpeg codec to go through.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RATE = 16_000
LEVEL = 0.1  # RMS of the clean recordings, of full scale


@dataclass(frozen=True)
class Condition:
    """A degradation. `apply` gets the samples, a random generator and the other recordings (for babble)."""

    group: str
    name: str
    apply: Callable[[np.ndarray, np.random.Generator, list[np.ndarray]], np.ndarray]


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def at_snr(samples: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    scale = rms(samples) / max(rms(noise), 1e-12) * 10 ** (-snr_db / 20)
    return samples + scale * noise


def white(length: int, random: np.random.Generator) -> np.ndarray:
    return random.standard_normal(length)


def pink(length: int, random: np.random.Generator) -> np.ndarray:
    spectrum = np.fft.rfft(random.standard_normal(length))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    return np.fft.irfft(spectrum, length)


def babble(length: int, random: np.random.Generator, others: list[np.ndarray]) -> np.ndarray:
    """The sum of six other recordings at equal levels."""
    total = np.zeros(length)
    for index in random.choice(len(others), size=min(6, len(others)), replace=False):
        voice = others[index] / max(rms(others[index]), 1e-12)
        total += np.roll(np.resize(voice, length), int(random.integers(length)))
    return total


def room(samples: np.ndarray, rt60_s: float, random: np.random.Generator) -> np.ndarray:
    """A decaying-noise impulse response with equal direct and reverberant energy."""
    length = int(rt60_s * RATE)
    tail = random.standard_normal(length) * np.exp(-3 * np.log(10) * np.arange(length) / length)
    response = np.concatenate([[1.0], tail / np.sqrt(np.sum(tail**2))])
    size = len(samples) + len(response)
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)
    return wet[: len(samples)]


def through_codec(samples: np.ndarray, codec: list[str], container: str) -> np.ndarray:
    """Encodes and decodes with ffmpeg."""
    raw = ["-f", "f32le", "-ar", str(RATE), "-ac", "1"]
    quiet = ["ffmpeg", "-hide_banner", "-loglevel", "error"]
    coded = subprocess.run(
        [*quiet, *raw, "-i", "pipe:0", *codec, "-f", container, "pipe:1"],
        input=samples.astype("<f4").tobytes(), capture_output=True, check=True,
    ).stdout
    decoded = subprocess.run(
        [*quiet, "-i", "pipe:0", *raw, "pipe:1"], input=coded, capture_output=True, check=True
    ).stdout
    return np.frombuffer(decoded, "<f4").astype(np.float64)


def middle(samples: np.ndarray, seconds: float) -> np.ndarray:
    length = int(seconds * RATE)
    start = max(0, (len(samples) - length) // 2)
    return samples[start : start + length]


def silence_before(samples: np.ndarray, seconds: float) -> np.ndarray:
    return np.concatenate([np.zeros(int(seconds * RATE)), samples])


def conditions() -> list[Condition]:
    """All conditions, the clean recording first."""
    found = [Condition("clean", "clean", lambda x, r, o: x)]

    def add(group: str, name: str, apply) -> None:
        found.append(Condition(group, name, apply))

    for snr in (20, 10, 5, 0):
        add("noise", f"white {snr} dB", lambda x, r, o, s=snr: at_snr(x, white(len(x), r), s))
        add("noise", f"pink {snr} dB", lambda x, r, o, s=snr: at_snr(x, pink(len(x), r), s))
        add("noise", f"babble {snr} dB", lambda x, r, o, s=snr: at_snr(x, babble(len(x), r, o), s))
    for rt60 in (0.3, 0.6, 1.0):
        add("room", f"RT60 {rt60} s", lambda x, r, o, t=rt60: room(x, t, r))
    g711 = ["-ar", "8000", "-c:a", "pcm_mulaw"]
    add("telephone", "G.711, 8 kHz", lambda x, r, o: through_codec(x, g711, "wav"))
    opus = ["-c:a", "libopus", "-b:a", "8k"]
    add("codec", "Opus 8 kbit/s", lambda x, r, o: through_codec(x, opus, "ogg"))
    wide = ["-c:a", "libopus", "-b:a", "32k"]
    add("codec", "Opus 32 kbit/s", lambda x, r, o: through_codec(x, wide, "ogg"))
    mp3 = ["-c:a", "libmp3lame", "-b:a", "32k"]
    add("codec", "MP3 32 kbit/s", lambda x, r, o: through_codec(x, mp3, "mp3"))
    for seconds in (0.5, 1.0, 2.0):
        add("cut", f"{seconds} s", lambda x, r, o, s=seconds: middle(x, s))
    for peak in (-40, -30, -10, 0):
        # dBFS of the largest sample.
        add("gain", f"peak {peak} dBFS", lambda x, r, o, p=peak: x / np.max(np.abs(x)) * 10 ** (p / 20))
    for seconds in (0.064, 0.5, 1.0, 2.0):
        add("silence", f"{seconds} s before", lambda x, r, o, s=seconds: silence_before(x, s))
    add("shift", "first 64 ms removed", lambda x, r, o: x[int(0.064 * RATE) :])
    return found
