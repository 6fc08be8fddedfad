"""The fold: every deed a row, with who and where from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import Connection, Dialect, bindparam

from ...domain import events as e
from ..engine.read_model import Content, Run
from ..making import make_tables
from ..prepared import inserting, prepare, taking_out, upserting
from ..printable import printable
from ..texts import SHOWN, Texts
from .kinds import TOPICS, source_of
from .tables import NAME, VERSION, tables_of


class AuditTrail:
    """Who did what, and when. What they wrote stays in the events, which can be erased."""

    name: ClassVar[str] = NAME
    version: ClassVar[int] = VERSION
    topics: ClassVar[frozenset[str]] = TOPICS
    content: ClassVar[Content] = "notes"
    stateful: ClassVar[bool] = False
    forgets_by_itself: ClassVar[bool] = True
    """To fold an erasure is to forget who acted before it."""

    def __init__(self, dialect: Dialect, prefix: str, texts: Texts = SHOWN) -> None:
        self._texts = texts
        self._tables = tables_of(prefix)
        deeds, streams = self._tables.deeds, self._tables.streams
        self._deed = inserting(dialect, deeds)
        names = [c.name for c in streams.columns]
        started = upserting(dialect, streams, names)
        again = {name: started.excluded[name] for name in names[1:]}
        self._stream = prepare(
            dialect,
            started.on_conflict_do_update(index_elements=names[:1], set_=again),
            *names,
        )
        erased = deeds.update().where(
            deeds.c.stream == bindparam("of"), deeds.c.version < bindparam("before")
        )
        self._forget_actors = prepare(
            dialect, erased.values(actor=None), *("actor", "of", "before")
        )
        # What told the two sources of a status apart is erased with it.
        self._forget_hands = prepare(
            dialect,
            erased.where(deeds.c.kind == bindparam("kind")).values(source=bindparam("source")),
            *("source", "of", "before", "kind"),
        )
        self._take_out = [taking_out(dialect, table) for table in (deeds, streams)]
        self._forget_user = prepare(
            dialect,
            streams.update().where(streams.c.stream == bindparam("of")).values(user_id=None),
            *("user_id", "of"),
        )

    def create(self, connection: Connection) -> None:
        """Make the tables that are missing."""
        make_tables(connection, self._tables.metadata.sorted_tables)

    def tables(self) -> list[str]:
        """The names of its tables."""
        return [table.name for table in self._tables.metadata.sorted_tables]

    def take_out(self, cursor: Any, stream: int, runs: Sequence[Run]) -> None:
        """Take out the deeds of a stream."""
        for statement in self._take_out:
            cursor.execute(statement, (stream,))

    def fold(self, cursor: Any, runs: Sequence[Run]) -> None:
        """Take in what happened, in the order of the log."""
        rows: list[tuple[Any, ...]] = []
        for run in runs:
            for position, version, event in zip(
                run.positions, run.versions, run.events, strict=True
            ):
                source = source_of(event)
                if source is None:
                    continue
                if isinstance(event, e.SessionStarted):
                    cursor.execute(self._stream, self._described(run, event))
                elif isinstance(event, e.SessionErased):
                    rows = self._keep(cursor, rows)
                    cursor.execute(self._forget_actors, (None, run.stream, version))
                    status = ("transcript", run.stream, version, e.StatusChanged.__name__)
                    cursor.execute(self._forget_hands, status)
                    cursor.execute(self._forget_user, (None, run.stream))
                actor = self._texts.name(getattr(event, "actor", None))
                kind = type(event).__name__
                rows.append((position, run.stream, version, kind, source, actor, run.recorded_at))
        self._keep(cursor, rows)

    def _described(self, run: Run, event: e.SessionStarted) -> tuple[Any, ...]:
        key = run.key
        project, user = printable(key.project_key), self._texts.name(event.user_id)
        return (run.stream, key.stream_id, key.main.stream_id, project, user)

    def _keep(self, cursor: Any, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        if rows:
            cursor.executemany(self._deed, rows)
        return []
