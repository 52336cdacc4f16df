"""A processor for Pipecat pipelines: `pip install 'clstm[pipecat]'`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Optional

from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    SystemFrame,
    UserAudioRawFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from ..recognizer import Recognizer, load
from .turns import EmotionEvent, TurnRecognizer

__all__ = ["EmotionFrame", "EmotionProcessor"]

_TURNS = {
    "user": (UserStartedSpeakingFrame, UserStoppedSpeakingFrame),
    "vad": (VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame),
}


@dataclass
class EmotionFrame(SystemFrame):
    """The emotion of a speaker's turn. As a system frame it is not dropped when the user interrupts."""

    event: Optional[EmotionEvent] = None


class EmotionProcessor(FrameProcessor):
    """Recognises the emotions of the user's turns; all frames pass through.

    Place it behind the transport's input. At the end of a turn it pushes an `EmotionFrame` downstream, before the frame that
    ends the turn, and calls the event handlers of `on_emotion` with the `EmotionEvent`; while the turn lasts, provisional ones
    every `interim_s` seconds.

    `turns="user"` are the turns of Pipecat's turn detection, `turns="vad"` the stretches of speech of its voice activity
    detector. Audio of several participants (`UserAudioRawFrame`) is recognised by participant. Further settings are those of
    `TurnRecognizer`.
    """

    def __init__(
        self,
        recognizer: Optional[Recognizer] = None,
        *,
        turns: str = "user",
        speaker: Optional[str] = None,
        name: Optional[str] = None,
        **settings: Any,
    ) -> None:
        super().__init__(name=name)
        if turns not in _TURNS:
            raise ValueError(f'turns is {turns!r}, not "user" or "vad"')
        self._started, self._stopped = _TURNS[turns]
        self._model = recognizer or load()
        self._speaker = speaker
        self._turn_settings = settings
        self._speakers: dict[Optional[str], TurnRecognizer] = {}
        self._speaking = False
        self._pending: set[asyncio.Task] = set()
        TurnRecognizer(self._model, **settings)  # Settings that are not valid fail here.
        self._register_event_handler("on_emotion")

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Receives the frames of both directions and pushes all of them."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self._push_audio(frame)
        elif isinstance(frame, self._started):
            self._speaking = True
            for turns in self._speakers.values():
                turns.begin()
        elif isinstance(frame, self._stopped):
            await self._end_turns()
        elif isinstance(frame, (EndFrame, CancelFrame)):
            await self._stop_pending()
        await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        """Ends the recognitions that are not complete."""
        await super().cleanup()
        await self._stop_pending()

    def _push_audio(self, frame: InputAudioRawFrame) -> None:
        speaker = frame.user_id if isinstance(frame, UserAudioRawFrame) else self._speaker
        turns = self._speakers.get(speaker)
        if turns is None:
            turns = TurnRecognizer(self._model, speaker=speaker, **self._turn_settings)
            self._speakers[speaker] = turns
        if self._speaking:
            turns.begin()
        turns.push(frame.audio, frame.sample_rate, frame.num_channels)
        job = turns.due()
        # One at a time: where the machine is slower than the audio, provisional events are left out.
        if job is not None and not self._pending:
            self._pending.add(self.create_task(self._interim(job), "interim"))

    async def _interim(self, job: Any) -> None:
        try:
            await self._emit(await asyncio.to_thread(job))
        finally:
            self._pending.clear()

    async def _end_turns(self) -> None:
        self._speaking = False
        await self._stop_pending()
        jobs = [turns.end() for turns in self._speakers.values()]
        for event in await asyncio.gather(*(asyncio.to_thread(job) for job in jobs if job)):
            await self._emit(event)

    async def _emit(self, event: EmotionEvent) -> None:
        await self.push_frame(EmotionFrame(event=event))
        await self._call_event_handler("on_emotion", event)

    async def _stop_pending(self) -> None:
        for task in list(self._pending):
            await self.cancel_task(task)
        self._pending.clear()
