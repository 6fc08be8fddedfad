"""The eventsourcing library's recorders on the tables of the log.

What the library inserts lies beside the sessions, in the same tables, with the same guarantees: a
version is taken once, a chain covers every byte, and no reader ever skips an event. An application
whose ids are text sees the sessions as aggregates; one whose ids are UUIDs sees its own alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Tracking,
)

from ..sql.reader import SqlReader
from ..sql.schema import FOREVER
from ..sql.transaction import SqlTransaction
from .errors import library_errors
from .store import TurnlogRecorder
from .stored_rows import StoredRow, read_rows
from .storing import store_events
from .stream_names import stream_name
from .subscription import TurnlogSubscription
from .tracking import TurnlogTrackingRecorder

_LOOK_AHEAD = 500
"""Positions that are looked at together."""


class TurnlogAggregateRecorder(TurnlogRecorder, AggregateRecorder):
    """Records events by aggregate."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Append events, all or none; durable once this returns.

        Raises:
            VersionTaken: a version is not the next one of its aggregate.
            NotForTheLog: an id, a topic or a state that the log cannot take.
            Unavailable: the database could not write.
        """
        self._insert(stored_events, **kwargs)
        return None

    def _insert(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> list[int]:
        if not stored_events:
            return []
        self._know_topics({stored.topic for stored in stored_events})
        return self.write(lambda transaction: self._store(transaction, stored_events))

    def _store(
        self, transaction: SqlTransaction, stored_events: Sequence[StoredEvent]
    ) -> list[int]:
        return store_events(self.store, transaction, stored_events, self.id_type)

    def _know_topics(self, names: set[str]) -> None:
        """Number topics, in a transaction of their own: a number that is known is never undone."""
        missing = self.store.topics.missing(sorted(names))
        if not missing:
            return

        def work(transaction: SqlTransaction) -> None:
            for name in missing:
                transaction.cursor.execute(self.sql.add_topic, (name,))

        self.write(work)
        with self.read() as reader:
            self.store.topics.load(reader.cursor)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of an aggregate by version."""
        statement = self.sql.events_backwards if desc else self.sql.events
        bounds = (-1 if gt is None else gt, FOREVER if lte is None else lte)
        name = stream_name(originator_id, self.id_type)
        with self.read() as reader:
            rows = read_rows(
                reader, statement, (name, *bounds, FOREVER if limit is None else limit)
            )
        return [row.event() for row in rows]


class TurnlogApplicationRecorder(TurnlogAggregateRecorder, ApplicationRecorder):
    """Records events by aggregate and in the sequence of an application."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Append events, all or none; durable once this returns.

        Returns:
            The ids of their notifications, which are positions in the log.

        Raises:
            VersionTaken, NotForTheLog, Unavailable: as the aggregate recorder does.
        """
        return self._insert(stored_events, **kwargs)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The events of the sequence by position, none ever skipped."""
        first = 0 if start is None else start if inclusive_of_start else start + 1
        return self.scan(max(first - 1, 0), limit, stop, topics)[0]

    def scan(
        self, after: int, limit: int, stop: int | None = None, topics: Sequence[str] = ()
    ) -> tuple[list[Notification], int]:
        """The events after a position, and the position up to which these are all there are.

        Where few events match, that position is far ahead of the last of them.
        """
        found: list[Notification] = []
        while len(found) < limit:
            with library_errors():
                horizon = self.store.horizon(after, max(limit, _LOOK_AHEAD))
            with self.read() as reader:
                newest = reader.last_position()
                last = min(horizon, newest, newest if stop is None else stop)
                if last <= after:
                    break
                rows = self._rows(reader, after + 1, last, limit - len(found), topics)
            found.extend(row.notification() for row in rows)
            after = rows[-1].position if len(found) == limit else last
            if last == newest:
                break
        return found, after

    def _rows(
        self, reader: SqlReader, first: int, last: int, limit: int, topics: Sequence[str]
    ) -> list[StoredRow]:
        numbers = self.store.topics.numbers(reader.cursor, topics)
        if topics and not numbers:
            return []
        statement = self.sql.notifications(len(numbers))
        return read_rows(reader, statement, (first, last, *numbers, limit))

    def max_notification_id(self) -> int | None:
        """The position of the newest event of the sequence; None where there is none.

        Whoever follows from there on skips nothing: no event will come before it any more.
        """
        with self.read() as reader:
            reader.cursor.execute(self.sql.last_notification, (1,))
            found = reader.cursor.fetchone()
        with library_errors():
            self.store.settle()
        return None if found is None else int(found[0])

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> TurnlogSubscription:
        """What is there after a position, then what comes, for ever."""
        return TurnlogSubscription(self, gt, topics)


class TurnlogProcessRecorder(TurnlogTrackingRecorder, TurnlogApplicationRecorder, ProcessRecorder):
    """Records what an application makes of another's event together with its mark."""

    def _insert(
        self,
        stored_events: Sequence[StoredEvent],
        tracking: Tracking | None = None,
        **kwargs: Any,
    ) -> list[int]:
        if tracking is None:
            return super()._insert(stored_events, **kwargs)
        mark = tracking
        self._know_topics({stored.topic for stored in stored_events})

        def work(transaction: SqlTransaction) -> list[int]:
            self.track(transaction, mark)
            return self._store(transaction, stored_events)

        return self.write(work)
