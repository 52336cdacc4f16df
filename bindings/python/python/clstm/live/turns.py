"""Turns of a speaker: the audio between the start and the end of speech."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Callable, Deque, Optional

import numpy

from ..recognizer import Recognizer, load


@dataclass(frozen=True)
class EmotionEvent:
    """The emotion of a turn, or of its last seconds while it lasts."""

    speaker: Optional[str]
    turn: int
    """Number of the speaker's turn, from 1."""
    start_s: float
    """Start in seconds of the speaker's audio."""
    end_s: float
    label: Optional[str]
    """`None` without speech."""
    confidence: Optional[float]
    probabilities: Optional[dict[str, float]]
    final: bool
    """Whether the turn has ended."""
    dimensions: Optional[dict[str, float]] = None
    """Continuous targets, such as arousal, of a model that has them."""


class TurnRecognizer:
    """Collects the audio of a speaker and recognises turns. It has no lock: call it from one thread or task; what `due` and
    `end` return may be called in another one.

    `lead_s` is the audio before the start of a turn that is used, because detectors report speech late. While a turn lasts,
    a provisional event is due every `interim_s` seconds (`None` for none). Of a turn longer than `longest_s` its last part is
    used: memory is bounded.

    >>> from ..recognizer import decode
    >>> samples = (decode("assets/sample.wav") * 32767).astype("int16")
    >>> turns = TurnRecognizer(speaker="anna")
    >>> turns.begin()
    >>> turns.push(samples.tobytes(), 16_000)
    >>> event = turns.end()()
    >>> event.speaker, event.turn, event.final, event.label
    ('anna', 1, True, 'angry')
    """

    def __init__(
        self,
        recognizer: Optional[Recognizer] = None,
        *,
        speaker: Optional[str] = None,
        interim_s: Optional[float] = 1.0,
        lead_s: float = 0.5,
        longest_s: float = 60.0,
    ) -> None:
        if not (lead_s >= 0.0 and longest_s > 0.0 and (interim_s is None or interim_s > 0.0)):
            raise ValueError("lead_s, longest_s and interim_s are seconds, not negative")
        self._recognizer = recognizer or load()
        self.speaker = speaker
        self._interim_s = interim_s
        self._lead_s = lead_s
        self._longest_s = longest_s
        self._chunks: Deque["numpy.ndarray"] = deque()
        self._held = 0
        self._rate = 0
        self._received = 0
        self._turn = 0
        self._speaking = False
        self._last_interim = 0

    @property
    def speaking(self) -> bool:
        """Whether a turn has begun and not ended."""
        return self._speaking

    @property
    def turn(self) -> int:
        """Number of the last turn, from 1; 0 before the first."""
        return self._turn

    def push(self, pcm: bytes, rate: int, channels: int = 1) -> None:
        """Adds 16-bit samples, interleaved if there are several channels, whose mean is used."""
        if rate <= 0 or channels <= 0:
            raise ValueError(f"the rate is {rate} Hz, and there are {channels} channels")
        samples = numpy.frombuffer(pcm, numpy.int16)
        if channels > 1:
            samples = samples.reshape(-1, channels).mean(axis=1).astype(numpy.int16)
        if rate != self._rate:
            # Another rate begins the audio again: parts of two rates cannot be joined.
            self._chunks.clear()
            self._received = int(self._received * rate / self._rate) if self._rate else 0
            self._held, self._rate = 0, rate
            self._last_interim = self._received
        self._chunks.append(samples)
        self._held += len(samples)
        self._received += len(samples)
        self._drop(self._longest_s if self._speaking else self._lead_s)

    def begin(self) -> None:
        """Begins a turn; a turn that has not ended continues."""
        if not self._speaking:
            self._speaking = True
            self._turn += 1
            self._last_interim = self._received

    def due(self) -> Optional[Callable[[], EmotionEvent]]:
        """Recognises the turn up to now, if a provisional event is due."""
        if not self._speaking or self._interim_s is None or not self._rate:
            return None
        if self._received - self._last_interim < self._interim_s * self._rate:
            return None
        self._last_interim = self._received
        return self._job(final=False)

    def end(self) -> Optional[Callable[[], EmotionEvent]]:
        """Ends the turn and recognises it; `None` if there was none, or it has no audio."""
        if not self._speaking:
            return None
        self._speaking = False
        job = self._job(final=True) if self._held else None
        self._drop(self._lead_s)
        return job

    def _job(self, final: bool) -> Callable[[], EmotionEvent]:
        samples = numpy.concatenate(list(self._chunks))
        rate, turn = self._rate, self._turn
        end_s = self._received / rate
        start_s = end_s - len(samples) / rate

        def recognize() -> EmotionEvent:
            found = self._recognizer.predict((samples, rate))
            return EmotionEvent(
                self.speaker,
                turn,
                start_s,
                end_s,
                found.label,
                found.confidence,
                found.probabilities,
                final,
                found.dimensions,
            )

        return recognize

    def _drop(self, kept_s: float) -> None:
        """Drops the oldest audio, but keeps the last `kept_s` seconds."""
        kept = int(kept_s * self._rate)
        while self._chunks and self._held - len(self._chunks[0]) >= kept:
            self._held -= len(self._chunks.popleft())
        if self._held > kept and self._chunks:
            excess = self._held - kept
            self._chunks[0] = self._chunks[0][excess:]
            self._held -= excess
