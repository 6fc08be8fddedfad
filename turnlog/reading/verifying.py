"""Verification: every header and every body against the hash chain of its stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..adapters.storage.contract.store import Store
from ..domain.errors import DamagedEvent, NotADatabase
from ..domain.keys import SessionKey


class Problem(NamedTuple):
    """The first thing that is wrong with a stream, or a thing that is wrong with the log."""

    key: SessionKey | None
    """None where it is no session's: the log's as a whole, or another aggregate's."""
    version: int
    position: int | None
    what: str
    stream: str | None = None
    """The text id of a stream that is no session's."""

    def __str__(self) -> str:
        if self.key is None:
            of = f"{self.stream}, version {self.version}" if self.stream else "the log"
            return f"{of}: {self.what}"
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


_Checked = tuple[int, Problem | None]
"""How many events hold, and the first thing that is wrong."""


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
        others, found = _beside_sessions(store)
        streams, events = streams + others, events + sum(count for count, _ in found)
        problems += [problem for _, problem in found if problem is not None]
    return Verified(streams, events, tuple(problems))


def _check(store: Store, key: SessionKey) -> _Checked:
    try:
        with store.read() as reader:
            count, problem = reader.check(key)
    except (NotADatabase, DamagedEvent) as damage:
        # The database itself cannot read on here; other streams may still hold.
        return 0, Problem(key, 0, None, str(damage))
    return count, Problem(key, *problem) if problem is not None else None


def _beside_sessions(store: Store) -> tuple[int, list[_Checked]]:
    """The streams that are no session's, and what belongs to none."""
    try:
        with store.read() as reader:
            names = reader.others()
            strays = reader.strays()
            loose = list(reader.loose())
    except (NotADatabase, DamagedEvent) as damage:
        return 0, [(0, Problem(None, 0, None, str(damage)))]
    found = [_check_other(store, name) for name in names]
    missing = "the head of the stream is missing"
    found += [(0, Problem(key, 0, at, missing)) for key, at in strays]
    found += [(0, Problem(None, 0, None, what)) for what in loose]
    return len(names), found


def _check_other(store: Store, name: str) -> _Checked:
    try:
        with store.read() as reader:
            count, problem = reader.check_other(name)
    except (NotADatabase, DamagedEvent) as damage:
        return 0, Problem(None, 0, None, str(damage), name)
    return count, Problem(None, *problem, name) if problem is not None else None


def _all(store: Store) -> list[SessionKey]:
    with store.read() as reader:
        return list(reader.streams())
