"""The table of responses: each once a stream that holds it.

A response is known by its message id and request id. Copies of it (forks, background sessions)
lie in other streams; one of them owns it and is billed, whatever order they arrived in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Dialect, bindparam, select

from ..prepared import inserting, prepare
from .response import Response
from .tables import COUNTERS, SessionTables


class Holder(NamedTuple):
    """The stream that holds a copy."""

    name: str
    """Its text id."""
    project: str
    user: str | None
    subagent: bool
    counted: bool
    """Whether what is live in it is live in the log: it is not deleted, nor its call undone."""


class Copy(NamedTuple):
    """A response in one of the streams that hold it."""

    response: Response
    holder: Holder

    @property
    def shown(self) -> bool:
        """Whether it is part of a live conversation."""
        return bool(self.response.live) and self.holder.counted


SIZES = (1, 4, 16, 64, 256)
"""Lists of keys are padded to one of these lengths, so that few statements are ever compiled."""
MOST_LOCKS = 64
"""Locks of single responses that an append takes; with more, it locks them all at once."""
_SHARING = "1953854062, 16"
"""The key of the lock that stands for all responses, apart from the log's own."""
_LOCK = f"""SELECT pg_advisory_xact_lock_shared({_SHARING})
    UNION ALL SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key"""
_LOCK_ALL = f"SELECT pg_advisory_xact_lock({_SHARING})"
_LOCK_SESSIONS = """SELECT stream FROM {}
    WHERE stream = ANY (%s::bigint[]) ORDER BY stream FOR UPDATE"""
_SHARED = ("git_branch", "placeholder", "characters", "live", "billed", *COUNTERS, "cost")
"""What becomes of a copy by what happens elsewhere, or to the whole of its stream."""


class ResponseTable:
    """The statements on the table of responses."""

    def __init__(self, dialect: Dialect, tables: SessionTables) -> None:
        self._dialect = dialect
        self._tables = tables
        self._lock_sessions = _LOCK_SESSIONS.format(tables.sessions.name)
        responses, sessions = tables.responses, tables.sessions
        t = responses.c
        columns = [c.name for c in responses.columns]
        self._insert = inserting(dialect, responses)
        self._update = self._narrow([c for c in columns if c not in ("stream", "turn")])
        self._share = self._narrow(_SHARED)
        self._one = prepare(
            dialect,
            select(responses).where(t.stream == bindparam("stream"), t.turn == bindparam("turn")),
            "stream",
            "turn",
        )
        self._of_stream = prepare(
            dialect,
            select(responses).where(t.stream == bindparam("stream")).order_by(t.turn),
            "stream",
        )
        self._of_name = prepare(
            dialect,
            select(responses)
            .join_from(responses, sessions, responses.c.stream == sessions.c.stream)
            .where(sessions.c.name == bindparam("name"))
            .order_by(t.turn),
            "name",
        )
        self._copies = {size: self._select_copies(size) for size in SIZES}
        self._waits = dialect.name == "postgresql"

    def _narrow(self, names: Sequence[str]) -> str:
        responses = self._tables.responses
        t = responses.c
        statement = (
            responses.update()
            .where(t.stream == bindparam("of_stream"), t.turn == bindparam("of_turn"))
            .values({name: bindparam(name) for name in names})
        )
        # Columns are set in the table's order.
        order = [c.name for c in responses.columns if c.name in names]
        return prepare(self._dialect, statement, *order, "of_stream", "of_turn")

    def _select_copies(self, size: int) -> str:
        names = [f"k{n}" for n in range(size)]
        responses, sessions = self._tables.responses, self._tables.sessions
        s = sessions.c
        statement = (
            select(responses, s.name, s.project_key, s.user_id, s.subpath, s.counted)
            .join_from(responses, sessions, responses.c.stream == s.stream)
            .where(responses.c.key.in_([bindparam(name) for name in names]))
        )
        return prepare(self._dialect, statement, *names)

    def insert(self, cursor: Any, rows: Iterable[Response]) -> None:
        """Add responses."""
        cursor.executemany(self._insert, [row.row() for row in rows])

    def update(self, cursor: Any, rows: Iterable[Response]) -> None:
        """Write responses again."""
        cursor.executemany(self._update, [(*row.row()[2:], row.stream, row.turn) for row in rows])

    def share(self, cursor: Any, rows: Iterable[Response]) -> None:
        """Write what copies have in common, who is billed, and what is live."""
        values = [
            # From placeholder to billed.
            (r.git_branch, *r[14:18], *r.counters, r.cost, r.stream, r.turn)
            for r in rows
        ]
        cursor.executemany(self._share, values)

    def one(self, cursor: Any, stream: int, turn: int) -> Response | None:
        """A response of a stream."""
        cursor.execute(self._one, (stream, turn))
        row = cursor.fetchone()
        return Response.of(row) if row is not None else None

    def copies(self, cursor: Any, keys: Sequence[bytes]) -> list[Copy]:
        """Every copy of some responses. Nobody else changes them until the transaction ends.

        Args:
            keys: sorted, so that two who want the same wait for one another in turn.
        """
        if self._waits:
            # A statement of its own: what waits sees the log as it was before it waited.
            many = len(keys) > MOST_LOCKS
            numbers = [int.from_bytes(key[:8], "big", signed=True) for key in keys]
            cursor.execute(_LOCK_ALL if many else _LOCK, () if many else (numbers,))
        found = []
        for start in range(0, len(keys), SIZES[-1]):
            chunk = keys[start : start + SIZES[-1]]
            size = next(size for size in SIZES if size >= len(chunk))
            cursor.execute(self._copies[size], (*chunk, *[chunk[-1]] * (size - len(chunk))))
            for row in cursor.fetchall():
                name, project, user, subpath, counted = row[-5:]
                holder = Holder(name, project, user, subpath is not None, bool(counted))
                found.append(Copy(Response.of(row), holder))
        return found

    def groups(self, cursor: Any, stream: int) -> dict[bytes, list[Copy]]:
        """Every copy of all responses of a stream, by key."""
        found: dict[bytes, list[Copy]] = {row.key: [] for row in self.of_stream(cursor, stream)}
        for copy in self.copies(cursor, sorted(found)) if found else ():
            found[copy.response.key].append(copy)
        return found

    def lock_sessions(self, cursor: Any, streams: Iterable[int]) -> None:
        """Before the rows of other sessions change: in one order, whoever changes them."""
        if self._waits:
            cursor.execute(self._lock_sessions, (sorted(streams),))

    def of_stream(self, cursor: Any, stream: int) -> list[Response]:
        """All responses of a stream."""
        cursor.execute(self._of_stream, (stream,))
        return [Response.of(row) for row in cursor.fetchall()]

    def of_name(self, cursor: Any, name: str) -> list[Response]:
        """All responses of the stream with a text id."""
        cursor.execute(self._of_name, (name,))
        return [Response.of(row) for row in cursor.fetchall()]
