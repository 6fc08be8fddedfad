"""Checking one stream: its events against the hash chain, and what is kept beside against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from ....domain import events as e
from ....domain.entry import Mark
from ....domain.errors import (
    DamagedEvent,
    KeyDestroyed,
    KeysNeeded,
    TurnlogError,
    UnknownTopic,
)
from ....domain.evolving import apply
from ....domain.keys import SessionKey
from ....domain.session import SessionState
from ..damage import UNREADABLE
from ..encoding.blocks import Block, BlockCodec
from ..encoding.chain import START, body_hash, link
from ..encoding.identities import digest, unpack
from ..encoding.rows import Row, from_row
from ..encoding.state_bytes import load_memory, load_state
from .schema import ENTRIES, FOREVER, LATE, OTHER

_STEP = 256
_ENTRIES = (e.TurnRecorded.TOPIC, e.EntryRecorded.TOPIC)
_CAREFULLY = Mark.CAREFUL | Mark.RAW
_TELLING = (e.FileKept.TOPIC, e.SessionErased.TOPIC, e.EntryRedacted.TOPIC)
"""What is looked at even where the state cannot be known."""
Finding = tuple[int, int | None, str]
"""Version, position, and what is wrong."""


class Beside(NamedTuple):
    """What lies beside a session's events and follows from them, so that they need not be read."""

    key: SessionKey
    recorded_at: int
    state: bytes | None
    memory: bytes | None
    """None where they went with their key."""
    snapshots: Mapping[int, bytes]
    """States by version."""
    identities: Sequence[tuple[int, bytes]]
    """First version and data of each append."""


class Headers(Protocol):
    """What a check reads of one log."""

    codec: BlockCodec

    def rows(self, number: int, after: int, upto: int) -> list[Any]:
        """The headers of a stream as they are stored."""

    def blocks_between(self, number: int, first: int, last: int) -> list[Any]:
        """The blocks of a stream that hold a version between."""

    def topic(self, number: int) -> str:
        """The name of a topic's number."""

    def has_file(self, digest: str) -> bool:
        """Whether a kept file's content is there."""


class _Found(NamedTuple):
    """The body that a block holds for a version."""

    block: Block
    hashed: bytes
    data: bytes


def check(
    reader: Headers, number: int, name: str, head: tuple[int, bytes], beside: Beside | None = None
) -> tuple[int, Finding | None]:
    """Recompute a stream's chain from its headers and bodies, and its state from its events.

    Args:
        number: the stream's.
        name: its text id.
        head: the version and the chain's hash that the stream's row claims.
        beside: what else is kept of a session; None for the stream of another aggregate.

    Returns:
        How many events hold, and the first that does not.
    """
    snapshots = beside.snapshots if beside is not None else {}
    checking = _Check(reader, name, beside.key if beside is not None else None)
    for row, body in _events(reader, number):
        try:
            what = checking.take(row, body, snapshots.get(row[2]))
        except (TurnlogError, *UNREADABLE) as problem:
            what = f"it cannot be read: {type(problem).__name__}: {problem}"
        if what is not None:
            version = checking.last + 1
            found = version, row[0] if row[2] == version else None, what
            return _first(checking.changed(), (checking.last, found))
    last, after = checking.last, checking.last + 1
    if (changed := checking.changed()) is not None:
        return changed
    if (last, checking.chain) != head:
        return last, (after, None, f"the stream ends here, but its head is version {head[0]}")
    if reader.blocks_between(number, after, FOREVER):
        return last, (after, None, "there is content of an event that was never recorded")
    if checking.gone:
        return last, (*next(iter(checking.gone.items())), "its content is missing")
    for version in checking.replaced:
        if _is_as_it_was(reader, number, version):
            return last, (version, None, "it holds what was redacted")
    for kept, version in checking.files.items():
        if not reader.has_file(kept):
            return last, (version, None, f"the kept file {kept[:16]}… is missing")
    if ahead := [version for version in snapshots if version > last]:
        return last, (min(ahead), None, "there is a snapshot of a version that is not there")
    return last, checking.compare(beside) if beside is not None else None


class _Check:
    """The chain, and what the events add up to, as far as they have been looked at."""

    def __init__(self, reader: Headers, name: str, key: SessionKey | None) -> None:
        self._topic = reader.topic
        self._name = name
        # The streams of other aggregates may begin with version 0.
        self._first = (1,) if key is not None else (0, 1)
        self._position = 0
        self._recorded_at = 0
        self._identities: set[tuple[int, int]] = set()
        # None where it cannot be known: a later release wrote some event.
        self._state = SessionState(key) if key is not None else None
        self._changed: dict[int, tuple[int, str]] = {}
        self.last = 0
        self.chain = START
        self.gone: dict[int, int] = {}
        """The events whose content is gone with nothing to tell why so far, and their positions."""
        self.replaced: dict[int, str] = {}
        """The hash that each redacted event's content has now, in hexadecimal."""
        self.files: dict[str, int] = {}
        """The digests of kept files, with the version that tells of each."""

    def take(
        self, row: Any, body: _Found | DamagedEvent | None, snapshot: bytes | None
    ) -> str | None:
        """Check the next event; says what is wrong with it."""
        position, _, version, topic_number, recorded_at, stored_hash, stored_chain, *rest = row
        if version != self.last + 1 and not (self._position == 0 and version in self._first):
            return "the event is missing"
        if position <= self._position:
            return "its place in the log was changed"
        try:
            topic = self._topic(topic_number)
        except KeyError:
            return f"its topic, number {topic_number}, is unknown"
        header = Row.stored(rest)
        sealed = isinstance(body, KeyDestroyed)
        if sealed:
            body = None
        if isinstance(body, DamagedEvent):
            return str(body)
        if body is not None and stored_hash is None:
            return "its content was changed"
        if body is not None and (wrong := _misfiled(body.block, topic, header)) is not None:
            return wrong
        chain = link(self.chain, self._name, version, topic, recorded_at, header, stored_hash)
        if chain != stored_chain:
            return "its header was changed"
        self._position, self.last, self.chain = position, version, chain
        self._recorded_at = recorded_at
        if header.identity is not None:
            self._identities.add((digest(header.identity), version))
        if sealed:
            self._state = None
        elif body is None and stored_hash is not None:
            self.gone[version] = position
        elif body is not None and body.hashed != stored_hash:
            self._changed[version] = (position, body.hashed.hex())
        self._fold(topic, header, body)
        return _differs(self._state, snapshot, "snapshot")

    def _fold(self, topic: str, header: Row, body: _Found | None) -> None:
        if self._state is None and topic not in _TELLING:
            return
        data = body.data if body is not None and topic not in _ENTRIES else None
        try:
            event = from_row(topic, header, data)
        except UnknownTopic:
            self._state = None
            return
        if isinstance(event, e.FileKept) and event.digest:
            self.files[event.digest] = self.last
        elif isinstance(event, e.SessionErased):
            self.gone.clear()
            self.files.clear()
            self.replaced.clear()
        elif isinstance(event, e.EntryRedacted) and event.digest:
            self.replaced[event.of] = event.digest
        elif isinstance(event, e.EntryRedacted) and not event.automatic:
            self.gone.pop(event.of, None)
        if self._state is not None:
            apply(self._state, event)

    def changed(self) -> tuple[int, Finding] | None:
        """The first event whose content is neither what was recorded nor what it is said to be."""
        for version, (position, hashed) in self._changed.items():
            if self.replaced.get(version) != hashed:
                return version - 1, (version, position, "its content was changed")
        return None

    def compare(self, beside: Beside) -> Finding | None:
        """What is kept beside the events, against what they say."""
        if self._recorded_at > beside.recorded_at:
            return self.last, None, "its head tells an earlier time"
        try:
            if beside.memory is not None:
                load_memory(beside.memory)
            held = {pair for first, data in beside.identities for pair in unpack(first, data)}
        except (TurnlogError, *UNREADABLE) as problem:
            return self.last, None, f"what entries are known by cannot be read: {problem}"
        if held != self._identities:
            version = min(version for _, version in held ^ self._identities)
            return version, None, "what it is known by is not what was recorded"
        what = _differs(self._state, beside.state, "head")
        return (self.last, None, what) if what is not None else None


def _first(one: tuple[int, Finding] | None, other: tuple[int, Finding]) -> tuple[int, Finding]:
    return other if one is None or other[1][0] < one[1][0] else one


def _is_as_it_was(reader: Headers, number: int, version: int) -> bool:
    """Whether an event's content is still, or again, what its header says."""
    bodies, _ = _bodies(reader, number, version, version)
    found = bodies.get(version)
    rows = reader.rows(number, version - 1, version)
    return isinstance(found, _Found) and bool(rows) and found.hashed == rows[0][5]


def _misfiled(block: Block, topic: str, header: Row) -> str | None:
    sort = OTHER
    if topic in _ENTRIES:
        sort = ENTRIES if header.place is None else LATE
    if (block.sort, block.branch) != (sort, header.branch):
        return f"its content lies in another place than it belongs (block {block.id})"
    if sort != OTHER and (header.marks or 0) & _CAREFULLY and not block.careful:
        return f"its content would be read wrongly (block {block.id})"
    return None


def _differs(state: SessionState | None, kept: bytes | None, name: str) -> str | None:
    if state is None or kept is None:
        return None
    try:
        found = load_state(state.key, kept)
    except (TurnlogError, *UNREADABLE) as problem:
        return f"the {name} kept of it cannot be read: {problem}"
    if found is not None and found != state:
        return f"the {name} kept of it is not what the events add up to"
    return None


def _events(reader: Headers, number: int) -> Iterator[tuple[Any, _Found | DamagedEvent | None]]:
    """Rows with the body found for each; None where the content is gone."""
    after = -1
    while rows := reader.rows(number, after, after + _STEP):
        bodies, damage = _bodies(reader, number, after + 1, after + _STEP)
        for row in rows:
            found = bodies.get(row[2])
            if found is None and row[5] is not None:
                found = next((d for versions, d in damage if row[2] in versions), None)
            yield row, found
        after += _STEP


def _bodies(
    reader: Headers, number: int, first: int, last: int
) -> tuple[dict[int, _Found | DamagedEvent], list[tuple[range, DamagedEvent]]]:
    bodies: dict[int, _Found | DamagedEvent] = {}
    damage = []
    for block in map(Block._make, reader.blocks_between(number, first, last)):
        try:
            block = reader.codec.plain(block)
            salts = block.salts()
            for version, data, _ in reader.codec.bodies(block):
                if version in bodies:
                    bodies[version] = DamagedEvent("two blocks hold its content")
                else:
                    hashed = body_hash(salts[version], version, data)
                    bodies[version] = _Found(block, hashed, data)
        except (TurnlogError, *UNREADABLE) as problem:
            known = type(block.first) is type(block.last) is int
            versions = range(block.first, block.last + 1) if known else range(first, last + 1)
            # Without its key a content cannot be held against its hash; the chain can.
            kind = KeyDestroyed if isinstance(problem, KeyDestroyed | KeysNeeded) else DamagedEvent
            damage.append((versions, kind(str(problem))))
    return bodies, damage
