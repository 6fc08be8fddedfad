"""Which sessions retention is about: those that fell silent, and those that ended long ago."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.sql.store import now as present
from ..domain.errors import Refused
from ..domain.keys import SessionKey
from ..domain.points import in_milliseconds
from ..domain.retention import ENDED
from ..projections.sessions import Session
from ..projections.sessions.due import PAGE, Last, ended, silent
from ..projections.sessions.tables import SessionTables
from ..reading.finding import tables_in

HOUR = 3_600_000
DAY = 24 * HOUR
"""Milliseconds."""
LONGEST = 36_600
"""Days of the greatest age that can be asked for."""
_Ask = Callable[[SessionTables, Last | None], Any]


def before(age: float, unit: int, now: datetime | None, name: str) -> int:
    """The time that an age ago was, in milliseconds since 1970 UTC.

    Raises:
        Refused: it is no age.
    """
    if not 0 <= age * unit <= LONGEST * DAY:  # what is no number compares as false
        raise Refused(f"{name} must lie between 0 and {LONGEST * DAY // unit:,}, got {age!r}")
    at = in_milliseconds(now) if now is not None else present()
    return at - int(age * unit)


def fell_silent(store: Store, since: int) -> Iterator[Session]:
    """The active sessions of which nothing was recorded since a time."""
    return _pages(store, lambda tables, after: silent(tables, since, after))


def ended_before(store: Store, since: int, presences: tuple[str, ...]) -> Iterator[Session]:
    """The sessions that ended, and of which nothing was recorded since a time."""
    return _pages(store, lambda tables, after: ended(tables, since, ENDED, presences, after))


def _pages(store: Store, ask: _Ask) -> Iterator[Session]:
    after: Last | None = None
    while True:
        with store.read() as reader:
            rows = [Session.of(row) for row in reader.query(ask(tables_in(reader), after))]
        yield from rows
        if len(rows) < PAGE:
            return
        after = rows[-1].recorded_at, rows[-1].stream


def is_younger(reader: Reader, keys: list[SessionKey], since: int) -> bool:
    """Whether something was recorded of a session since a time, as its streams say now."""
    streams = (reader.find(key) for key in keys)
    return any(stream is not None and stream.recorded_at >= since for stream in streams)
