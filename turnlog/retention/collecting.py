"""Clean-up: what fell silent is called abandoned, what ended long ago is archived or erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..domain import retention
from ..domain.errors import DamagedEvent, LeaseLost, Refused, StorageError, TurnlogError
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..projecting.leasing import Lease
from ..projections.sessions import Session
from .archiving import archive, squeezed
from .erasing import Erasure, erase_stream, plan
from .finding import DAY, HOUR, before, ended_before, fell_silent, is_younger
from .forgetting import Forgetting
from .linked import LinkedFiles, linked_files, remove
from .policy import (
    PRESENCES,
    STRENGTHS,
    AlreadyCleaning,
    CleanUp,
    Collected,
    Outcome,
    Policy,
    Strength,
    told,
)
from .sharing import SharedContent, streams_of
from .sweeping import is_owed, sweep, unknown_models
from .writing_out import Exported, clear, write_out

LEASE = "retention"
SECONDS = 300.0
"""How long the lease holds; it is renewed with each session."""


def collect(
    store: Store,
    policy: Policy,
    now: datetime | None = None,
    dry_run: bool = False,
    progress: Callable[[Collected], None] | None = None,
) -> CleanUp:
    """Clean a log up.

    Args:
        now: what ages are counted to; the present without it.
        progress: called with each session that is done with.

    Raises:
        Refused: the policy makes no sense.
        AlreadyCleaning: another process cleans up now.
        OSError: a session cannot be written out; those before it are done with.
    """
    silent = before(policy.silent_hours, HOUR, now, "hours of silence")
    old = before(policy.days, DAY, now, "days")
    if policy.strength not in STRENGTHS:
        raise Refused(f"there is no strength {policy.strength!r}; there are {', '.join(STRENGTHS)}")
    if policy.strength == "export" and policy.out is None:
        raise Refused("to write sessions out before they are erased, name a folder for them")
    if dry_run:
        return CleanUp(tuple(_foreseen(store, policy, silent, old)), False)
    lease = Lease.take(store, LEASE, seconds=SECONDS)
    if lease is None:
        raise AlreadyCleaning("another process cleans the log up now; try again when it is done")
    with lease:
        work = _Work(store, policy, lease, progress)
        work.abandon(silent)
        work.clean(old)
    found = CleanUp(tuple(work.done), True)
    if found.of("exported", "erased"):
        return found._replace(unknown=unknown_models(store))
    return found


def _foreseen(store: Store, policy: Policy, silent: int, old: int) -> Iterator[Collected]:
    for session in fell_silent(store, silent):
        yield told(session, "abandoned")
    outcomes: dict[Strength, Outcome] = {
        "archive": "archived",
        "export": "exported",
        "erase": "erased",
    }
    due = list(ended_before(store, old, PRESENCES[policy.strength]))
    going = {_key(session) for session in due}
    for session in due:
        key = _key(session)
        with store.read() as reader:
            streams = len(streams_of(reader, key))
            linked = linked_files(store, reader, key) if policy.files else ()
            why = None
            if policy.strength != "archive":
                try:
                    plan(reader, key, "keep")
                except SharedContent as problem:
                    if not {s.key for s in problem.sharers if s.borrows} <= going:
                        why = str(problem)
        outcome = "kept" if why is not None else outcomes[policy.strength]
        yield told(session, outcome)._replace(streams=streams, why=why, linked=linked)


class _Work:
    """One clean-up."""

    def __init__(
        self,
        store: Store,
        policy: Policy,
        lease: Lease,
        progress: Callable[[Collected], None] | None,
    ) -> None:
        self._store = store
        self._policy = policy
        self._lease = lease
        self._progress = progress
        self.done: list[Collected] = []

    def _tell(self, collected: Collected | None) -> None:
        if collected is not None:
            self.done.append(collected)
            if self._progress is not None:
                self._progress(collected)

    # -- what fell silent ------------------------------------------------------------------------

    def abandon(self, since: int) -> None:
        """Call abandoned what is active and silent since a time."""
        for session in fell_silent(self._store, since):
            key = _key(session)
            if self._store.write(lambda t, k=key: self._abandon(t, k, since)):  # type: ignore[misc]
                self._tell(told(session, "abandoned"))

    def _abandon(self, transaction: Transaction, key: SessionKey, since: int) -> bool:
        self._lease.hold(transaction.cursor)
        if is_younger(transaction, streams_of(transaction, key), since):
            return False
        stream = transaction.open(key)
        hours = self._policy.silent_hours
        events = retention.abandon(stream.state, hours, self._policy.actor)
        if events:
            transaction.record(stream, events, fold(stream.state, events))
        return bool(events)

    # -- what ended long ago ---------------------------------------------------------------------

    def clean(self, since: int) -> None:
        """Archive, write out or erase what ended, and of which nothing was recorded since a time.

        A fork goes before the session it borrows from.
        """
        strength = self._policy.strength
        if strength == "export" and self._policy.out is not None:
            clear(self._policy.out)
        # What was called abandoned a moment ago ended then, and not when it fell silent.
        just_ended = {one.key for one in self.done}
        due = ended_before(self._store, since, PRESENCES[strength])
        waiting = [session for session in due if _key(session) not in just_ended]
        while waiting:
            again: list[tuple[Session, SharedContent]] = []
            for session in waiting:
                try:
                    if strength == "archive":
                        self._tell(self._archive(session, since))
                    else:
                        self._tell(self._erase(session, since))
                except SharedContent as problem:
                    again.append((session, problem))
                except TurnlogError as problem:
                    if not _of_one_session(problem):
                        raise
                    self._tell(told(session, "kept")._replace(why=str(problem)))
            if len(again) == len(waiting):
                for session, shared in again:
                    self._tell(told(session, "kept")._replace(why=str(shared)))
                break
            waiting = [session for session, _ in again]
        if is_owed(self._store):
            sweep(self._store)

    def _archive(self, session: Session, since: int) -> Collected | None:
        key, actor = _key(session), self._policy.actor
        linked = self._remove_linked(key, since)
        ahead = squeezed(self._store, key)

        def work(transaction: Transaction) -> Collected | None:
            self._lease.hold(transaction.cursor)
            keys = streams_of(transaction, key)
            if is_younger(transaction, keys, since):
                return None
            archived = archive(transaction, key, "cleaned up", actor, ahead)
            return told(session, "archived")._replace(
                streams=len(keys), saved=archived.saved, linked=linked
            )

        return self._store.write(work)

    def _erase(self, session: Session, since: int) -> Collected | None:
        key, policy, store = _key(session), self._policy, self._store
        with store.read() as reader:
            plan(reader, key, "keep")
        exported: Exported | None = None
        if policy.out is not None and policy.strength == "export":
            exported = write_out(store, key, policy.out)
        linked = self._remove_linked(key, since)

        def work(transaction: Transaction) -> Collected | None:
            self._lease.hold(transaction.cursor)
            keys, _ = plan(transaction, key, "keep")
            if is_younger(transaction, list(keys), since):
                return None
            if exported is not None and not exported.is_of(transaction, keys):
                return None
            forgetting = Forgetting(store, transaction)
            why = Erasure("cleaned up", policy.actor, exported.told if exported else None)
            for each in keys:
                erase_stream(transaction, forgetting, each, why)
            done = told(session, "exported" if exported else "erased")
            file = exported.path if exported else None
            return done._replace(streams=len(keys), file=file, linked=linked)

        return store.write(work, alone=True)

    def _remove_linked(self, key: SessionKey, since: int) -> tuple[LinkedFiles, ...]:
        """Before its content goes, which names them: interrupted here, they are found again."""
        if not self._policy.files:
            return ()
        with self._store.read() as reader:
            if is_younger(reader, streams_of(reader, key), since):
                return ()
            found = linked_files(self._store, reader, key)
        return tuple(remove(linked) for linked in found)


def _of_one_session(problem: TurnlogError) -> bool:
    """Whether the others can be cleaned up all the same."""
    if isinstance(problem, DamagedEvent):
        return True
    return not isinstance(problem, StorageError | LeaseLost)


def _key(session: Session) -> SessionKey:
    return SessionKey.parse(session.main)
