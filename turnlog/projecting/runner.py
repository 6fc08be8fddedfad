"""Keeping read models caught up for as long as a process runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, Self

from ..adapters.storage.contract.store import Store
from ..domain.errors import CannotFold, LeaseLost, NotCaughtUp, StorageError
from ..projections.engine.registry import Registration
from .catching_up import fold_on, is_current
from .leasing import SECONDS, Lease, holder_name
from .rebuilding import rebuild_one
from .standings import last_position, standing

PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds before each new try of what failed; the last one for ever after."""
LOOK_EVERY = 1.0
"""Seconds between looks at who holds a lease, and at whether to stop."""
_log = logging.getLogger("turnlog")


@dataclass
class _Kept:
    """A read model, and how it goes with it."""

    registration: Registration
    lease: Lease | None = None
    renewed: float = 0.0
    failures: int = 0
    again: float = 0.0
    """When it is tried again, on the monotonic clock."""
    problem: str | None = field(default=None)

    def failed(self, problem: Exception) -> None:
        """Try again later, and later each time."""
        pause = PAUSES[min(self.failures, len(PAUSES) - 1)]
        self.failures += 1
        self.again = time.monotonic() + pause
        if str(problem) != self.problem:  # once, however often it is tried again
            _log.warning("%s; trying again, now and then", problem)
        self.problem = str(problem)

    def let_go(self) -> None:
        """Hold it no longer."""
        if self.lease is not None:
            try:
                self.lease.release()
            except StorageError as problem:  # it runs out by itself
                _log.info("%s", problem)
        self.lease = None

    def went_well(self) -> None:
        """What failed is past."""
        self.failures, self.again, self.problem = 0, 0.0, None


class Runner:
    """Catches read models up whenever there is something new.

    It shares the work with runners of other processes: each read model is folded by the one that
    holds its lease, and taken over when he ends without a word.
    """

    def __init__(self, store: Store, registrations: Iterable[Registration]) -> None:
        self._store = store
        self._kept = [_Kept(registration) for registration in registrations]
        self._holder = holder_name()

    def run(self, stop: Callable[[], bool]) -> None:
        """Catch up, wait for news, catch up, until told to stop (asked every second)."""
        try:
            while not stop():
                seen = 0
                try:
                    seen = last_position(self._store)
                    for kept in self._kept:
                        self._look_after(kept, seen, stop)
                    self._store.wait(seen, LOOK_EVERY)
                except StorageError as problem:
                    _log.warning("%s; trying again, now and then", problem)
                    _rest(PAUSES[1], stop)
        finally:
            self._let_go()

    def _look_after(self, kept: _Kept, upto: int, stop: Callable[[], bool]) -> None:
        if time.monotonic() < kept.again or stop():
            return
        try:
            self._bring(kept, upto, stop)
        except LeaseLost as problem:
            _log.info("%s", problem)
            kept.let_go()
        except (CannotFold, NotCaughtUp, StorageError) as problem:
            kept.failed(problem)
        else:
            kept.went_well()

    def _bring(self, kept: _Kept, upto: int, stop: Callable[[], bool]) -> None:
        registration = kept.registration
        row = standing(self._store, registration.name)
        if row.version != registration.version:
            rebuild_one(self._store, registration, lambda *_: None, anew=False)
            return
        if registration.lifecycle == "inline" and is_current(registration, row, upto):
            return
        if kept.lease is None:
            kept.lease = Lease.take(self._store, registration.name, self._holder)
            if kept.lease is None:
                return
        if is_current(registration, row, upto):
            if time.monotonic() - kept.renewed > SECONDS / 3:
                kept.lease.renew()
                kept.renewed = time.monotonic()
            return
        fold_on(self._store, registration, kept.lease, upto, stop)
        kept.renewed = time.monotonic()

    def _let_go(self) -> None:
        for kept in self._kept:
            kept.let_go()


class Runs(Protocol):
    """What goes on until it is told to stop."""

    def run(self, stop: Callable[[], bool]) -> None:
        """Go on; ``stop`` is asked at least every second."""


class Background:
    """A runner in a thread of its own."""

    def __init__(self, runner: Runs, name: str = "turnlog-projections") -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=runner.run, args=(self._stop.is_set,), name=name, daemon=True
        )
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End it, after what it is at."""
        self._stop.set()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _rest(seconds: float, stop: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not stop():
        time.sleep(0.05)
