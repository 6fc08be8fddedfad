"""The states at the heads of the streams used last, kept so that they need not be read again.

What is kept counts only for the very bytes it was read from, so a head that another process
moved, or that was rolled back, is never taken for another.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from ....domain.batch import Memory
from ....domain.errors import KeysNeeded, TurnlogError
from ....domain.keys import SessionKey
from ....domain.session import SessionState
from ..damage import UNREADABLE, damaged
from ..encoding.state_bytes import dump_memory, dump_state, load_memory, load_state
from ..encryption import states
from ..encryption.cipher import Cipher

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
        self,
        number: int,
        key: SessionKey,
        version: int,
        state_bytes: bytes,
        memory_bytes: bytes,
        cipher: Cipher,
    ) -> tuple[SessionState | None, Memory]:
        """The state and the memory of a stream; no state where it has another format.

        Raises:
            DamagedEvent: they cannot be read.
            KeysNeeded: they are encrypted, and the keys were not given.
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
                data = cipher.open(states.head(key.stream_id, version), state_bytes)
                state = load_state(key, data) if data else SessionState(key)
            memory = load_memory(cipher.open(states.memory(key.stream_id, version), memory_bytes))
        except KeysNeeded:
            raise
        except (TurnlogError, *UNREADABLE) as problem:
            raise damaged(f"the head of {key.stream_id!r}", problem) from problem
        if state is not None:
            self.keep(number, Head(state_bytes, state, memory_bytes, memory))
        return state, memory

    def forget(self) -> None:
        """Forget every head: what could be read once may be gone with its key."""
        with self._lock:
            self._heads.clear()

    def keep(self, number: int, head: Head) -> None:
        """Remember a head."""
        with self._lock:
            self._heads[number] = head
            self._heads.move_to_end(number)
            while len(self._heads) > KEPT:
                self._heads.popitem(last=False)


def sealed_head(cipher: Cipher, version: int, state: SessionState, memory: Memory) -> Head:
    """A head as it is stored."""
    name = state.key.stream_id
    return Head(
        cipher.seal(name, states.head(name, version), dump_state(state)),
        state,
        cipher.seal(name, states.memory(name, version), dump_memory(memory)),
        memory,
    )


def sealed_snapshot(cipher: Cipher, version: int, state: SessionState) -> bytes:
    """A state of the past as it is stored."""
    name = state.key.stream_id
    return cipher.seal(name, states.snapshot(name, version), dump_state(state))
