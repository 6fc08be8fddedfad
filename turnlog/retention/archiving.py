"""Archiving a session: out of the daily lists, packed, and as readable as before."""

from __future__ import annotations

from typing import NamedTuple

from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import NOTHING_SQUEEZED, Packed, Squeezed
from ..domain import events as e
from ..domain import retention
from ..domain.errors import UnknownSession
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from .sharing import streams_of


class Archived(NamedTuple):
    """What archiving a session did."""

    key: SessionKey
    blocks: int
    """How many blocks hold its content now."""
    saved: int
    """Bytes that packing saved."""


def squeezed(store: Store, key: SessionKey) -> Squeezed:
    """A session's blocks compressed for good before any lock is taken: that takes long."""
    found: dict[bytes, Packed] = {}
    with store.read() as reader:
        for each in streams_of(reader, key):
            stream = reader.find(each)
            if stream is not None:
                found.update(reader.squeezed(stream))
    return found


def archive(
    transaction: Transaction,
    key: SessionKey,
    reason: str | None = None,
    actor: str | None = None,
    ahead: Squeezed = NOTHING_SQUEEZED,
) -> Archived:
    """Archive a session, and pack it with its subagents.

    Args:
        ahead: what ``squeezed`` made of it.

    Raises:
        UnknownSession: there is no such session.
        Refused: it is deleted or erased.
    """
    keys = streams_of(transaction, key)
    if not keys:
        raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
    blocks = saved = 0
    for each in keys:
        stream = transaction.open(each)
        events: list[e.SessionEvent] = []
        if each == key:
            events += retention.archive(stream.state, reason, actor)
        packed = transaction.pack(stream, ahead)
        if packed[0:4:2] != packed[1:4:2]:
            told = packed._asdict()
            events.append(e.SessionPacked(branch=stream.state.branch, actor=actor, **told))
        if events:
            transaction.record(stream, events, fold(stream.state, events))
        blocks += packed.blocks_after
        saved += packed.bytes_before - packed.bytes_after
    return Archived(key, blocks, saved)
