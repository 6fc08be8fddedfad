"""Reading entries back: the live branch, or the one that leads to a point."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.values import Body, Stream
from ..adapters.storage.damage import damaged
from ..adapters.storage.encoding.blocks import read_entry
from ..domain.entry import CALL
from ..domain.errors import ContentErased
from ..domain.lineage import Lineage
from ..domain.points import load_order
from ..domain.session import THERE
from .lineages import late_of, owner_of


def live_entries(reader: Reader, stream: Stream) -> Iterator[dict[str, Any]]:
    """The entries of the live branch in load order, deep-equal to what was appended.

    Raises:
        DamagedEvent: some cannot be read, or are not there.
    """
    found = 0
    for entry in entries_of(reader, stream, stream.state.lineage):
        found += 1
        yield entry
    if found != stream.state.live.entries:
        what = f"{stream.state.live.entries} entries of {stream.key.stream_id!r}"
        raise damaged(what, f"{found} were found")


def entries_of(reader: Reader, stream: Stream, line: Lineage) -> Iterator[dict[str, Any]]:
    """The entries of a lineage in load order, deep-equal to what was appended."""
    for segment in line:
        owner = owner_of(reader, stream, segment)
        if late_of(reader, owner, segment):
            yield from map(read_entry, bodies_of(reader, stream, (segment,)))
        else:
            yield from chain.from_iterable(reader.entries(owner, segment))


def bodies_of(reader: Reader, stream: Stream, line: Lineage) -> Iterator[Body]:
    """The bytes of a lineage's entries in load order."""
    for segment in line:
        owner = owner_of(reader, stream, segment)
        late = late_of(reader, owner, segment)
        natural = reader.bodies(owner, segment)
        if not late:
            yield from natural
            continue
        kept = reader.late_bodies(owner)
        for head in load_order(reader.heads(owner, segment), late):
            body = kept.get(head.version) if head.place is not None else next(natural, None)
            if body is None:
                raise damaged(f"version {head.version}", "its content is missing")
            yield body


def is_erased(stream: Stream, version: int) -> bool:
    """Whether what is missing of a version was erased, or may have been with a former life."""
    return stream.state.presence == "erased" or version <= stream.state.life


def erased(stream: Stream) -> ContentErased:
    """The error for what was erased."""
    name = stream.key.session_id
    return ContentErased(
        f"what session {name!r} said was erased for good; what is left are its counts, times, "
        f"tokens and cost: `turnlog stats {name[:8]}`"
    )


def loadable(reader: Reader, stream: Stream | None) -> bool:
    """Whether ``load`` has something to give: present, recorded, and not an abandoned subagent."""
    if stream is None or stream.state.presence not in THERE:
        return False
    if not stream.state.entries and not stream.state.base:
        return False
    return stream.key.subpath is None or subagent_is_live(reader, stream)


def subagent_is_live(reader: Reader, stream: Stream) -> bool:
    """A subagent is live while the entry that called it is; with no such entry known, always."""
    main = reader.find(stream.key.main)
    if main is None:
        return True
    if main.state.presence not in THERE:
        return False
    called_by = stream.state.called_by
    if called_by is None:
        return True
    identity = CALL + called_by.encode("utf-8", "surrogatepass")[:200]
    known = reader.known(main, [identity]).get(identity)
    return known is None or main.state.is_live(known.branch, known.place, known.late)
