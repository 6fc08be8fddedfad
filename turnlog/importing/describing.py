"""Subagents' descriptions: known again however their fields are ordered."""

from __future__ import annotations

import json

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Body, Stream
from ..adapters.storage.encoding.blocks import read_entry
from ..domain.entry import Entry
from ..domain.errors import DamagedEvent
from ..domain.events import EntryRecorded
from ..domain.keys import SessionKey


def is_described(reader: Reader, key: SessionKey, entry: Entry) -> bool:
    """Whether the newest description of a subagent says the same in another order.

    The CLI mirrors its fields in an order that the file does not have. What is spelled the same is
    known to an append anyway.
    """
    stream = reader.find(key)
    latest = stream.memory.latest.get(entry.kind) if stream is not None else None
    if stream is None or latest in (None, entry.digest[:8].hex()) or entry.corrupt is not None:
        return False
    try:
        body = _newest(reader, stream, entry.kind)
        return body is not None and _ordered(body) == _ordered(Body.of(0, entry))
    except DamagedEvent:
        return False


def _newest(reader: Reader, stream: Stream, kind: str) -> Body | None:
    """The last entry of a kind on the live branch."""
    state = stream.state
    newest = None
    for recorded in reader.events(stream, state.life, content="none"):
        event = recorded.event
        if isinstance(event, EntryRecorded) and event.kind == kind:
            late = recorded.version if event.place is not None else 0
            if state.is_live(event.branch, event.place or recorded.version, late):
                newest = recorded.version
    return reader.body(stream, newest) if newest is not None else None


def _ordered(body: Body) -> str:
    return json.dumps(read_entry(body), sort_keys=True)
