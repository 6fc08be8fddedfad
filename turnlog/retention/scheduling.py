"""A clean-up now and then, for as long as a process runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from ..domain.errors import LeaseLost, Refused, TurnlogError
from .policy import AlreadyCleaning, CleanUp

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=366)
AGAIN = 300.0
"""Seconds after which one that failed is tried again."""
_LOOK_EVERY = 0.5
_log = logging.getLogger("turnlog")


def interval(every: timedelta) -> float:
    """The seconds between two clean-ups.

    Raises:
        Refused: it is too short, or too long.
    """
    if not SHORTEST <= every <= LONGEST:
        raise Refused(f"the log is cleaned up every minute at the most, got {every}")
    return every.total_seconds()


class Schedule:
    """Cleans up at once, and then again and again.

    What time of day it is does not matter: the pause is measured by a clock that never goes back.
    Of several processes one cleans up at a time, the others pass; what another has done is not due
    any more.
    """

    def __init__(
        self,
        collect: Callable[[], CleanUp],
        every: timedelta,
        on_done: Callable[[CleanUp], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._collect = collect
        self._every = interval(every)
        self._on_done = on_done
        self._clock = clock

    def run(self, stop: Callable[[], bool]) -> None:
        """Go on until told to stop, which is asked twice a second."""
        due = self._clock()
        while not stop():
            if self._clock() >= due:
                pause = self._once()
                due = self._clock() + pause
            time.sleep(_LOOK_EVERY)

    def _once(self) -> float:
        """Clean up; gives the seconds until the next time."""
        try:
            done = self._collect()
        except (AlreadyCleaning, LeaseLost) as problem:
            _log.info("%s", problem)
        except (TurnlogError, OSError) as problem:
            _log.warning("the clean-up failed: %s; trying again, now and then", problem)
            return min(self._every, AGAIN)
        else:
            if self._on_done is not None:
                self._on_done(done)
        return self._every
