"""Each response once: its best counters, its price, who owns it, and whether it is live.

A response is known by its message id and request id. Copies of it (forks, background sessions)
lie in other streams; one of them owns it and is billed, whatever order they arrived in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from operator import add, sub
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Table, and_, bindparam, func, literal_column, select

from ...domain.events import UsageRecorded
from ...domain.prices import price
from ...domain.session import SessionState
from ...domain.usage import Usage
from ..prepared import prepare
from ..printable import printable
from .tables import COUNTERS, SUMS, SessionTables


class Response(NamedTuple):
    """A row of ``responses``."""

    stream: int
    turn: int
    key: bytes
    model: str | None
    at: int | None
    branch: int
    place: int
    late: int
    native: int
    fast: int
    placeholder: int
    forked_off: int
    live: int
    billed: int
    counters: Usage
    cost: int | None

    def row(self) -> tuple[Any, ...]:
        """The values in the table's order."""
        return (*self[:14], *self.counters, self.cost)

    @classmethod
    def of(cls, row: Any) -> Response:
        """A row as it was read."""
        return cls._make((*row[:14], Usage(*row[14:20]), row[20]))

    def priced(self, counters: Usage) -> Response:
        """The same response with other counters, and their cost in nano-dollars."""
        cost = None
        if self.model is not None:
            cost = price(self.model, self.at, counters, fast=bool(self.fast))
        return self._replace(counters=counters, cost=cost)

    def sums(self) -> tuple[int, ...]:
        """What it adds to a sum."""
        return (*self.counters, self.cost or 0, int(self.cost is None))


class Copy(NamedTuple):
    """A response in one of the streams that hold it."""

    response: Response
    name: str
    """The stream's text id."""


NO_SUMS = (0,) * len(SUMS)

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


def plus(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Add sums, field by field."""
    return tuple(map(add, a, b))


def minus(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """What one sum has beyond another, field by field."""
    return tuple(map(sub, a, b))


def response_key(event: UsageRecorded, session_id: str) -> bytes:
    """By what a response is known in every copy: message id and request id, else session id."""
    parts = (event.message_id or "", event.request_id or "/" + session_id)
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=12).digest()


class ResponseTable:
    """The statements on the table of responses."""

    def __init__(self, dialect: Dialect, tables: SessionTables) -> None:
        self._dialect = dialect
        self._tables = tables
        self._lock_sessions = _LOCK_SESSIONS.format(tables.sessions.name)
        responses = tables.responses
        t = responses.c
        columns = [c.name for c in responses.columns]
        values: dict[str, Any] = {name: bindparam(name) for name in columns}
        self._insert = prepare(dialect, responses.insert().values(values), *columns)
        rest = [name for name in columns if name not in ("stream", "turn")]
        self._update = prepare(
            dialect,
            responses.update()
            .where(t.stream == bindparam("of_stream"), t.turn == bindparam("of_turn"))
            .values({name: bindparam(name) for name in rest}),
            *rest,
            "of_stream",
            "of_turn",
        )
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
        shared = ("billed", *COUNTERS, "cost")
        self._share = self._narrow(shared)
        self._revive = self._narrow(("forked_off", "live"))
        self._copies = {size: self._select_copies(size) for size in SIZES}
        self._waits = dialect.name == "postgresql"
        # Written out: a bound 0 would be one more parameter to pass.
        zero: Any = literal_column("0")
        added: list[Any] = [func.coalesce(func.sum(t[name]), zero) for name in COUNTERS]
        added.append(func.coalesce(func.sum(t.cost), zero))
        added.append(func.count() - func.count(t.cost))
        self._sums = {
            flag: prepare(
                dialect,
                select(*added).where(
                    and_(t.stream == bindparam("stream"), t[flag] == bindparam("f"))
                ),
                *_order(dialect, responses, added, flag),
            )
            for flag in ("billed", "live")
        }

    def insert(self, cursor: Any, rows: Iterable[Response]) -> None:
        """Add responses."""
        cursor.executemany(self._insert, [row.row() for row in rows])

    def update(self, cursor: Any, rows: Iterable[Response]) -> None:
        """Write responses again."""
        cursor.executemany(self._update, [(*row.row()[2:], row.stream, row.turn) for row in rows])

    def one(self, cursor: Any, stream: int, turn: int) -> Response | None:
        """A response of a stream."""
        cursor.execute(self._one, (stream, turn))
        row = cursor.fetchone()
        return Response.of(row) if row is not None else None

    def _narrow(self, names: Sequence[str]) -> str:
        responses = self._tables.responses
        t = responses.c
        statement = (
            responses.update()
            .where(t.stream == bindparam("of_stream"), t.turn == bindparam("of_turn"))
            .values({name: bindparam(name) for name in names})
        )
        return prepare(self._dialect, statement, *names, "of_stream", "of_turn")

    def _select_copies(self, size: int) -> str:
        names = [f"k{n}" for n in range(size)]
        responses, sessions = self._tables.responses, self._tables.sessions
        statement = (
            select(responses, sessions.c.name)
            .join_from(responses, sessions, responses.c.stream == sessions.c.stream)
            .where(responses.c.key.in_([bindparam(name) for name in names]))
        )
        return prepare(self._dialect, statement, *names)

    def share(self, cursor: Any, rows: Iterable[Response]) -> None:
        """Write what copies have in common: the counters, their cost, and who is billed."""
        values = [(r.billed, *r.counters, r.cost, r.stream, r.turn) for r in rows]
        cursor.executemany(self._share, values)

    def revive(self, cursor: Any, rows: Iterable[Response]) -> None:
        """Write whether responses are live."""
        cursor.executemany(self._revive, [(r.forked_off, r.live, r.stream, r.turn) for r in rows])

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
            found += [Copy(Response.of(row), row[-1]) for row in cursor.fetchall()]
        return found

    def lock_sessions(self, cursor: Any, streams: Iterable[int]) -> None:
        """Before sums are added up again: who adds to them meanwhile waits, or is waited for."""
        if self._waits:
            cursor.execute(self._lock_sessions, (sorted(streams),))

    def of_stream(self, cursor: Any, stream: int) -> list[Response]:
        """All responses of a stream."""
        cursor.execute(self._of_stream, (stream,))
        return [Response.of(row) for row in cursor.fetchall()]

    def sums(self, cursor: Any, stream: int, flag: str) -> tuple[int, ...]:
        """What a stream's billed or live responses add up to."""
        cursor.execute(self._sums[flag], (stream, 1))
        return tuple(int(value) for value in cursor.fetchone())


def _order(dialect: Dialect, responses: Table, added: list[Any], flag: str) -> tuple[str, ...]:
    statement = select(*added).where(
        and_(responses.c.stream == bindparam("stream"), responses.c[flag] == bindparam("f"))
    )
    compiled: Any = statement.compile(dialect=dialect)
    return tuple(compiled.positiontup or ())


def first_seen(
    event: UsageRecorded, stream: int, version: int, session_id: str, state: SessionState
) -> Response:
    """A response of which nothing was recorded in this stream before."""
    late = event.place is not None
    place = event.place if event.place is not None else version
    return Response(
        stream,
        event.turn or 0,
        response_key(event, session_id),
        printable(event.model),
        event.occurred_at,
        event.branch,
        place,
        int(late),
        int(event.native and state.forked_from is None),
        int(event.fast),
        0,
        0,
        int(state.is_live(event.branch, place, late)),
        1,
        Usage(),
        None,
    )
