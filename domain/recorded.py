"""An event as the log holds it: with its place."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from .events import SessionEvent
from .keys import SessionKey


class Recorded(NamedTuple):
    """An event with its place in the log."""

    position: int
    stream: str
    """The stream's text id; ``key`` is what it says."""
    version: int
    topic: str
    recorded_at: int
    """Milliseconds since 1970 UTC, by the store's clock; never going back within a stream."""
    event: SessionEvent
    chain: bytes = b""
    """The stream's hash chain after this event."""

    @property
    def key(self) -> SessionKey:
        """The session it happened in, or its subagent's stream."""
        return _key(self.stream)


_key = lru_cache(maxsize=1024)(SessionKey.parse)
