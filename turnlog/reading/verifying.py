"""Verification: every header and every body against the hash chain of its stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..adapters.storage.contract import Store
from ..domain.errors import DamagedEvent, NotADatabase
from ..domain.keys import SessionKey


class Problem(NamedTuple):
    """The first thing that is wrong with a stream."""

    key: SessionKey
    version: int
    position: int | None
    what: str

    def __str__(self) -> str:
        where = f"{self.key.session_id}" + (f" ({self.key.subpath})" if self.key.subpath else "")
        return f"{where}, version {self.version}: {self.what}"


class Verified(NamedTuple):
    """What a verification looked at and found."""

    streams: int
    events: int
    problems: tuple[Problem, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was touched."""
        return not self.problems


def verify(
    store: Store,
    keys: list[SessionKey] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Verified:
    """Check streams against their hash chains.

    Args:
        store: the log.
        keys: the streams to check; None for all.
        progress: called with the number of streams checked so far.
    """
    problems: list[Problem] = []
    streams = events = 0
    for key in keys if keys is not None else _all(store):
        count, problem = _check(store, key)
        events += count
        streams += 1
        if problem is not None:
            problems.append(problem)
        if progress is not None:
            progress(streams)
    if keys is None:
        with store.read() as reader:
            strays = reader.strays()
        problems += [Problem(key, 0, at, "the head of the stream is missing") for key, at in strays]
    return Verified(streams, events, tuple(problems))


def _check(store: Store, key: SessionKey) -> tuple[int, Problem | None]:
    try:
        with store.read() as reader:
            count, problem = reader.check(key)
    except (NotADatabase, DamagedEvent) as damage:
        # The database itself cannot read on here; other streams may still hold.
        return 0, Problem(key, 0, None, str(damage))
    return count, Problem(key, *problem) if problem is not None else None


def _all(store: Store) -> list[SessionKey]:
    with store.read() as reader:
        return list(reader.streams())
