"""What every SQL store shares: its tables, its statements and its readers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, Engine, insert, inspect, select, update

from ...domain.errors import NewerSchema, NotADatabase
from ...domain.events import EVENTS
from .blocks import BlockCodec
from .contract import Content, Inline, Packed, Recorded
from .identities import IdentityMaps
from .schema import SCHEMA_VERSION, about, metadata, projections, topics
from .sql_reader import Cursor, SqlReader, Topics
from .sql_transaction import FoldFailed, SqlTransaction
from .statements import Statements

LAST = (1 << 63) - 1
"""A position that no log reaches."""


def now() -> int:
    """Milliseconds since 1970 UTC, by this machine's clock."""
    return time.time_ns() // 1_000_000


class SqlStore:
    """Base of the SQL stores. A dialect adds how it begins, commits and waits."""

    def __init__(
        self,
        url: str,
        engine: Engine,
        locks_rows: bool,
        inline: Sequence[Inline] = (),
        clock: Callable[[], int] = now,
        level: int = 3,
    ) -> None:
        self.url = url
        self.engine = engine
        self.inline = tuple(inline)
        self.clock = clock
        self.topics = Topics()
        self.codec = BlockCodec(level)
        self.maps = IdentityMaps()
        self.statements = Statements(engine.dialect, locks_rows)

    # -- the tables --------------------------------------------------------------------------

    def _prepare(self, connection: Connection, triggers: Sequence[str]) -> None:
        """Create what is missing; refuse what a later release made."""
        inspector = inspect(connection)
        if inspector.has_table("about"):
            self._check_version(connection)
        elif inspector.has_table("events"):
            raise NotADatabase(
                f"{self.url}: the database has a table named events that is not turnlog's; "
                "give turnlog a database, or a schema, of its own"
            )
        metadata.create_all(connection)
        for trigger in triggers:
            connection.exec_driver_sql(trigger)
        if (
            connection.execute(select(about.c.value).where(about.c.name == "schema")).first()
            is None
        ):
            connection.execute(insert(about).values(name="schema", value=str(SCHEMA_VERSION)))
        for projection in self.inline:
            projection.create(connection)
            self._register(connection, projection)
        found = set(connection.execute(select(topics.c.name)).scalars())
        for topic in EVENTS:
            if topic not in found:
                connection.execute(insert(topics).values(name=topic))

    def _register(self, connection: Connection, projection: Inline) -> None:
        found = connection.execute(
            select(projections.c.version).where(projections.c.name == projection.name)
        ).scalar()
        if found is None:
            connection.execute(
                insert(projections).values(
                    name=projection.name, version=projection.version, position=0
                )
            )
        elif found != projection.version:
            # Appending without folding it would leave its live tables behind the log.
            raise NewerSchema(
                f"{self.url}: the read model {projection.name!r} has version {found}, this release "
                f"folds version {projection.version}; use the release that wrote it, or rebuild "
                "with `turnlog rebuild`"
            )

    def _check_version(self, connection: Connection) -> None:
        found = connection.execute(select(about.c.value).where(about.c.name == "schema")).scalar()
        if found is not None and int(found) > SCHEMA_VERSION:
            raise NewerSchema(
                f"{self.url} was written by a later release of turnlog (schema {found}, this "
                f"release knows {SCHEMA_VERSION}); upgrade turnlog"
            )

    def pack(self, bodies: Sequence[bytes]) -> Packed | None:
        """Compress a batch's bodies before any lock is taken."""
        return self.codec.compress(bodies) if bodies else None

    # -- the whole log -----------------------------------------------------------------------

    def read(self) -> AbstractContextManager[SqlReader]:
        """A consistent look at the log."""
        raise NotImplementedError

    def log(self, after: int, limit: int, content: Content = "all") -> list[Recorded]:
        """Events of the whole log by position, gap-safe: none is ever skipped."""
        upto = self.horizon(after, limit)
        with self.read() as reader:
            return reader.log(after, upto, limit, content)

    def horizon(self, after: int, limit: int) -> int:
        """The position up to which reading on from ``after`` skips nothing, now or ever.

        Args:
            after: a position up to which nothing can be missing.
            limit: how many positions are looked at.
        """
        return LAST

    # -- transactions ------------------------------------------------------------------------

    def _reader(self, cursor: Cursor) -> SqlReader:
        return SqlReader(cursor, self.statements, self.topics, self.codec, self.maps)

    def _transaction(self, cursor: Cursor, inline: Sequence[Inline]) -> SqlTransaction:
        return SqlTransaction(
            cursor,
            self.statements,
            self.topics,
            self.codec,
            self.maps,
            inline,
            self.inline,
            self._positions,
            self.clock,
        )

    def _positions(self, cursor: Cursor, count: int) -> int:
        raise NotImplementedError

    def _fresh(self, cursor: Cursor) -> list[Inline]:
        """The inline projections that are not stale: only these are folded with an append."""
        if not self.inline:
            return []
        cursor.execute("SELECT name FROM projections WHERE stale_at IS NOT NULL")
        stale = {name for (name,) in cursor.fetchall()}
        return [projection for projection in self.inline if projection.name not in stale]

    def _mark_stale(self, cursor: Any, failed: FoldFailed) -> None:
        statement = (
            update(projections)
            .where(projections.c.name == failed.projection.name)
            .values(stale_at=failed.position, stale_why=repr(failed.problem)[:500])
        )
        compiled: Any = statement.compile(dialect=self.engine.dialect)
        values = compiled.params
        cursor.execute(str(compiled), tuple(values[name] for name in compiled.positiontup))
