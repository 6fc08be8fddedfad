"""Whose turn it is to write: appends that wait together share one commit.

Who finds nobody writing leads: it writes its own work and that of whoever came meanwhile, and then
hands on to the first that still waits. Those whose work is done go on at once; they never wait
behind a commit that is not theirs.

A leader that knows of others on their way lets them come first. Otherwise, of many that append one
after the other, those whom a commit let go would meet the next one again and again too late, and
most commits would carry one or two.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

LARGEST_GROUP = 256
LONGEST_WAIT = 0.02
"""Seconds that a leader waits for others at the most, however long the last group took."""


class Turn:
    """One that wants to write."""

    def __init__(self, alone: bool = False) -> None:
        self.alone = alone
        self.done = False
        self._called = threading.Lock()
        self._called.acquire()

    def wait(self) -> None:
        """Sleep until it is done, or its turn to lead."""
        self._called.acquire()

    def call(self) -> None:
        """Wake it; it sleeps once at the most, and is called once."""
        self._called.release()


J = TypeVar("J", bound=Turn)


class Together(Generic[J]):
    """The line of those that wait, and who leads."""

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._complete = threading.Condition(self._gate)
        self._waiting: list[J] = []
        self._leader: J | None = None
        self._group: list[J] = []
        self._gathering = False
        self._crowd = 1
        """How many are expected: as many as were seen at once the last time."""
        self._patience = 0.0
        """Seconds; as long as the last group took, so that waiting in vain costs twice the time."""
        self._began = 0.0

    @contextmanager
    def turn(self, job: J) -> Iterator[bool]:
        """Wait for a turn; gives whether the job is to lead, because nobody did its work."""
        try:
            if not self._enter(job):
                job.wait()
            yield not job.done
        finally:
            self._leave(job)

    def _enter(self, job: J) -> bool:
        with self._gate:
            self._waiting.append(job)
            if self._leader is None:
                self._leader = job
                return True
            if self._gathering and len(self._waiting) >= self._crowd:
                self._complete.notify()
            return False

    def gather(self) -> list[J]:
        """Take the jobs of the next commit, the leader's first."""
        with self._gate:
            expected = min(self._crowd, LARGEST_GROUP) if not self._waiting[0].alone else 1
            if len(self._waiting) < expected:
                self._gathering = True
                self._complete.wait_for(lambda: len(self._waiting) >= expected, self._patience)
                self._gathering = False
            size = self._size()
            self._group = self._waiting[:size]
            del self._waiting[:size]
            self._began = time.monotonic()
            return self._group

    def _size(self) -> int:
        """How many of those that wait share the next commit.

        Who wants to be alone may change what is folded with the appends after him.
        """
        alone = next((n for n, job in enumerate(self._waiting) if job.alone), len(self._waiting))
        return min(max(alone, 1), LARGEST_GROUP)

    def _leave(self, job: J) -> None:
        with self._gate:
            if not job.done and job in self._waiting:  # interrupted: nobody wants it any more
                self._waiting.remove(job)
            if self._leader is not job:
                return
            group, self._group = self._group, []
            self._crowd = len(group) + len(self._waiting)
            self._patience = min(time.monotonic() - self._began, LONGEST_WAIT)
            self._waiting[:0] = [other for other in group if not other.done and other is not job]
            self._leader = self._waiting[0] if self._waiting else None
            if self._leader is not None:
                self._leader.call()
        for other in group:
            if other.done and other is not job:
                other.call()
