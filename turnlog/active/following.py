"""What keeps the list of active sessions in Redis at what the log says.

Redis is a projection that lies elsewhere: it has a position of its own, which changes with its
rows in one step. Whoever finds it behind brings it up to date, and where it is empty, far behind,
made of other tables or ahead of the log, it is made anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from ..adapters.redis.active import ActiveList, Row, Standing
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..domain.statuses import RESUMABLE
from ..projections.sessions import Filter, Session
from ..projections.sessions.tables import NAME
from ..reading.finding import Sessions, tables_in
from .rows import row_of

ASKED = Filter(status=RESUMABLE)
MOST = 5_000
"""Sessions that Redis holds; of older ones the database is asked."""
FAR = 10_000
"""Positions behind from which on the list is made anew."""
_AT_ONCE = 1_000
"""Events read in one look."""
_TRIES = 5
"""How often it is tried while others change the list."""


def _model(reader: Reader) -> str:
    """The live tables of the sessions, and where they stopped: other rows, if these are others."""
    stopped = reader.stale().get(NAME)
    return reader.live(NAME) + (f"@{stopped}" if stopped is not None else "")


def _mark(reader: Reader, position: int) -> str:
    """The chain at an event: another log, or one that was restored, has another there."""
    found = reader.hashed(position - 1, position, None, False)
    return "".join(event.chain.hex()[:16] for event in found)


class Follower:
    """Brings the list in Redis up to date."""

    def __init__(self, store: Store, active: ActiveList) -> None:
        self._store = store
        self._active = active
        self._sessions = Sessions(store)
        self._newest = 0, ""

    def now(self, reader: Reader) -> Standing:
        """How far Redis must have come to hold what the log says in a look at it."""
        position, newest = reader.last_position(), self._newest
        if position != newest[0]:
            newest = self._newest = position, _mark(reader, position)
        return Standing(position, _model(reader), newest[1])

    def catch_up(self) -> Standing | None:
        """Bring the list up to date.

        Returns:
            How far it has come; None where others kept changing it.

        Raises:
            Away: Redis does not answer.
            StorageError: the database does not.
        """
        for _ in range(_TRIES):
            standing = self._active.standing()
            with self._store.read() as reader:
                now = self.now(reader)
                follows = standing is not None and _follows(standing, now, reader)
            if standing is not None and standing == now:
                return standing
            made = self._follow(standing, now) if standing is not None and follows else None
            made = made or self._make_anew(standing)
            if made is not None:
                return made
        return None

    def make_anew(self) -> None:
        """Make the list of the log again, whatever it holds. Raises as ``catch_up`` does."""
        self._make_anew(self._active.standing())

    def _follow(self, standing: Standing, now: Standing) -> Standing | None:
        """Change the rows of what happened since; None where that cannot be told, or was done."""
        at, streams, mains = standing.position, set[int](), set[str]()
        while at < now.position:
            stretch = self._store.stretch(at, _AT_ONCE, None, "none")
            if stretch.problem is not None or stretch.upto <= at:
                return None
            at = stretch.upto
            streams.update(run.stream for run in stretch.runs)
            mains.update(run.key.main.stream_id for run in stretch.runs)
        with self._store.read() as reader:
            reached = Standing(at, _model(reader), _mark(reader, at))
            mains |= _concerned(reader, streams)
            found = self._sessions.among(reader, ASKED, sorted(mains))
            gone = _numbers(reader, mains) - {session.stream for session in found}
        if reached.model != standing.model:
            return None
        rows = [*map(_row, found), *map(Row, sorted(gone))]
        return reached if self._active.change(standing, reached, rows) else None

    def _make_anew(self, standing: Standing | None) -> Standing | None:
        with self._store.read() as reader:
            position = reader.last_position()
        self._store.settle()  # from here on nothing comes before that position
        with self._store.read() as reader:
            reached = Standing(position, _model(reader), _mark(reader, position))
            found = self._sessions.listed(reader, ASKED, MOST + 1)
        rows = map(_row, found[:MOST])
        done = self._active.make_anew(standing, reached, rows, newest=len(found) > MOST)
        return reached if done else None


def _follows(standing: Standing, now: Standing, reader: Reader) -> bool:
    """Whether what Redis holds is of this log, and not too long ago."""
    if standing.model != now.model or not 0 <= now.position - standing.position < FAR:
        return False
    return standing.mark == _mark(reader, standing.position)


def _concerned(reader: Reader, streams: set[int]) -> set[str]:
    """The sessions that hold copies of responses of some streams: what is billed may change."""
    tables = tables_in(reader)
    mine, other = tables.responses.alias(), tables.responses.alias()
    found: set[str] = set()
    for some in _portions(sorted(streams)):
        rows = reader.query(
            select(tables.sessions.c.main)
            .distinct()
            .select_from(mine)
            .join(other, other.c.key == mine.c.key)
            .join(tables.sessions, tables.sessions.c.stream == other.c.stream)
            .where(mine.c.stream.in_(some))
        )
        found.update(row[0] for row in rows)
    return found


def _numbers(reader: Reader, mains: set[str]) -> set[int]:
    """The streams of some sessions, by their numbers."""
    s = tables_in(reader).sessions.c
    found: set[int] = set()
    for some in _portions(sorted(mains)):
        found.update(row[0] for row in reader.query(select(s.stream).where(s.name.in_(some))))
    return found


def _portions(values: Sequence[int] | Sequence[str]) -> list[Sequence[int] | Sequence[str]]:
    return [values[at : at + _AT_ONCE] for at in range(0, len(values), _AT_ONCE)]


def _row(session: Session) -> Row:
    return Row(session.stream, session.active_at, row_of(session))
