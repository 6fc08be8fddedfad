"""How far the eventsourcing library's projections have come, beside the tables they fill."""

from __future__ import annotations

from eventsourcing.persistence import Tracking, TrackingRecorder

from ..sql.transaction import SqlTransaction
from .errors import VersionTaken
from .store import TurnlogRecorder


class TurnlogTrackingRecorder(TurnlogRecorder, TrackingRecorder):
    """Keeps one mark for each application that is followed.

    A view derives from it, and writes its tables and its mark in one transaction::

        self.write(lambda transaction: (self.track(transaction, tracking), …))
    """

    def insert_tracking(self, tracking: Tracking) -> None:
        """Move a mark.

        Raises:
            VersionTaken: it stands there already, or further.
        """
        self.write(lambda transaction: self.track(transaction, tracking))

    def track(self, transaction: SqlTransaction, tracking: Tracking) -> None:
        """Move a mark in a transaction that writes something else too.

        Raises:
            VersionTaken: it stands there already, or further.
        """
        mark = (tracking.application_name, tracking.notification_id)
        transaction.cursor.execute(self.sql.track, mark)
        if transaction.cursor.fetchone() is None:
            raise VersionTaken(
                f"event {tracking.notification_id} of {tracking.application_name!r} was processed "
                "before, or a later one was"
            )

    def max_tracking_id(self, application_name: str) -> int | None:
        """Where an application's mark stands; None where it has none."""
        with self.read() as reader:
            reader.cursor.execute(self.sql.tracked, (application_name,))
            found = reader.cursor.fetchone()
        return None if found is None else int(found[0])
