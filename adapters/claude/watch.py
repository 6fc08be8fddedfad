"""Watching a configuration directory: which of its files are new, or have changed.

By looking again and again, which works on every system and file system; a look at ten thousand
files takes a tenth of a second.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import FrameType
from typing import Any

from .directory import NotAClaudeDirectory, PathNotFound, PathNotReadable, survey
from .found import Found, SideFile, Skipped

AT_MOST = 0.1
"""The part of the time that is spent on looking: a directory that takes long is looked at less."""

_STEP = 0.1


class Changes:
    """What changes in a path."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = path
        self._seen: dict[Path, object] = {}
        self._took = 0.0

    def first(self) -> list[Found]:
        """All that lies there.

        Raises:
            PathNotFound, PathNotReadable, NotAClaudeDirectory: as ``survey``.
        """
        began = time.monotonic()
        found = list(survey(self.path))
        self._took = time.monotonic() - began
        self._seen = {f.path: _look(f) for f in found}
        return found

    def next(self) -> list[Found]:
        """What is new or has changed since the last look; nothing while the path is away."""
        before = self._seen
        try:
            found = self.first()
        except (PathNotFound, PathNotReadable, NotAClaudeDirectory):
            return []
        return [f for f in found if before.get(f.path) != _look(f)]

    def wait(self, every: float, stop: Callable[[], bool]) -> bool:
        """Wait until it is time for the next look; whether there is to be one."""
        until = time.monotonic() + max(every, self._took / AT_MOST)
        while not stop():
            left = until - time.monotonic()
            if left <= 0:
                return True
            time.sleep(min(left, _STEP))
        return False


def _look(found: Found) -> object:
    if isinstance(found, Skipped):
        return found.reason
    if isinstance(found, SideFile):
        return found.size, found.mtime_ns
    return found.size, found.mtime_ns, found.inode


@contextmanager
def until_signalled() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether SIGINT or SIGTERM has come, and takes them meanwhile.

    A second signal does what it did before. Only for the main thread.
    """
    stopped = threading.Event()
    before: dict[signal.Signals, Any] = {}

    def stop(number: int, _: FrameType | None) -> None:
        stopped.set()
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, stop)
    try:
        yield stopped.is_set
    finally:
        restore()
