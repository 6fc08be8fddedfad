"""What is live in a stream: its lineage, but for what the CLI itself went back behind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Dialect, bindparam, select

from ...domain.events import TranscriptForked
from ...domain.lineage import Lineage, keeps
from ...domain.session import SessionState
from ..prepared import inserting, prepare
from .response import Response, Told, taken_number
from .responses import ResponseTable
from .tables import SessionTables


class Departure(NamedTuple):
    """The CLI went back in its own tree: the prompt at ``child`` hangs on ``at``."""

    child: int
    at: int
    branch: int


class Line:
    """The lineage of a stream's head."""

    def __init__(
        self, state: SessionState, departures: Iterable[tuple[str | None, Departure]]
    ) -> None:
        self._lineage = state.lineage
        self._left = [
            (origin, departure)
            for origin, departure in departures
            if on(self._lineage, origin, departure.branch, departure.child)
        ]

    def holds(self, row: Response) -> bool:
        """Whether a response is live in its stream."""
        return self.has(row.origin, row.branch, row.place, row.late)

    def has(self, origin: str | None, branch: int, place: int, late: int) -> bool:
        """Whether what lies there is live.

        Args:
            origin: the other stream it lies in, where a fork took it over.
            late: the version that recorded it, where it came late and stands elsewhere; else 0.
        """
        if not on(self._lineage, origin, branch, place, late):
            return False
        # What the entry at the fork itself used stands right behind it, or behind its gap.
        return not any(
            of == origin and departure.at + 2 < place < departure.child
            for of, departure in self._left
        )


def on(lineage: Lineage, origin: str | None, branch: int, place: int, late: int = 0) -> bool:
    """Whether a place is on a lineage."""
    return any(
        segment.branch == branch and segment.stream == origin and keeps(segment, place, late)
        for segment in lineage
    )


class Lines:
    """What is kept to know them: the departures."""

    def __init__(self, dialect: Dialect, tables: SessionTables, responses: ResponseTable) -> None:
        self._responses = responses
        departures, sessions = tables.departures, tables.sessions
        self._insert = inserting(dialect, departures)
        d = departures.c
        self._of = prepare(
            dialect,
            select(d.child, d.at, d.branch)
            .join_from(departures, sessions, d.stream == sessions.c.stream)
            .where(sessions.c.name == bindparam("name"))
            .order_by(d.child),
            "name",
        )

    def depart(self, cursor: Any, stream: int, events: Sequence[TranscriptForked]) -> None:
        """Keep what the CLI left behind."""
        rows = [(stream, event.child, event.at, event.branch) for event in events]
        cursor.executemany(self._insert, rows)

    def line(self, cursor: Any, state: SessionState) -> Line:
        """What is live in a stream at a state."""
        origins = {segment.stream for segment in state.lineage if segment.stream is not None}
        found: list[tuple[str | None, Departure]] = []
        for origin in (None, *sorted(origins)):
            cursor.execute(self._of, (origin or state.key.stream_id,))
            found += [(origin, Departure._make(row)) for row in cursor.fetchall()]
        return Line(state, found)

    def taken_over(self, cursor: Any, stream: int, state: SessionState) -> list[Response]:
        """The responses in what a fork took over, as copies of its own."""
        line = self.line(cursor, state)
        found: list[Response] = []
        for segment in state.base:
            assert segment.stream is not None, "a fork takes over what lies in other streams"
            for row in self._responses.of_name(cursor, segment.stream):
                there = on((segment,), segment.stream, row.branch, row.place, row.late)
                if row.told in (Told.TAKEN, Told.CLAIM) or not there:
                    continue
                row = row._replace(
                    stream=stream,
                    turn=taken_number(len(found)),
                    git_branch=None,
                    origin=segment.stream,
                    native=0,
                    told=Told.TAKEN,
                    billed=0,
                )
                found.append(row._replace(live=int(line.holds(row))))
        return found
