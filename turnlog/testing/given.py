"""Given these events, when these happen, then the rows are those."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..domain.entry import message_identity
from ..domain.errors import Refused
from ..domain.events import SessionEvent, UsageRecorded
from ..domain.keys import SessionKey
from ..domain.recorded import Recorded
from ..projections.engine.projection import Projection
from .sandbox import Sandbox

Happened = SessionEvent | Recorded
AT = 1_767_225_600_000
"""When what is not given a time was recorded: 2026-01-01 in UTC, as milliseconds since 1970."""


def recorded(
    *events: SessionEvent,
    session: str = "session",
    project: str = "project",
    subpath: str | None = None,
    at: int = AT,
) -> list[Recorded]:
    """Events of one session, recorded together; ``given`` finds their place in the log.

    Args:
        session: the session's id.
        project: the project's key.
        subpath: of a subagent's stream.
        at: milliseconds since 1970 UTC.
    """
    stream = SessionKey.of(SessionKey(project, session, subpath)).stream_id
    return [Recorded(0, stream, 0, event.TOPIC, at, _known(event)) for event in events]


def given(events: Iterable[Happened]) -> Given:
    """A log that holds these events.

    Args:
        events: in their order; those of a log as it gave them, those of ``recorded``, or plain
            ones, which then lie in one session.

    Raises:
        Refused: they are not in the order of their positions.
    """
    return Given().when(events)


class Given:
    """What happened so far, in one batch or several."""

    def __init__(self, batches: tuple[tuple[Recorded, ...], ...] = ()) -> None:
        self._batches = batches

    @property
    def events(self) -> list[Recorded]:
        """All of it, in order."""
        return [recorded for batch in self._batches for recorded in batch]

    def when(self, events: Iterable[Happened]) -> Given:
        """The same, and then these events, folded as a batch of their own.

        Raises:
            Refused: they are not in the order of their positions.
        """
        return Given((*self._batches, tuple(_placed(self.events, events))))

    def rows(self, projection: type[Projection], table: str | None = None) -> list[dict[str, Any]]:
        """What a projection makes of it: the rows of a table, by key.

        Args:
            table: its name; without one, the projection's only table.

        Raises:
            InvalidProjection: it cannot be kept as a projection.
            Refused: it has no such table.
            Exception: what its fold raises.
        """
        with Sandbox(projection) as sandbox:
            for batch in self._batches:
                sandbox.fold(sandbox.read(batch))
            tables = sandbox.tables()
        if table is None and len(tables) == 1:
            [table] = tables
        if table not in tables:
            raise Refused(
                f"{projection.__name__} has no table {table!r}; name one of {', '.join(tables)}"
            )
        return tables[table]


def _placed(before: list[Recorded], events: Iterable[Happened]) -> list[Recorded]:
    last = before[-1].position if before else 0
    versions = {recorded.stream: recorded.version for recorded in before}
    placed: list[Recorded] = []
    for happened in events:
        one = happened if isinstance(happened, Recorded) else recorded(happened)[0]
        if one.position == 0:
            one = one._replace(position=last + 1, version=versions.get(one.stream, 0) + 1)
        if one.position <= last:
            raise Refused(
                f"the event at position {one.position} comes after the one at {last}; give events "
                "in the order of the log"
            )
        last, versions[one.stream] = one.position, one.version
        placed.append(one)
    return placed


def _known(event: SessionEvent) -> SessionEvent:
    # The log keeps a response's id as the event's identity alone.
    if isinstance(event, UsageRecorded) and event.message_id and event.identity is None:
        return event.model_copy(update={"identity": message_identity(event.message_id)})
    return event
