"""Destroying the keys of a session: what it said is gone from every copy of the log at once."""

from __future__ import annotations

from typing import NamedTuple

from ..adapters.storage.contract.store import Store
from ..domain.keys import SessionKey
from .erasing import plan
from .sharing import Forks


class KeysDestroyed(NamedTuple):
    """What can be read no more."""

    streams: tuple[SessionKey, ...]
    """Of the session and its subagents."""
    keys: int
    """How many keys were destroyed; 0 where that was done before."""


def destroy_keys(store: Store, key: SessionKey, forks: Forks) -> KeysDestroyed:
    """Destroy the keys of a session with its subagents, or of one subagent.

    Raises:
        UnknownSession: there is no such session.
        SharedContent: others share what it holds.
        Refused: the log is not encrypted.
        KeysNeeded: the keys were not given.
    """
    with store.read() as reader:
        streams, _ = plan(reader, key, forks)
    return KeysDestroyed(tuple(streams), store.destroy_keys(streams))
