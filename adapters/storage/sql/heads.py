"""The states at the heads of the streams used last, kept so that they need not be read again.

What is kept counts only for the very bytes it was read from, so a head that another process
moved, or that was rolled back, is never taken for another.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from ....domain.batch import Memory
from ....domain.errors import TurnlogError
from ....domain.keys import SessionKey
from ....domain.session import SessionState
from ..damage import UNREADABLE, damaged
from ..encoding.state_bytes import load_memory, load_state

KEPT = 512
"""Heads kept in memory, a few kilobytes each."""


class Head(NamedTuple):
    """A stream's head, as bytes and as what they say."""

    state_bytes: bytes
    state: SessionState
    memory_bytes: bytes
    memory: Memory


class Heads:
    """The heads used last, shared by all threads. What it hands out is not to be changed."""

    def __init__(self) -> None:
        self._heads: OrderedDict[int, Head] = OrderedDict()
        self._lock = Lock()

    def read(
        self, number: int, key: SessionKey, state_bytes: bytes, memory_bytes: bytes
    ) -> tuple[SessionState | None, Memory]:
        """The state and the memory of a stream; no state where it has another format.

        Raises:
            DamagedEvent: they cannot be read.
        """
        head = self._heads.get(number)
        state: SessionState | None
        try:
            # A stream that was rolled back leaves its number to another, whose bytes are the same.
            if head is not None and head.state.key == key and head.state_bytes == state_bytes:
                if head.memory_bytes == memory_bytes:
                    return head.state, head.memory
                state = head.state
            else:
                state = load_state(key, state_bytes) if state_bytes else SessionState(key)
            memory = load_memory(memory_bytes)
        except (TurnlogError, *UNREADABLE) as problem:
            raise damaged(f"the head of {key.stream_id!r}", problem) from problem
        if state is not None:
            self.keep(number, Head(state_bytes, state, memory_bytes, memory))
        return state, memory

    def keep(self, number: int, head: Head) -> None:
        """Remember a head."""
        with self._lock:
            self._heads[number] = head
            self._heads.move_to_end(number)
            while len(self._heads) > KEPT:
                self._heads.popitem(last=False)
