"""Emotions of the speaker's turns in voice agents.

`clstm.live.pipecat` has a processor for Pipecat (`pip install 'clstm[pipecat]'`), `clstm.live.livekit` one for LiveKit
agents (`pip install 'clstm[livekit]'`). Both emit an `EmotionEvent` for each turn and, while it lasts, provisional ones.
`TurnRecognizer` is what they share, for other frameworks. `docs/live-agents.md` is the guide.
"""

from .turns import EmotionEvent, TurnRecognizer

__all__ = ["EmotionEvent", "TurnRecognizer"]
