"""Where states and memories are bound to: the head of a stream, a snapshot."""

from __future__ import annotations

from .aes import Place
from .cipher import place


def head(name: str, version: int) -> Place:
    """The state at a stream's head.

    Args:
        name: the stream's text id.
    """
    return place("state", name, version)


def memory(name: str, version: int) -> Place:
    """What a stream remembers of its last batches."""
    return place("memory", name, version)


def snapshot(name: str, version: int) -> Place:
    """A state of the past."""
    return place("snapshot", name, version)
