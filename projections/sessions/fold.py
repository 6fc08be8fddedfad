"""The fold: what an append does to the session's row, its responses, checkpoints and tags."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import Connection, Dialect, bindparam

from ...domain import events as e
from ...domain.session import SessionState
from ..engine.read_model import Content, Run
from ..prepared import prepare
from ..printable import printable
from .change import Change
from .responses import NO_SUMS, ResponseTable
from .tables import NAME, SUMS, VERSION, tables_of

_DESCRIBED = tuple(c.name for c in tables_of(NAME).sessions.columns)[6:28]
"""The columns that follow from the session's state, in the table's order."""
_MOVES = (e.TranscriptForked, e.SessionRewound, e.SessionStarted)
"""What changes which responses are live."""


class Sessions:
    """The sessions projection, folded in the append's own transaction."""

    name: ClassVar[str] = NAME
    version: ClassVar[int] = VERSION
    topics: ClassVar[frozenset[str]] = frozenset(e.EVENTS)
    content: ClassVar[Content] = "notes"
    stateful: ClassVar[bool] = True

    def __init__(self, dialect: Dialect, prefix: str) -> None:
        self._tables = tables_of(prefix)
        sessions, checkpoints = self._tables.sessions, self._tables.checkpoints
        tags = self._tables.tags
        self._responses = ResponseTable(dialect, self._tables)
        columns = [c.name for c in sessions.columns]
        values: dict[str, Any] = {name: bindparam(name) for name in columns}
        self._insert = prepare(dialect, sessions.insert().values(values), *columns)
        changed: dict[str, Any] = {name: bindparam(name) for name in _DESCRIBED}
        sums = [f"{kind}_{name}" for kind in ("billed", "live") for name in SUMS]
        describing = sessions.update().where(sessions.c.stream == bindparam("of"))
        self._describe = prepare(dialect, describing.values(changed), *_DESCRIBED, "of")
        added = {name: sessions.c[name] + bindparam(f"add_{name}") for name in sums}
        self._add = prepare(
            dialect,
            describing.values({**changed, **added}),
            *_DESCRIBED,
            *(f"add_{name}" for name in sums),
            "of",
        )
        self._set_sums = prepare(
            dialect, describing.values({name: bindparam(name) for name in sums}), *sums, "of"
        )
        points = [c.name for c in checkpoints.columns]
        self._checkpoint = prepare(
            dialect,
            checkpoints.insert().values({name: bindparam(name) for name in points}),
            *points,
        )
        self._untag = prepare(
            dialect, tags.delete().where(tags.c.stream == bindparam("stream")), "stream"
        )
        self._tag = prepare(
            dialect,
            tags.insert().values(stream=bindparam("stream"), tag=bindparam("tag")),
            "stream",
            "tag",
        )

        self._forget = [
            prepare(dialect, table.delete().where(table.c.stream == bindparam("of")), "of")
            for table in self._tables.metadata.sorted_tables
        ]

    def create(self, connection: Connection) -> None:
        """Make the tables that are missing."""
        self._tables.metadata.create_all(connection)

    def tables(self) -> list[str]:
        """The names of its tables."""
        return [table.name for table in self._tables.metadata.sorted_tables]

    def take_out(self, cursor: Any, stream: int) -> None:
        """Take out what a stream brought in. What copies have in common is shared out again when
        its responses come back."""
        for statement in self._forget:
            cursor.execute(statement, (stream,))

    def fold(self, cursor: Any, runs: Sequence[Run]) -> None:
        """Take in what was appended."""
        for run in runs:
            self._fold(cursor, run)

    def _fold(self, cursor: Any, run: Run) -> None:
        stream, key, recorded_at, *_, before, after = run
        assert before is not None
        assert after is not None
        change = Change(self._responses, cursor, stream, key, before, after)
        points = []
        for version, event in zip(run.versions, run.events, strict=True):
            kind = type(event)
            if kind is e.UsageRecorded or kind in _MOVES:
                change.take(event, version)
            elif kind is e.CheckpointCreated:
                points.append(_checkpoint_row(stream, version, recorded_at, event))  # type: ignore[arg-type]
            elif kind is e.SessionTagged or kind is e.SessionErased:
                self._retag(cursor, stream, after)
        described = _describe(after, recorded_at)
        if before.version == 0:
            name = key.stream_id
            cursor.execute(
                self._insert,
                (
                    stream,
                    name,
                    key.main.stream_id,
                    printable(key.project_key),
                    printable(key.session_id),
                    printable(key.subpath),
                    *described,
                    *(0,) * (2 * len(SUMS)),
                ),
            )
        change.settle()
        billed, live = change.billed, change.live
        if change.recount:
            self._responses.lock_sessions(cursor, {*change.recount, stream})
        if stream in change.recount or (billed is NO_SUMS and live is NO_SUMS):
            if before.version:
                cursor.execute(self._describe, (*described, stream))
        else:
            cursor.execute(self._add, (*described, *billed, *live, stream))
        for other in change.recount:
            self._recount(cursor, other)
        if points:
            cursor.executemany(self._checkpoint, points)

    def _recount(self, cursor: Any, stream: int) -> None:
        sums = (
            *self._responses.sums(cursor, stream, "billed"),
            *self._responses.sums(cursor, stream, "live"),
        )
        cursor.execute(self._set_sums, (*sums, stream))

    def _retag(self, cursor: Any, stream: int, state: SessionState) -> None:
        cursor.execute(self._untag, (stream,))
        shown = sorted({printable(tag) for tag in state.tags if tag})  # type: ignore[type-var]
        if shown:
            cursor.executemany(self._tag, [(stream, tag) for tag in shown])


def _checkpoint_row(
    stream: int, version: int, recorded_at: int, event: e.CheckpointCreated
) -> tuple[Any, ...]:
    return (
        stream,
        version,
        printable(event.checkpoint_id),
        event.kind,
        event.anchor,
        event.branch,
        event.turn,
        event.prompt,
        printable(event.label),
        recorded_at,
    )


def _describe(state: SessionState, recorded_at: int) -> tuple[Any, ...]:
    live = state.live
    return (
        state.presence,
        state.status,
        printable(state.stop_reason),
        printable(state.title),
        printable(state.user_id),
        printable(state.working_dir),
        printable(state.machine),
        state.source,
        printable(state.called_by),
        state.forked_from.stream if state.forked_from is not None else None,
        live.prompts or state.remembered,
        live.turns,
        live.entries,
        state.entries,
        state.gaps,
        json.dumps(state.models) if state.models else "[]",
        json.dumps(state.tags) if state.tags else "[]",
        state.first_at,
        state.last_at,
        state.last_at if state.last_at is not None else recorded_at,
        recorded_at,
        state.version,
    )
