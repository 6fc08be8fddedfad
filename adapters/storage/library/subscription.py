"""Following an application's sequence through the eventsourcing library."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eventsourcing.persistence import Notification, Subscription

from .errors import library_errors

if TYPE_CHECKING:
    from .recorder import TurnlogApplicationRecorder

_AT_ONCE = 500
STOPS_WITHIN = 0.25
"""Seconds after which a subscription that waits has noticed that it was stopped."""


class TurnlogSubscription(Subscription["TurnlogApplicationRecorder"]):
    """What is there after a position, then what comes, until it is stopped.

    It looks before it waits, and never waits without a limit: what was committed in between is
    seen at the next look, whether or not anybody was told.
    """

    def __init__(
        self,
        recorder: TurnlogApplicationRecorder,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._scanned = gt or 0
        self._found: deque[Notification] = deque()

    def __next__(self) -> Notification:
        """The next notification, as soon as there is one.

        Raises:
            StopIteration: the subscription was stopped.
            Unavailable: the log could not be read; the next call tries again.
        """
        while not self._has_been_stopped:
            if self._found:
                return self._found.popleft()
            found, self._scanned = self._recorder.scan(self._scanned, _AT_ONCE, topics=self._topics)
            self._found.extend(found)
            if not found:
                with library_errors():
                    self._recorder.store.wait(self._scanned, STOPS_WITHIN)
        raise StopIteration
