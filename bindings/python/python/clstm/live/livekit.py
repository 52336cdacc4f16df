"""A processor for sessions of LiveKit agents: `pip install 'clstm[livekit]'`."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Literal, Optional

from livekit import rtc
from livekit.agents import AgentSession, UserStateChangedEvent
from livekit.agents.voice import io

from ..recognizer import Recognizer, load
from .turns import EmotionEvent, TurnRecognizer

__all__ = ["EmotionProcessor"]


class EmotionProcessor(rtc.EventEmitter[Literal["emotion"]]):
    """Recognises the emotions of the user's turns in a session.

    `start` inserts it between the session's audio input and the agent, which receives the audio as before. It emits `emotion`
    with an `EmotionEvent` when the user stops speaking, and provisional ones every `interim_s` seconds before that. What
    a turn is, is the session's decision (`user_state_changed`). Further settings are those of `TurnRecognizer`.
    """

    def __init__(
        self,
        session: AgentSession,
        recognizer: Optional[Recognizer] = None,
        *,
        speaker: Optional[str] = None,
        **settings: Any,
    ) -> None:
        super().__init__()
        self._session = session
        self._turns = TurnRecognizer(recognizer or load(), speaker=speaker, **settings)
        self._input: Optional[_Input] = None
        self._pending: set[asyncio.Task] = set()

    def start(self) -> None:
        """Begins. Call it when the session has its audio input: behind `session.start(...)`."""
        if self._input is not None:
            raise RuntimeError("the processor was started before")
        source = self._session.input.audio
        if source is None:
            raise RuntimeError("the session has no audio input yet: call start behind session.start(...)")
        self._input = _Input(source, self._push)
        self._session.input.audio = self._input
        self._session.on("user_state_changed", self._state_changed)

    async def aclose(self) -> None:
        """Ends, gives the session its own input back, and waits for the recognitions that are not complete."""
        if self._input is not None:
            self._session.off("user_state_changed", self._state_changed)
            if self._session.input.audio is self._input:
                self._session.input.audio = self._input.source
            self._input = None
        await asyncio.gather(*self._pending, return_exceptions=True)

    def _push(self, frame: rtc.AudioFrame) -> None:
        self._turns.push(bytes(frame.data), frame.sample_rate, frame.num_channels)
        job = self._turns.due()
        # One at a time: where the machine is slower than the audio, provisional events are left out.
        if job is not None and not self._pending:
            self._recognize(job)

    def _state_changed(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._turns.begin()
        else:
            job = self._turns.end()
            if job is not None:
                self._recognize(job)

    def _recognize(self, job: Callable[[], EmotionEvent]) -> None:
        task = asyncio.create_task(self._emit_result(job, self._turns.turn))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _emit_result(self, job: Callable[[], EmotionEvent], turn: int) -> None:
        event = await asyncio.to_thread(job)
        # A provisional event of a turn that has ended meanwhile comes too late.
        if event.final or (self._turns.speaking and self._turns.turn == turn):
            self.emit("emotion", event)


class _Input(io.AudioInput):
    """The audio of another input, which a callback also receives."""

    def __init__(self, source: io.AudioInput, on_frame: Callable[[rtc.AudioFrame], None]) -> None:
        super().__init__(label="clstm", source=source)
        self._on_frame = on_frame

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await super().__anext__()
        self._on_frame(frame)
        return frame
