"""The processors for voice agents, in the real frameworks with a fake transport."""

import asyncio

import clstm
import numpy
import pytest
from clstm.live import TurnRecognizer
from conftest import RATE, SAD, SAMPLE, needs

CHUNK = RATE // 50


def speech(path):
    """16-bit samples of a recording."""
    return (clstm.decode(path, RATE) * 32_767).astype(numpy.int16)


def chunks(samples):
    """20 ms each, as transports deliver them."""
    return [samples[start : start + CHUNK].tobytes() for start in range(0, len(samples), CHUNK)]


QUIET = numpy.zeros(RATE, numpy.int16)


@pytest.fixture(scope="module")
def conversation():
    """A second of silence, a turn, silence, a turn of another emotion, silence; and where the turns are, in samples."""
    first, second = speech(SAMPLE), speech(SAD)
    samples = numpy.concatenate([QUIET, first, QUIET, second, QUIET])
    begin = 2 * RATE + len(first)
    return samples, [(RATE, RATE + len(first)), (begin, begin + len(second))]


def labels(recognizer):
    return [recognizer.predict((speech(path), RATE)).label for path in (SAMPLE, SAD)]


def test_turns_are_the_audio_between_begin_and_end(recognizer):
    turns = TurnRecognizer(recognizer, interim_s=0.5, lead_s=0.25)
    assert turns.end() is None and turns.due() is None
    samples = speech(SAMPLE)
    for chunk in chunks(QUIET):
        turns.push(chunk, RATE)
    turns.begin()
    provisional = []
    for chunk in chunks(samples):
        turns.push(chunk, RATE)
        job = turns.due()
        provisional += [job()] if job else []
    assert len(provisional) == int(2 * len(samples) / RATE)
    assert not any(event.final for event in provisional)
    event = turns.end()()
    assert event.final and event.turn == 1 and not turns.speaking
    assert event.start_s == pytest.approx(0.75) and event.end_s == pytest.approx(1 + len(samples) / RATE)
    whole = numpy.concatenate([QUIET[: RATE // 4], samples])
    assert event.probabilities == recognizer.predict((whole, RATE)).probabilities


def test_memory_is_bounded_and_channels_and_rates_are_converted(recognizer):
    turns = TurnRecognizer(recognizer, interim_s=None, longest_s=2.0, lead_s=0.0)
    turns.begin()
    for _ in range(20):
        turns.push(QUIET.tobytes(), RATE)
    event = turns.end()()
    assert (event.start_s, event.end_s) == (18.0, 20.0) and event.label is None
    turns = TurnRecognizer(recognizer, interim_s=None, lead_s=0.0)
    stereo = numpy.repeat(speech(SAMPLE), 2)
    turns.begin()
    turns.push(stereo.tobytes(), RATE, 2)
    assert turns.end()().probabilities == recognizer.predict((speech(SAMPLE), RATE)).probabilities
    turns.begin()
    turns.push(QUIET.tobytes(), RATE)
    turns.push(QUIET.tobytes(), 2 * RATE)
    event = turns.end()()
    assert event.end_s - event.start_s == pytest.approx(0.5)
    with pytest.raises(ValueError, match="not negative"):
        TurnRecognizer(recognizer, lead_s=-1.0)


@pytest.mark.parametrize("turns", ["user", "vad"])
def test_pipecat_pushes_the_emotion_before_the_end_of_the_turn(recognizer, conversation, turns):
    needs("pipecat")
    from clstm.live.pipecat import EmotionFrame, EmotionProcessor
    from pipecat.frames import frames
    from pipecat.tests.utils import SleepFrame, run_test

    started = {"user": frames.UserStartedSpeakingFrame, "vad": frames.VADUserStartedSpeakingFrame}[turns]
    stopped = {"user": frames.UserStoppedSpeakingFrame, "vad": frames.VADUserStoppedSpeakingFrame}[turns]
    samples, spans = conversation
    sent = []
    for index, chunk in enumerate(chunks(samples)):
        for begin, end in spans:
            # The detector is 200 ms late.
            sent += [started()] if index == (begin + RATE // 5) // CHUNK else []
            sent += [stopped()] if index == (end + RATE // 5) // CHUNK else []
        sent.append(frames.InputAudioRawFrame(chunk, RATE, 1))
        # Audio does not arrive at once.
        sent += [SleepFrame(0.02)] if index % 10 == 0 else []
    processor = EmotionProcessor(recognizer, turns=turns, speaker="anna", lead_s=0.2, interim_s=0.5)
    received = []

    @processor.event_handler("on_emotion")
    async def on_emotion(_, event):
        received.append(event)

    down, _ = asyncio.run(run_test(processor, frames_to_send=sent, start_timeout=60.0))
    kinds = [type(frame) for frame in down]
    assert kinds.count(frames.InputAudioRawFrame) == len(chunks(samples)), "the audio passes through"
    emotions = [frame.event for frame in down if isinstance(frame, EmotionFrame)]
    final = [event for event in emotions if event.final]
    assert [(event.speaker, event.turn) for event in final] == [("anna", 1), ("anna", 2)]
    assert [event.label for event in final] == labels(recognizer)
    assert any(not event.final for event in emotions)
    for end in (index for index, kind in enumerate(kinds) if kind is stopped):
        before = [frame for frame in down[:end] if isinstance(frame, EmotionFrame)]
        assert before[-1].event.final
    assert {event.turn for event in received if event.final} == {1, 2}


def test_pipecat_separates_participants(recognizer):
    needs("pipecat")
    from clstm.live.pipecat import EmotionFrame, EmotionProcessor
    from pipecat.frames import frames
    from pipecat.tests.utils import run_test

    def audio(samples, user):
        frame = frames.UserAudioRawFrame(samples.tobytes(), RATE, 1, user_id=user)
        return frame

    sent = [frames.UserStartedSpeakingFrame(), audio(speech(SAMPLE), "a"), audio(speech(SAD), "b")]
    processor = EmotionProcessor(recognizer, interim_s=None)
    down, _ = asyncio.run(
        run_test(processor, frames_to_send=[*sent, frames.UserStoppedSpeakingFrame()], start_timeout=60.0)
    )
    found = {frame.event.speaker: frame.event.label for frame in down if isinstance(frame, EmotionFrame)}
    assert found == dict(zip("ab", labels(recognizer)))
    with pytest.raises(ValueError, match="turns"):
        EmotionProcessor(recognizer, turns="sentences")


def test_livekit_emits_the_emotions_of_turns(recognizer, conversation):
    needs("livekit.agents")
    from clstm.live.livekit import EmotionProcessor
    from livekit import rtc
    from livekit.agents import Agent, AgentSession, vad
    from livekit.agents.voice import io

    samples, spans = conversation

    class Transport(io.AudioInput):
        """Delivers the conversation five times as fast as real time."""

        def __init__(self):
            super().__init__(label="fake")
            self._frames = iter(chunks(samples))

        async def __anext__(self):
            chunk = next(self._frames, None)
            if chunk is None:
                await asyncio.Event().wait()
            await asyncio.sleep(0.004)
            return rtc.AudioFrame(chunk, RATE, 1, len(chunk) // 2)

    class Detector(vad.VAD):
        """Knows where the turns are."""

        def __init__(self):
            super().__init__(capabilities=vad.VADCapabilities(update_interval=0.1))

        def stream(self):
            return DetectorStream(self)

    class DetectorStream(vad.VADStream):
        async def _main_task(self):
            position = 0
            async for frame in self._input_ch:
                if not isinstance(frame, rtc.AudioFrame):
                    continue
                before, position = position, position + frame.samples_per_channel
                for begin, end in spans:
                    for at, kind in ((begin, "START_OF_SPEECH"), (end, "END_OF_SPEECH")):
                        if before <= at + RATE // 5 < position:
                            self._event_ch.send_nowait(
                                vad.VADEvent(
                                    type=vad.VADEventType[kind],
                                    samples_index=position,
                                    timestamp=position / RATE,
                                    speech_duration=(end - begin) / RATE,
                                    silence_duration=0.2,
                                    frames=[frame],
                                    speaking=kind == "START_OF_SPEECH",
                                )
                            )

    async def converse():
        session = AgentSession(vad=Detector(), turn_handling={"turn_detection": "vad"})
        session.input.audio = transport = Transport()
        processor = EmotionProcessor(session, recognizer, speaker="anna", interim_s=0.5, lead_s=0.2)
        events = []
        processor.on("emotion", events.append)
        await session.start(Agent(instructions="none"))
        processor.start()
        with pytest.raises(RuntimeError, match="before"):
            processor.start()
        for _ in range(600):
            await asyncio.sleep(0.05)
            if sum(event.final for event in events) == len(spans):
                break
        await processor.aclose()
        assert session.input.audio is transport
        await session.aclose()
        return events

    events = asyncio.run(converse())
    final = [event for event in events if event.final]
    assert [(event.speaker, event.turn) for event in final] == [("anna", 1), ("anna", 2)]
    assert [event.label for event in final] == labels(recognizer)
    assert any(not event.final for event in events)


def test_livekit_needs_an_audio_input(recognizer):
    needs("livekit.agents")
    from clstm.live.livekit import EmotionProcessor
    from livekit.agents import AgentSession

    async def start():
        EmotionProcessor(AgentSession(vad=None), recognizer).start()

    with pytest.raises(RuntimeError, match="audio input"):
        asyncio.run(start())
