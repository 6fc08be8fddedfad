"""Appending the eventsourcing library's stored events, to sessions and to foreign streams alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from eventsourcing.persistence import StoredEvent

from ....domain.events import EVENTS
from ....domain.evolving import fold
from ....domain.keys import SessionKey
from ..encoding.blocks import LARGEST
from ..encoding.chain import START, body_hash, link
from ..encoding.salts import new_seed, salts
from ..sql.schema import OTHER
from ..sql.transaction import SqlTransaction
from .errors import NotForTheLog, VersionTaken
from .event_state import NO_COLUMNS, checked_event
from .store import LibraryStore
from .stream_names import IdType, session_key, stream_name

_NOTHING_YET = -1
"""The version of a foreign stream without events: its first may be 0 or 1."""


def store_events(
    store: LibraryStore,
    transaction: SqlTransaction,
    stored_events: Sequence[StoredEvent],
    id_type: IdType,
) -> list[int]:
    """Append stored events, of one aggregate or of several.

    Every topic must be in the table of topics.

    Returns:
        The positions, in the order of the events.

    Raises:
        VersionTaken: a version is not the next one of its stream.
        NotForTheLog: an id, a topic or a state that the log cannot take.
    """
    names = {
        stored.originator_id: stream_name(stored.originator_id, id_type) for stored in stored_events
    }
    # Whoever locks several streams locks them in the same order.
    targets = {name: _open(store, transaction, name) for name in sorted(set(names.values()))}
    positions: list[int] = []
    for originator, run in groupby(stored_events, attrgetter("originator_id")):
        events = list(run)
        target = targets[names[originator]]
        _expect_next(target, events)
        first = target.append(events)
        positions.extend(range(first, first + len(events)))
    return positions


class _Target(Protocol):
    """A stream that takes stored events."""

    @property
    def version(self) -> int: ...

    def append(self, events: Sequence[StoredEvent]) -> int:
        """Append events; the position of the first."""


def _open(store: LibraryStore, transaction: SqlTransaction, name: str) -> _Target:
    key = session_key(name)
    return _Session(transaction, key) if key else _Foreign(store, transaction, name)


def _expect_next(target: _Target, events: Sequence[StoredEvent]) -> None:
    version = target.version
    for event in events:
        found = event.originator_version
        if found != version + 1 and not (version == _NOTHING_YET and found == 1):
            last = "has no event yet" if version == _NOTHING_YET else f"is at version {version}"
            raise VersionTaken(
                f"{event.originator_id} {last}, so its next event cannot be version {found}; "
                "read it again and decide anew"
            )
        version = found


class _Session:
    """A session's stream: its state and its read models change with it."""

    def __init__(self, transaction: SqlTransaction, key: SessionKey) -> None:
        self._transaction = transaction
        self._stream = transaction.open(key)

    @property
    def version(self) -> int:
        return self._stream.version

    def append(self, events: Sequence[StoredEvent]) -> int:
        """Append events; the position of the first."""
        for event in events:
            if event.topic not in EVENTS:
                raise NotForTheLog(
                    f"{event.originator_id!r} is the stream of a session, which takes no "
                    f"{event.topic!r}; give other aggregates ids without a slash"
                )
        happened = [checked_event(event.topic, event.state) for event in events]
        state = fold(self._stream.state, happened)
        return self._transaction.record(self._stream, happened, state).first_position


class _Foreign:
    """The stream of any other aggregate: all we know of its events is their bytes."""

    def __init__(self, store: LibraryStore, transaction: SqlTransaction, name: str) -> None:
        self._store, self._transaction, self._name = store, transaction, name
        cursor, statements = transaction.cursor, store.statements
        cursor.execute(statements.lock_stream, (name,))
        found = cursor.fetchone()
        if found is None:
            store.codec.cipher.begin(name)
            # There is no state to keep, nor anything to remember of former batches.
            cursor.execute(statements.create_stream, (name, _NOTHING_YET, START, 0, b"", b""))
            cursor.execute(statements.lock_stream, (name,))
            found = cursor.fetchone()
        self._id, self.version, self._chain, self._recorded_at, *_ = found
        store.codec.names[self._id] = name

    def append(self, events: Sequence[StoredEvent]) -> int:
        """Append events; the position of the first."""
        for event in events:
            if event.topic in EVENTS:
                raise NotForTheLog(
                    f"{event.originator_id!r} names no session, so it cannot have a "
                    f"{event.topic}; use the session's stream id"
                )
        cursor, statements = self._transaction.cursor, self._store.statements
        first = position = self._transaction.take_positions(len(events))
        now = max(self._store.clock(), self._recorded_at)
        rows: list[tuple[object, ...]] = []
        for portion in _portions(events):
            seed = new_seed()
            versions = [event.originator_version for event in portion]
            for event, salt in zip(portion, salts(seed, versions), strict=True):
                rows.append(self._row(event, position, now, salt))
                position += 1
            packed = self._store.codec.compress([event.state for event in portion])
            block = self._store.codec.seal(self._id, OTHER, 0, versions, packed, seed, False)
            cursor.execute(statements.append_block, block)
        cursor.executemany(statements.append_event, rows)
        head = (self.version, self._chain, now, b"", b"", self._id)
        cursor.execute(statements.store_stream, head)
        self._recorded_at = now
        return first

    def _row(self, event: StoredEvent, position: int, now: int, salt: bytes) -> tuple[object, ...]:
        """A row for ``events``; the stream's head moves to it."""
        version, topic = event.originator_version, event.topic
        hashed = body_hash(salt, version, event.state)
        self._chain = link(self._chain, self._name, version, topic, now, NO_COLUMNS, hashed)
        self.version = version
        number = self._store.topics.number(self._transaction.cursor, topic)
        return (position, self._id, version, number, now, *NO_COLUMNS, hashed, self._chain)


def _portions(events: Sequence[StoredEvent]) -> Iterator[list[StoredEvent]]:
    """The events of each block."""
    portion: list[StoredEvent] = []
    size = 0
    for event in events:
        if portion and size + len(event.state) > LARGEST:
            yield portion
            portion, size = [], 0
        portion.append(event)
        size += len(event.state)
    yield portion
