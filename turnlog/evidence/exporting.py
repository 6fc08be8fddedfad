"""The trail as a file: every event with its hashes, to be verified where there is no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from ..adapters.storage.contract.evidence import Link
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.encoding.chain import START
from ..domain.errors import UnknownSession
from ..domain.keys import SessionKey
from .extent import Measuring
from .identity import log_id
from .lines import FORMAT, LineWriter, event_members


class TrailExported(NamedTuple):
    """What was written."""

    events: int
    streams: int
    upto: int
    """The position that the next export may begin after."""
    root: str
    """The Merkle root over the heads, in hexadecimal."""
    line: str
    """The hash of the last line, which stands for the whole file, in hexadecimal."""


def export(
    store: Store,
    write: Callable[[bytes], object],
    key: SessionKey | None = None,
    after: int = 0,
    content: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> TrailExported:
    """Write the events of a log, or of one session with its subagents, as JSON lines.

    Args:
        write: takes each line.
        key: the session; None for all of the log.
        after: the position after which to begin.
        content: whether the events' content is written too.
        progress: called with the last position written and the last there is.

    Raises:
        UnknownSession: there is no such session.
        DamagedEvent: an event cannot be read back.
    """
    name = log_id(store)
    with store.read() as reader:
        upto = reader.last_position()
    store.settle()  # what is committed later comes after it
    with store.read() as reader:
        streams = _streams(reader, key) if key is not None else None
        writer, measuring = LineWriter(), Measuring()
        head = {
            "format": FORMAT,
            "log": name,
            "streams": streams,
            "after": after,
            "upto": upto,
            "content": content,
            "exported_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        write(writer.line(head))
        for link, members in _lines(reader, streams, after, upto, content):
            write(writer.line(members))
            measuring.take(link)
            if progress is not None:
                progress(link.position, upto)
    extent = measuring.extent()
    last = {
        "events": extent.events,
        "heads": {n: [h.version, h.chain.hex()] for n, h in sorted(extent.heads.items())},
        "root": extent.root.hex(),
        "order": extent.order.hex(),
    }
    write(writer.line(last))
    return TrailExported(
        extent.events, len(extent.heads), upto, extent.root.hex(), writer.before.hex()
    )


def _streams(reader: Reader, key: SessionKey) -> list[str]:
    if reader.find(key) is None:
        raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
    keys: Iterable[SessionKey] = [key, *reader.subkeys(key)] if key.subpath is None else [key]
    return sorted(k.stream_id for k in keys)


def _lines(
    reader: Reader, streams: list[str] | None, after: int, upto: int, content: bool
) -> Iterator[tuple[Link, dict[str, object]]]:
    known = {}
    if after:
        # What the chains come to where the file begins: each first line tells it.
        known = {
            link.stream: link.chain
            for link in reader.links(after)
            if streams is None or link.stream in streams
        }
    begun: set[str] = set()
    for event in reader.hashed(after, upto, streams, content):
        previous = None
        if event.stream not in begun:
            begun.add(event.stream)
            previous = known.get(event.stream, START)
        link = Link(event.position, event.stream, event.version, event.chain)
        yield link, event_members(event, previous)
