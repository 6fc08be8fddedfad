"""The statements of the recorders, compiled once for a dialect."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Dialect, Select, bindparam, select, text
from sqlalchemy.sql.expression import ClauseElement

from ....projections.prepared import prepare
from ..contract.evidence import OWN
from ..encoding.rows import Row
from ..sql.schema import events, stored_snapshots, streams, topics, tracking
from .stream_names import UUIDS, IdType

# The planner must not begin with the streams: a sequence is read by position.
_OF_UUIDS = text(f"substr(streams.name, 1, {len(UUIDS)}) = '{UUIDS}'")
_OF_TEXTS = text(f"substr(streams.name, 1, {len(UUIDS)}) NOT IN ('{UUIDS}', '{OWN[: len(UUIDS)]}')")


class RecorderStatements:
    """Each statement by its name, as text with positional parameters in the order named."""

    def __init__(self, dialect: Dialect, id_type: IdType) -> None:
        self._dialect = dialect
        self._sequence = _OF_UUIDS if id_type is IdType.UUID else _OF_TEXTS
        self._mark = "?" if dialect.paramstyle == "qmark" else "%s"
        self.notifications = lru_cache(maxsize=16)(self._notifications)

    def _text(self, statement: ClauseElement, *names: str) -> str:
        return prepare(self._dialect, statement, *names)

    def _limited(self, statement: ClauseElement, *names: str) -> str:
        # Core writes LIMIT with an OFFSET for SQLite, which would be one more parameter.
        return f"{self._text(statement, *names)} LIMIT {self._mark}"

    # -- events ------------------------------------------------------------------------------

    @cached_property
    def events(self) -> str:
        """name, after, upto, limit → a stream's events, the first versions first"""
        return self._limited(self._of_stream().order_by(events.c.version), "name", "after", "upto")

    @cached_property
    def events_backwards(self) -> str:
        """name, after, upto, limit → a stream's events, the last versions first"""
        statement = self._of_stream().order_by(events.c.version.desc())
        return self._limited(statement, "name", "after", "upto")

    def _of_stream(self) -> Select[Any]:
        return _events().where(
            streams.c.name == bindparam("name"),
            events.c.version > bindparam("after"),
            events.c.version <= bindparam("upto"),
        )

    def _notifications(self, topic_count: int) -> str:
        """first, last, the numbers of topics (none for all), limit → events by position"""
        statement = _events().where(
            events.c.position >= bindparam("first"),
            events.c.position <= bindparam("last"),
            self._sequence,
        )
        names = [f"topic{i}" for i in range(topic_count)]
        if names:
            statement = statement.where(events.c.topic.in_([bindparam(name) for name in names]))
        return self._limited(statement.order_by(events.c.position), "first", "last", *names)

    @cached_property
    def last_notification(self) -> str:
        """limit → the newest position of the sequence"""
        return self._limited(
            select(events.c.position)
            .join_from(events, streams, events.c.stream == streams.c.id)
            .where(self._sequence)
            .order_by(events.c.position.desc())
        )

    @cached_property
    def add_topic(self) -> str:
        """name"""
        statement = topics.insert().values(name=bindparam("name")).inline()
        return self._text(statement, "name") + " ON CONFLICT DO NOTHING"

    # -- tracking ----------------------------------------------------------------------------

    @cached_property
    def track(self) -> str:
        """application_name, notification_id → the id, nothing where it is no later one"""
        names = ("application_name", "notification_id")
        statement = tracking.insert().values({name: bindparam(name) for name in names})
        return self._text(statement, *names) + (
            " ON CONFLICT (application_name) DO UPDATE"
            " SET notification_id = excluded.notification_id"
            " WHERE tracking.notification_id < excluded.notification_id"
            " RETURNING notification_id"
        )

    @cached_property
    def tracked(self) -> str:
        """application_name → notification_id"""
        return self._text(
            select(tracking.c.notification_id).where(
                tracking.c.application_name == bindparam("application_name")
            ),
            "application_name",
        )

    # -- snapshots ---------------------------------------------------------------------------

    @cached_property
    def add_snapshot(self) -> str:
        """purpose, name, version, topic, state → the version, nothing where there is one"""
        names = tuple(column.name for column in stored_snapshots.columns)
        statement = stored_snapshots.insert().values({name: bindparam(name) for name in names})
        return self._text(statement, *names) + " ON CONFLICT DO NOTHING RETURNING version"

    @cached_property
    def snapshots(self) -> str:
        """purpose, name, after, upto, limit → version, topic, state, the first versions first"""
        statement = _snapshots().order_by(stored_snapshots.c.version)
        return self._limited(statement, "purpose", "name", "after", "upto")

    @cached_property
    def snapshots_backwards(self) -> str:
        """purpose, name, after, upto, limit → version, topic, state, the last versions first"""
        statement = _snapshots().order_by(stored_snapshots.c.version.desc())
        return self._limited(statement, "purpose", "name", "after", "upto")


def _events() -> Select[Any]:
    """The columns of ``stored_rows.StoredRow``."""
    return select(
        streams.c.name,
        events.c.position,
        events.c.stream,
        events.c.version,
        events.c.topic,
        events.c.recorded_at,
        *(events.c[name] for name in Row._fields),
    ).join_from(events, streams, events.c.stream == streams.c.id)


def _snapshots() -> Select[Any]:
    columns = stored_snapshots.c
    return select(columns.version, columns.topic, columns.state).where(
        columns.purpose == bindparam("purpose"),
        columns.name == bindparam("name"),
        columns.version > bindparam("after"),
        columns.version <= bindparam("upto"),
    )
