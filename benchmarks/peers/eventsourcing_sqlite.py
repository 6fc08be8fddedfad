"""The eventsourcing library with its own SQLite module."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from ..store import Batches, Sessions, in_threads
from ..workload import Entry
from .peer import Limits, Peer


class Conversation(Aggregate):
    """A session as the library's own aggregate: one event an entry."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    @event("Recorded")
    def record(self, entry: Entry) -> None:
        self.entries.append(entry)


class EventsourcingSQLite(Peer):
    name = "eventsourcing SQLite"
    package = "eventsourcing"
    notes = (
        "One event an entry, one `save` an append, JSON transcoding, no compression; the aggregate "
        "stays in memory between appends. Its own write-ahead log, synchronous=FULL. Load: "
        "`repository.get`, which folds the events. No list of sessions."
    )
    limits = Limits(listed=0)
    compressor: ClassVar[dict[str, str]] = {}

    def __init__(self, directory: Path) -> None:
        database = f"file:{directory / 'eventsourcing.db'}"
        self._application: Application[UUID] = Application(
            {
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": database,
                "SQLITE_LOCK_TIMEOUT": "60",
                **self.compressor,
            }
        )
        self._conversations: dict[str, Conversation] = {}

    def append(self, session_id: str, entries: list[Entry]) -> None:
        conversation = self._conversations.get(session_id)
        if conversation is None:
            conversation = self._conversations[session_id] = Conversation()
        for entry in entries:
            conversation.record(entry=entry)
        self._application.save(conversation)

    def append_together(self, work: Mapping[str, Batches]) -> None:
        in_threads(self.append, work)

    def load(self, session_id: str) -> list[Entry]:
        conversation: Any = self._application.repository.get(self._conversations[session_id].id)
        return list(conversation.entries)

    def newest(self, limit: int) -> int:
        raise NotImplementedError

    def fill(self, sessions: Sessions) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self._application.close()


class EventsourcingCompressed(EventsourcingSQLite):
    name = "eventsourcing SQLite, zlib"
    notes = "The same with the library's zlib compressor."
    compressor: ClassVar[dict[str, str]] = {"COMPRESSOR_TOPIC": "zlib"}
