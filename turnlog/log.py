"""The log: what an application, the SDK's store and the command line all work through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from .adapters.claude.batches import prepare
from .adapters.claude.session_store import SessionStore
from .adapters.storage.contract import Packed, Reader, Recorded, Store, Stream, Transaction
from .appending import Appended, Arrival, append
from .domain import commands
from .domain.errors import UnknownSession
from .domain.events import SessionEvent, Status
from .domain.keys import SessionKey
from .domain.points import Point
from .domain.session import SessionState, fold
from .importing.summary import ImportSummary, Progress
from .projections.sessions import ALL, Filter, Session, Totals
from .reading.finding import Sessions
from .reading.spending import ModelSpent, spent_by_model
from .reading.subscribing import subscribe
from .reading.summarizing import ProjectLists
from .reading.verifying import Verified, verify
from .rebuilding import Rebuilt, rebuild
from .time.branching import Branch, branches_of
from .time.loading import entries_of, live_entries, loadable
from .time.rewinding import Checkpoint, Forked, Rewound, checkpoint, fork, found, rewind
from .time.transcribing import Line, Numbering, transcript_of
from .time.travelling import find_place, lineage_to, past_at, state_at, with_derived

Key = SessionKey | Mapping[str, object]
At = str | int | Point
"""A point in time: ``"prompt:2"``, a version, or a ``Point``."""


class Log:
    """An event-sourced log of agent sessions. Safe to share between threads.

    Every method that takes a key raises ``InvalidKey`` for one that cannot name a session, and
    ``StorageError`` where the database fails; whatever raises has changed nothing.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._sessions = Sessions(store)

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
        source: Literal["sdk", "import", "api"] = "sdk",
    ) -> Appended:
        """Record a batch of transcript entries; what is recorded already is left out.

        Args:
            key: the session, or one of its subagents' streams.
            entries: JSON objects. What cannot be understood is recorded as it came.
            user_id: whose session it is, taken when it begins.
            source: where the entries come from.

        Returns:
            What was new. Durable once this returns.
        """
        key = SessionKey.of(key)
        batch = prepare(key, entries)
        if not batch:
            return Appended(0, 0, 0, 0, 0, 0)
        return self.arrive(Arrival(key, batch, source, user_id))

    def arrive(self, arrival: Arrival, packed: Packed | None = None) -> Appended:
        """Record a batch that is prepared already.

        Args:
            packed: its bodies compressed ahead, used where every entry is new.
        """
        return self.store.write(lambda transaction: append(transaction, arrival, packed))

    def import_claude(
        self,
        path: str | Path,
        *,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
        restore: bool = False,
        user_id: str | None = None,
        machine: str | None = None,
    ) -> ImportSummary:
        """Record what Claude Code left in a path; see ``importing.import_claude``."""
        from .importing.run import import_claude  # an application that never imports need not wait

        return import_claude(
            self,
            path,
            workers=workers,
            progress=progress,
            restore=restore,
            user_id=user_id,
            machine=machine,
        )

    # -- reading -----------------------------------------------------------------------------

    def load(self, key: Key) -> list[dict[str, Any]] | None:
        """The entries of the live branch, deep-equal to what was appended; None for no session.

        Raises:
            DamagedEvent: some cannot be read back; never does it give only the rest.
        """
        with self._reading(key) as (reader, stream):
            if stream is None or not loadable(reader, stream):
                return None
            return list(live_entries(reader, stream))

    def iter_entries(self, key: Key, at: At | None = None) -> Iterator[dict[str, Any]]:
        """The entries of the live branch, or up to a point, in bounded memory.

        Raises:
            UnknownSession, InvalidPoint, PointNotFound: as ``at`` does.
        """
        with self._reading(key) as (reader, stream):
            stream = _there(stream, key)
            if at is None:
                yield from live_entries(reader, stream)
            else:
                line = lineage_to(stream, find_place(reader, stream, Point.of(at)))
                yield from entries_of(reader, stream, line)

    def transcript(
        self, key: Key, at: At | None = None, numbers: Numbering | None = None
    ) -> Iterator[Line]:
        """The conversation of the live branch, or up to a point: entries with their numbers.

        Args:
            numbers: counts along, for whoever goes on from there.

        Raises:
            UnknownSession, InvalidPoint, PointNotFound: as ``at`` does.
        """
        with self._reading(key) as (reader, stream):
            stream = _there(stream, key)
            line = stream.state.lineage
            if at is not None:
                line = lineage_to(stream, find_place(reader, stream, Point.of(at)))
            yield from transcript_of(reader, stream, line, numbers)

    def branches(self, key: Key) -> list[Branch]:
        """The branches of a session, in the order they began, each with its prompts."""
        with self._reading(key) as (reader, stream):
            return branches_of(reader, _there(stream, key))

    def subkeys(self, key: Key) -> list[SessionKey]:
        """The subagents' streams of a session that are live and hold entries."""
        live = []
        with self.store.read() as reader:
            for subkey in reader.subkeys(SessionKey.of(key)):
                stream = reader.find(subkey)
                if stream is not None and loadable(reader, stream):
                    live.append(subkey)
        return live

    def events(self, key: Key, after: int = 0) -> Iterator[Recorded]:
        """The audit trail of a stream: every event by version, in bounded memory."""
        with self._reading(key) as (reader, stream):
            yield from reader.events(_there(stream, key), after)

    def state(self, key: Key) -> SessionState:
        """The session's state now."""
        with self._reading(key) as (_, stream):
            return _there(stream, key).state

    def at(self, key: Key, point: At) -> SessionState:
        """The session's state at a point in time.

        Raises:
            UnknownSession: there is no such session.
            InvalidPoint: the point is written wrongly.
            PointNotFound: the session has no such point.
        """
        with self._reading(key) as (reader, stream):
            stream = _there(stream, key)
            point = Point.of(point)
            place = find_place(reader, stream, point)
            if point.kind in ("version", "time", "recorded"):
                return state_at(reader, stream, place.version)
            if place.stream is not None or stream.state.late or place.version == 0:
                return past_at(reader, stream, place)
            return state_at(reader, stream, with_derived(reader, stream, place.version))

    def subscribe(
        self, after: int = 0, stop: Callable[[], bool] | None = None
    ) -> Iterator[Recorded]:
        """Every event of the log after a position, then those to come, for ever.

        Args:
            after: the position of the last event seen, 0 for all.
            stop: asked at least every second; the iterator ends when it says so.
        """
        return subscribe(self.store, after, stop)

    @contextmanager
    def _reading(self, key: Key) -> Iterator[tuple[Reader, Stream | None]]:
        with self.store.read() as reader:
            yield reader, reader.find(SessionKey.of(key))

    # -- lists and figures -------------------------------------------------------------------

    def sessions(
        self, asked: Filter = ALL, limit: int = 50, after: str | None = None
    ) -> list[Session]:
        """The newest sessions that match, page by page.

        Args:
            asked: which sessions.
            limit: how many at the most, 1 to 10,000.
            after: the ``cursor`` of the last session of the page before.
        """
        return self._sessions.page(asked, limit, after)

    def session(self, name: str) -> Session:
        """A session by its id, or by any beginning of it that no other shares.

        Where several projects have a session of one id, ``PROJECT/ID`` names it; the end of the
        project's key is enough.

        Raises:
            UnknownSession: none begins so.
            AmbiguousSession: several do; the error has the candidates.
        """
        return self._sessions.find(name)

    def checkpoints(self, key: Key) -> list[Any]:
        """A session's checkpoints, oldest first, with ``live`` for those on the live branch."""
        return self._sessions.checkpoints(SessionKey.of(key))

    def subagents(self, key: Key) -> list[Session]:
        """The streams of a session's subagents."""
        return self._sessions.subagents(SessionKey.of(key))

    def stats(self) -> Totals:
        """The whole log in figures: each response counted once."""
        return self._sessions.totals()

    def spent_by_model(self, key: Key | None = None) -> list[ModelSpent]:
        """Billed tokens and cost by model: of a session with its subagents, or of the log.

        Raises:
            UnknownSession: there is no such session.
        """
        place = SessionKey.of(key) if key is not None else None
        with self.store.read() as reader:
            if place is not None:
                _there(reader.find(place), place)
            return spent_by_model(reader, place)

    # -- commands ----------------------------------------------------------------------------

    def rename(self, key: Key, title: str, actor: str | None = None) -> None:
        """Give a session a title of its own."""
        self._command(key, lambda state: commands.rename(state, title, actor))

    def tag(self, key: Key, tags: Iterable[str], actor: str | None = None) -> None:
        """Replace a session's tags."""
        self._command(key, lambda state: commands.retag(state, tuple(tags), actor))

    def set_metadata(self, key: Key, metadata: Mapping[str, Any], actor: str | None = None) -> None:
        """Replace a session's metadata."""
        self._command(key, lambda state: commands.set_metadata(state, metadata, actor))

    def set_status(
        self, key: Key, status: Status, why: str | None = None, actor: str | None = None
    ) -> None:
        """Set the status by hand; it holds until the transcript says otherwise."""
        self._command(key, lambda state: commands.change_status(state, status, None, why, actor))

    def checkpoint(
        self,
        key: Key,
        name: str,
        label: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> Checkpoint:
        """Name the head, so that one may come back to it.

        Raises:
            Refused: the name is taken on the live branch, or is no name.
        """
        place = SessionKey.of(key)
        return self.store.write(lambda t: checkpoint(t, place, name, label, actor, dry_run))

    def rewind(
        self,
        key: Key,
        to: At,
        reason: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> Rewound:
        """Make an earlier point the head, or one on an abandoned branch. Nothing is lost.

        Args:
            dry_run: only say what would change.

        Raises:
            UnknownSession, InvalidPoint, PointNotFound: as ``at`` does.
            Refused: the session is deleted or erased.
        """
        place, point = SessionKey.of(key), Point.of(to)
        return self.store.write(lambda t: rewind(t, place, point, reason, actor, dry_run))

    def fork(
        self,
        key: Key,
        at: At | None = None,
        into: Key | None = None,
        reason: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> Forked:
        """Begin a new session from a point of this one (from its head, without one).

        The SDK resumes it like any other. No entry is copied.

        Args:
            into: the new session's key; without one, a new id in the same project.
        """
        place = SessionKey.of(key)
        point = Point.of(at) if at is not None else None
        child = SessionKey.of(into) if into is not None else None
        return self.store.write(lambda t: fork(t, place, point, child, reason, actor, dry_run))

    def delete(
        self, key: Key, reason: str | None = None, actor: str | None = None
    ) -> list[SessionKey]:
        """Take a session and its subagents off the lists; ``undelete`` takes that back.

        A key with a subpath deletes that subagent's stream alone.

        Returns:
            The streams that were deleted; none if there was nothing.
        """
        place = SessionKey.of(key)
        return self._each(place, lambda state: commands.delete(state, reason, actor))

    def undelete(
        self, key: Key, reason: str | None = None, actor: str | None = None
    ) -> list[SessionKey]:
        """Take a deletion back.

        Raises:
            UnknownSession, Refused: there is no deletion to take back.
        """
        place = SessionKey.of(key)

        def decide(state: SessionState) -> list[SessionEvent]:
            if state.key != place and state.presence != "deleted":
                return []
            return commands.restore(state, reason, actor)

        with self._reading(place) as (_, stream):
            _there(stream, place)
        return self._each(place, decide)

    def _command(self, key: Key, decide: Callable[[SessionState], list[SessionEvent]]) -> None:
        place = SessionKey.of(key)

        def work(transaction: Transaction) -> None:
            found(transaction, place)
            _record(transaction, place, decide)

        self.store.write(work)

    def _each(
        self, key: SessionKey, decide: Callable[[SessionState], list[SessionEvent]]
    ) -> list[SessionKey]:
        def work(transaction: Transaction) -> list[SessionKey]:
            streams = [key] if transaction.find(key) is not None else []
            if key.subpath is None:
                streams += transaction.subkeys(key)
            return [place for place in streams if _record(transaction, place, decide)]

        return self.store.write(work)

    # -- the SDK -----------------------------------------------------------------------------

    def session_store(self, user_id: str | None = None) -> SessionStore:
        """The log as a store for ``ClaudeAgentOptions(session_store=…)``.

        Args:
            user_id: whose sessions those are that begin here.
        """
        return SessionStore(self, ProjectLists(self.store), user_id)

    # -- care --------------------------------------------------------------------------------

    def verify(
        self, key: Key | None = None, progress: Callable[[int], None] | None = None
    ) -> Verified:
        """Check every event (of one session, or of all) against its hash chain."""
        keys = None
        if key is not None:
            place = SessionKey.of(key)
            with self._reading(place) as (reader, stream):
                keys = [_there(stream, place).key, *reader.subkeys(place)]
        return verify(self.store, keys, progress)

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> Rebuilt:
        """Forget the read models and fold the log again."""
        return rebuild(self.store, progress)


def _there(stream: Stream | None, key: Key) -> Stream:
    if stream is None:
        name = SessionKey.of(key).session_id
        raise UnknownSession(f"there is no session {name!r}; see `turnlog sessions`")
    return stream


def _record(
    transaction: Transaction,
    key: SessionKey,
    decide: Callable[[SessionState], list[SessionEvent]],
) -> bool:
    stream = transaction.open(key)
    events = decide(stream.state)
    if events:
        transaction.record(stream, events, fold(stream.state, events))
    return bool(events)
