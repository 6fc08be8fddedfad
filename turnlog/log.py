"""The log: what an application, the SDK's store and the command line all work through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from .adapters.claude.batches import prepare
from .adapters.storage.contract import Packed, Reader, Recorded, Store, Stream, Transaction
from .appending import Appended, Arrival, append
from .domain import commands
from .domain.entry import Entry
from .domain.errors import UnknownSession
from .domain.keys import SessionKey
from .domain.lineage import Lineage
from .domain.points import Point
from .domain.session import SessionState
from .loading import entries_of, loadable, subagent_is_live
from .travelling import find_place, lineage_to, past_at, state_at, with_derived

Key = SessionKey | Mapping[str, object]
_WORTH_PACKING = 8
"""Entries from which on a batch is compressed before the lock is taken."""


class Log:
    """An event-sourced log of agent sessions. Safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def url(self) -> str:
        """Where the log is."""
        return self.store.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of every connection."""
        self.store.close()

    # -- recording ---------------------------------------------------------------------------

    def append(
        self,
        key: Key,
        entries: Iterable[object],
        *,
        user_id: str | None = None,
        source: Any = "sdk",
    ) -> Appended:
        """Record a batch of transcript entries; what is recorded already is left out.

        Args:
            key: the session, or one of its subagents' streams.
            entries: JSON objects. What cannot be understood is recorded as it came.
            user_id: whose session it is, taken when it begins.
            source: sdk, import or api.

        Returns:
            What was new. Durable once this returns.

        Raises:
            InvalidKey: the key cannot name a session.
            StorageError: the store could not write; nothing of the batch was kept.
        """
        key = SessionKey.of(key)
        batch = prepare(key, entries)
        if not batch:
            return Appended(0, 0, 0, 0, 0, 0)
        return self.arrive(Arrival(key, batch, source, user_id))

    def arrive(self, arrival: Arrival) -> Appended:
        """Record a batch that is prepared already."""
        packed = self._pack(arrival.entries)
        return self.store.write(lambda transaction: append(transaction, arrival, packed))

    def _pack(self, batch: Iterable[Entry]) -> Packed | None:
        codec = getattr(self.store, "codec", None)
        bodies = [entry.body for entry in batch if entry.corrupt is None]
        if codec is None or len(bodies) < _WORTH_PACKING:
            return None
        packed: Packed = codec.compress(bodies)
        return packed

    # -- reading -----------------------------------------------------------------------------

    def load(self, key: Key) -> list[dict[str, Any]] | None:
        """The entries of the live branch, deep-equal to what was appended; None for no session."""
        with self._reading(key) as (reader, stream):
            if stream is None or not loadable(reader, stream):
                return None
            return list(entries_of(reader, stream, stream.state.lineage))

    def iter_entries(
        self, key: Key, at: str | int | Point | None = None
    ) -> Iterator[dict[str, Any]]:
        """The entries of the live branch, or of a point's, in bounded memory."""
        with self._reading(key) as (reader, stream):
            if stream is None:
                return
            yield from entries_of(reader, stream, self._line(reader, stream, at))

    def _line(self, reader: Reader, stream: Stream, at: str | int | Point | None) -> Lineage:
        if at is None:
            return stream.state.lineage
        return lineage_to(stream, find_place(reader, stream, Point.of(at)))

    def subkeys(self, key: Key) -> list[SessionKey]:
        """The subagents' streams of a session that are live and hold entries."""
        with self.store.read() as reader:
            found = []
            for subkey in reader.subkeys(SessionKey.of(key)):
                stream = reader.find(subkey)
                if stream is not None and stream.state.presence == "present":
                    if subagent_is_live(reader, stream):
                        found.append(subkey)
            return found

    def events(self, key: Key, after: int = 0) -> Iterator[Recorded]:
        """The audit trail of a stream: every event by version, in bounded memory."""
        with self._reading(key) as (reader, stream):
            if stream is not None:
                yield from reader.events(stream, after)

    def at(self, key: Key, point: str | int | Point) -> SessionState:
        """The session's state at a point in time.

        Raises:
            UnknownSession: there is no such session.
            InvalidPoint: the point is written wrongly.
            PointNotFound: the session has no such point.
        """
        with self._reading(key) as (reader, stream):
            stream = self._found(stream, key)
            point = Point.of(point)
            place = find_place(reader, stream, point)
            if point.kind in ("version", "time", "recorded"):
                return state_at(reader, stream, place.version)
            if place.stream is not None or stream.state.late or place.version == 0:
                return past_at(reader, stream, place)
            return state_at(reader, stream, with_derived(reader, stream, place.version))

    @contextmanager
    def _reading(self, key: Key) -> Iterator[tuple[Reader, Stream | None]]:
        with self.store.read() as reader:
            yield reader, reader.find(SessionKey.of(key))

    def _found(self, stream: Stream | None, key: Key) -> Stream:
        if stream is None:
            raise UnknownSession(
                f"there is no session {SessionKey.of(key).session_id!r}; see `turnlog sessions`"
            )
        return stream

    # -- commands ----------------------------------------------------------------------------

    def rename(self, key: Key, title: str, actor: str | None = None) -> None:
        """Give a session a title of its own."""
        self._command(key, lambda t, s: commands.rename(s.state, title, actor))

    def _command(self, key: Key, decide: Any) -> Stream:
        from .domain.session import fold

        def work(transaction: Transaction) -> Stream:
            stream = self._found(transaction.find(SessionKey.of(key)), key)
            stream = transaction.open(stream.key)
            events = decide(transaction, stream)
            if events:
                transaction.record(stream, events, fold(stream.state, events))
            return stream

        return self.store.write(work)

    def rewind(
        self, key: Key, to: str | int | Point, reason: str | None = None, actor: str | None = None
    ) -> None:
        def decide(reader: Transaction, stream: Stream) -> list[Any]:
            place = find_place(reader, stream, Point.of(to))
            line = lineage_to(stream, place)
            base = line if place.stream is not None or place.version == 0 else None
            past = past_at(reader, stream, place)
            return commands.rewind(stream.state, place, past, base, None, reason, actor)

        self._command(key, decide)
