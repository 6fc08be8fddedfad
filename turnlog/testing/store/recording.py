"""Short ways to put events into a store, with nothing of turnlog's own decisions in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import select

from ...adapters.claude.batches import prepare
from ...adapters.storage.contract.store import Store
from ...adapters.storage.contract.transaction import Transaction
from ...adapters.storage.contract.values import Appended, Stream
from ...domain.batch import Memory
from ...domain.entry import Entry, Mark, identity_of
from ...domain.events import SessionEvent, SessionRenamed, SessionStarted, TurnRecorded
from ...domain.evolving import fold
from ...domain.keys import SessionKey
from ...domain.recorded import Recorded
from ...reading.finding import tables_in

T = TypeVar("T")
KEY = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
PATIENCE = 30.0
"""Seconds after which a thread that does nothing has failed."""


class Refusal(Exception):
    """What a piece of work raises."""


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


def refused(transaction: Transaction) -> None:
    """A piece of work that appends, and then raises."""
    recording([started(), turn(1)])(transaction)
    raise Refusal


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


def titles(store: Store) -> list[str | None]:
    """Those of all sessions, as the read model of sessions has them now."""
    with store.read() as reader:
        sessions = tables_in(reader).sessions
        rows = reader.query(select(sessions.c.title).order_by(sessions.c.title))
    return [row[0] for row in rows]


@contextmanager
def running(work: Callable[[], T]) -> Iterator[Future[T]]:
    """A piece of work in a thread of its own; what it raises is raised by ``result()``."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work)
