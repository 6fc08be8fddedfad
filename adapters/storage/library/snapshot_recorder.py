"""Snapshots that the eventsourcing library takes of its aggregates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import AggregateRecorder, StoredEvent

from ..encryption.aes import Place
from ..encryption.cipher import place as bound
from ..sql.schema import FOREVER
from ..sql.transaction import SqlTransaction
from .errors import VersionTaken
from .store import LibraryStore, TurnlogRecorder
from .stream_names import IdType, stream_name


class TurnlogSnapshotRecorder(TurnlogRecorder, AggregateRecorder):
    """Keeps snapshots of any versions, in a table of their own: they are no events."""

    def __init__(
        self,
        store: LibraryStore,
        id_type: IdType = IdType.UUID,
        purpose: str = "snapshots",
    ) -> None:
        """Keep snapshots in a store.

        Args:
            purpose: what they are for; each purpose has its own.
        """
        super().__init__(store, id_type)
        self._purpose = purpose

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        """Keep snapshots, all or none.

        Raises:
            VersionTaken: there is one of that version.
            NotForTheLog: an id of the wrong sort.
        """
        if not stored_events:
            return

        def work(transaction: SqlTransaction) -> None:
            for stored in stored_events:
                name = stream_name(stored.originator_id, self.id_type)
                place = (self._purpose, name, stored.originator_version)
                cipher = transaction.codec.cipher
                if cipher.encrypted:
                    cipher.begin(name)
                state = cipher.seal(name, bound_to(*place), stored.state)
                transaction.cursor.execute(self.sql.add_snapshot, (*place, stored.topic, state))
                if transaction.cursor.fetchone() is None:
                    raise VersionTaken(
                        f"there is a snapshot of {stored.originator_id} at version "
                        f"{stored.originator_version}"
                    )

        self.write(work)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The snapshots of an aggregate by version."""
        statement = self.sql.snapshots_backwards if desc else self.sql.snapshots
        place = self._purpose, stream_name(originator_id, self.id_type)
        bounds = (-1 if gt is None else gt, FOREVER if lte is None else lte)
        with self.read() as reader:
            reader.cursor.execute(statement, (*place, *bounds, FOREVER if limit is None else limit))
            found = reader.cursor.fetchall()
            opened = reader.codec.cipher.open
        return [
            StoredEvent(
                originator_id, version, topic, opened(bound_to(*place, version), bytes(state))
            )
            for version, topic, state in found
        ]


def bound_to(purpose: str, name: str, version: int) -> Place:
    """What a snapshot is bound to, where it is encrypted."""
    return bound("snapshot of the library", purpose, name, version)
