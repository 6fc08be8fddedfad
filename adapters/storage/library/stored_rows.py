"""Rows of the log as stored events of the eventsourcing library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from eventsourcing.persistence import Notification, StoredEvent

from ....domain.errors import DamagedEvent
from ..encoding.blocks import Block
from ..encoding.rows import Row
from ..sql.reader import SqlReader
from ..sql.schema import FOREIGN
from .event_state import frame
from .stream_names import originator_id


@dataclass(frozen=True)
class SessionStoredEvent(StoredEvent):
    """A stored event of a session."""

    recorded_at: int
    """Milliseconds since 1970 UTC, by the store's clock."""


@dataclass(frozen=True)
class SessionNotification(Notification):
    """A notification of a session's event."""

    recorded_at: int
    """Milliseconds since 1970 UTC, by the store's clock."""


class StoredRow(NamedTuple):
    """An event with its body, as it is stored."""

    name: str
    """Of its stream."""
    position: int
    version: int
    topic: str
    recorded_at: int
    row: Row
    body: bytes | None

    @property
    def state(self) -> bytes:
        """The state that the library was given, or would have been.

        Raises:
            DamagedEvent: the bytes are missing.
        """
        if not self.name.startswith(FOREIGN):
            return frame(self.row, self.body)
        if self.body is None:
            raise DamagedEvent(
                f"the state of {originator_id(self.name)} at version {self.version} is missing"
            )
        return self.body

    def event(self) -> StoredEvent:
        """For an aggregate's sequence."""
        given = (originator_id(self.name), self.version, self.topic, self.state)
        if self.name.startswith(FOREIGN):
            return StoredEvent(*given)
        return SessionStoredEvent(*given, recorded_at=self.recorded_at)

    def notification(self) -> Notification:
        """For an application's sequence."""
        given = (originator_id(self.name), self.version, self.topic, self.state)
        if self.name.startswith(FOREIGN):
            return Notification(*given, id=self.position)
        return SessionNotification(*given, id=self.position, recorded_at=self.recorded_at)


def read_rows(reader: SqlReader, statement: str, parameters: Sequence[object]) -> list[StoredRow]:
    """Run a statement of ``RecorderStatements``, and read the bodies of what it finds."""
    reader.cursor.execute(statement, tuple(parameters))
    found: list[Any] = reader.cursor.fetchall()
    versions: dict[int, list[int]] = {}
    for _, _, stream, version, *_ in found:
        versions.setdefault(stream, []).append(version)
    bodies = {
        (stream, body.version): body.data
        for stream, numbers in versions.items()
        for row in reader.blocks_between(stream, min(numbers), max(numbers))
        for body in reader.codec.bodies(Block._make(row))
    }
    return [
        StoredRow(
            name,
            position,
            version,
            reader.topic(topic),
            recorded_at,
            Row.stored(columns),
            bodies.get((stream, version)),
        )
        for name, position, stream, version, topic, recorded_at, *columns in found
    ]
