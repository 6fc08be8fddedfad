"""What is asked of every store that is measured, ours and the peers' alike."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeVar

from .workload import Entry

Batches = list[list[Entry]]
Sessions = Iterable[tuple[str, list[Entry]]]


T = TypeVar("T")


class Store(Protocol):
    """Sessions in one database."""

    def append(self, session_id: str, entries: list[Entry]) -> None:
        """Record `entries`; they are durable when it returns, if the store can make them so."""

    def append_together(self, work: Mapping[str, Batches]) -> None:
        """Append to all the sessions at once, each its batches one after the other."""

    def load(self, session_id: str) -> list[Entry]:
        """All the entries of a session, in order."""

    def newest(self, limit: int) -> int:
        """List the newest sessions; gives how many came."""

    def fill(self, sessions: Sessions) -> None:
        """Record many small sessions, as fast as the store allows; not timed."""

    def close(self) -> None:
        """Release the database."""


def in_threads(append: Callable[[str, T], None], work: Mapping[str, list[T]]) -> None:
    """Append with one thread a session, all let go at once.

    Raises:
        BaseException: the first error of a thread, after all have ended.
    """
    gate = threading.Barrier(len(work))
    errors: list[BaseException] = []

    def run(session_id: str, batches: list[T]) -> None:
        try:
            gate.wait()
            for batch in batches:
                append(session_id, batch)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=item) for item in work.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
