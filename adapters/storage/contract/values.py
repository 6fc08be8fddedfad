"""What goes in and out of a store: streams, bodies, blocks, stretches, and what is kept beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ....domain.batch import Memory
from ....domain.entry import Entry, Mark
from ....domain.events import EntryRecorded, TurnRecorded
from ....domain.keys import SessionKey
from ....domain.session import SessionState
from ....projections.engine.read_model import Run

Content = Literal["all", "notes", "headers", "none"]
"""Which bodies are read: all, all but those of entries, or none. With ``headers`` those of
``notes``, and a stretch may hold the headers of entries in the place of their events."""


@dataclass
class Stream:
    """A stream at its head."""

    id: int
    key: SessionKey
    version: int
    chain: bytes
    recorded_at: int
    state: SessionState
    memory: Memory


class Appended(NamedTuple):
    """What an append added."""

    first_version: int
    events: int
    first_position: int
    recorded_at: int
    """Milliseconds since 1970 UTC."""


class Packed(NamedTuple):
    """Bodies compressed ahead of the transaction, in the hope that all of them are new."""

    bodies: Sequence[bytes]
    codec: int
    dictionary: int | None
    data: bytes


class Repacked(NamedTuple):
    """What packing a stream did; nothing, where both are the same."""

    blocks_before: int
    blocks_after: int
    bytes_before: int
    """Of compressed bodies."""
    bytes_after: int


class Reclaimed(NamedTuple):
    """Bytes of the database, before and after what was removed from it left its files."""

    before: int
    after: int


Squeezed = Mapping[bytes, Packed]
"""Blocks compressed for good ahead of the transaction that packs, by what they were made of."""
NOTHING_SQUEEZED: Squeezed = {}


class Body(NamedTuple):
    """The bytes of one recorded entry."""

    version: int
    data: bytes
    careful: bool
    """Whether only a careful decoder reads them back exactly."""

    @classmethod
    def of(cls, version: int, entry: Entry | TurnRecorded | EntryRecorded) -> Body:
        """The bytes of an entry that is at hand."""
        return cls(version, entry.body, entry.marks & (Mark.CAREFUL | Mark.RAW) != 0)


class Source(NamedTuple):
    """A file that was imported, as it was left."""

    name: str
    """Which machine it lies on, and its path there."""
    size: int
    """Up to where it was recorded, in bytes."""
    mtime_ns: int
    inode: int
    offset: int
    """From where to read on, never past ``size``."""
    preceding: bytes | None = None
    """The identity of the last uuid before ``offset``."""


class StoredFile(NamedTuple):
    """The content of a file, kept once however many sessions point to it."""

    digest: bytes
    """SHA-256 of the content."""
    size: int
    """Of the content, in bytes."""
    codec: int
    data: bytes


class Summary(NamedTuple):
    """What the SDK made of a session's entries, for its own lists: a cache, opaque to us."""

    stream: int
    sdk: str
    """The SDK's version; another one may make something else of the same entries."""
    version: int
    """Of the stream: everything up to there is in it."""
    life: int
    branch: int
    late: int
    """With the two before: whether what comes next only adds to it."""
    data: bytes


class Unreadable(NamedTuple):
    """An event that cannot be read back."""

    position: int
    version: int
    stream: str
    """The stream's text id."""
    topic: str
    problem: Exception


class Stretch(NamedTuple):
    """Events of the log in a row, as a read model asks for them."""

    runs: Sequence[Run]
    upto: int
    """Up to here lies nothing else that was asked for."""
    problem: Unreadable | None
    """What stands right behind it and cannot be read."""
