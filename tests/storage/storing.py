"""Short ways to put events into a store, with nothing of turnlog's own decisions in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from turnlog.adapters.claude.batches import prepare
from turnlog.adapters.storage.contract import Appended, Recorded, Store, Stream, Transaction
from turnlog.adapters.storage.stores import open_store
from turnlog.domain.batch import Memory
from turnlog.domain.entry import Entry, Mark, identity_of
from turnlog.domain.events import SessionEvent, SessionRenamed, SessionStarted, TurnRecorded
from turnlog.domain.keys import SessionKey
from turnlog.domain.session import fold

T = TypeVar("T")
KEY = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
PATIENCE = 30.0
"""Seconds after which a thread that does nothing has failed."""


def key(number: int) -> SessionKey:
    """Another session's."""
    return SessionKey("-home-ada-atlas", f"5e550000-0000-4000-8000-{number:012d}")


def uuid(number: int) -> str:
    """An entry's."""
    return f"e0000000-0000-4000-8000-{number:012d}"


def entry(number: int, text: str = "") -> Entry:
    """A user's entry."""
    message = {"role": "user", "content": text or f"line {number}"}
    return prepare(KEY, [{"type": "user", "uuid": uuid(number), "message": message}])[0]


def turn(number: int, text: str = "", **fields: Any) -> TurnRecorded:
    """An entry as an event."""
    body = entry(number, text).body
    known = {"identity": identity_of(uuid(number)), "marks": Mark.USER, "kind": "user"}
    return TurnRecorded.trusted(body=body, **{**known, **fields})


def turns(first: int, last: int) -> list[SessionEvent]:
    """Several of them."""
    return [turn(number) for number in range(first, last + 1)]


def started(at: SessionKey = KEY) -> SessionStarted:
    """The first event of a stream."""
    return SessionStarted(project_key=at.project_key, session_id=at.session_id, subpath=at.subpath)


def renamed(title: str) -> SessionRenamed:
    """A small event."""
    return SessionRenamed(title=title)


def recording(
    events: Sequence[SessionEvent], at: SessionKey = KEY, memory: Memory | None = None
) -> Callable[[Transaction], Appended]:
    """A piece of work that appends events to a stream."""

    def work(transaction: Transaction) -> Appended:
        stream = transaction.open(at)
        state = fold(stream.state, events)
        return transaction.record(stream, events, state, memory)

    return work


def record(store: Store, *events: SessionEvent, at: SessionKey = KEY) -> Appended:
    """Append events to a stream."""
    return store.write(recording(events, at))


def found(store: Store, at: SessionKey = KEY) -> Stream:
    """A stream that is there."""
    with store.read() as reader:
        stream = reader.find(at)
    assert stream is not None
    return stream


def recorded(store: Store, at: SessionKey = KEY) -> list[Recorded]:
    """The events of a stream."""
    with store.read() as reader:
        stream = reader.find(at)
        return list(reader.events(stream)) if stream is not None else []


@contextmanager
def opened(url: str, **settings: Any) -> Iterator[Store]:
    """A store, closed afterwards."""
    store = open_store(url, **settings)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def running(work: Callable[[], T]) -> Iterator[Future[T]]:
    """A piece of work in a thread of its own; what it raises is raised by ``result()``."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work)


class Held:
    """A write that stops after its work, before its commit, until it is let go."""

    def __init__(self, store: Store, work: Callable[[Transaction], Any]) -> None:
        self._reached, self._released = threading.Event(), threading.Event()
        self._pool = ThreadPoolExecutor(1)

        def stopped(transaction: Transaction) -> Any:
            result = work(transaction)
            self._reached.set()
            assert self._released.wait(PATIENCE)
            if self.fails:
                raise RuntimeError("undone")
            return result

        self.fails = False
        self._done = self._pool.submit(store.write, stopped)
        assert self._reached.wait(PATIENCE), self._done

    def release(self) -> Any:
        """Let it commit."""
        self._released.set()
        return self._done.result(PATIENCE)

    def undo(self) -> None:
        """Let it fail."""
        self.fails = True
        self._released.set()
        problem = self._done.exception(PATIENCE)
        assert isinstance(problem, RuntimeError), problem

    def close(self) -> None:
        """Never leave it holding."""
        self._released.set()
        self._pool.shutdown()


@contextmanager
def held(store: Store, work: Callable[[Transaction], Any]) -> Iterator[Held]:
    """A write in another thread that has done its work and not committed it."""
    holding = Held(store, work)
    try:
        yield holding
    finally:
        holding.close()
