"""Rebuilding what one session brought into the read models, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeGuard

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Content, Stream
from ..domain.errors import Refused, UnknownSession
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..domain.session import SessionState
from ..projections.engine.read_model import Forgetful, ReadModel, Run
from ..projections.engine.registry import Registration
from ..projections.engine.runs import all_asked, together
from .leasing import Lease
from .rebuilding import Rebuilt, lease_for


def can_forget(model: ReadModel) -> TypeGuard[Forgetful]:
    """Whether one session of a read model can be rebuilt."""
    return hasattr(model, "take_out")


def rebuild_session(
    store: Store, registrations: Iterable[Registration], key: SessionKey, named: bool
) -> Rebuilt:
    """Fold the events of a session and of its subagents again.

    Args:
        named: the read models were asked for by name; else those that cannot are left out.

    Raises:
        UnknownSession: there is no such session.
        Refused: what one session brought into a read model cannot be told from the rest.
    """
    done: list[str] = []
    streams = events = 0
    for registration in registrations:
        model = store.generations.model(registration, "")
        if not can_forget(model):
            if named:
                raise Refused(
                    f"the read model {registration.name!r} cannot rebuild one session; rebuild "
                    "all of it"
                )
            continue
        with lease_for(store, registration.name) as lease:
            streams, events = store.write(
                lambda t, r=registration, held=lease: _again(t, store, r, key, held),  # type: ignore[misc]
                alone=True,
            )
        done.append(registration.name)
    return Rebuilt(streams, events, tuple(done))


def _again(
    transaction: Transaction,
    store: Store,
    registration: Registration,
    key: SessionKey,
    lease: Lease,
) -> tuple[int, int]:
    cursor = transaction.cursor
    lease.hold(cursor)
    row = store.account.standing(cursor, registration.name)
    assert row is not None
    model = store.generations.model(registration, row.generation)
    assert can_forget(model)
    inline = registration.lifecycle == "inline" and row.stale_at is None
    # Who catches it up meanwhile waits for the place, and then finds what he knows of it.
    place = store.account.place(cursor, registration.name, "live")
    assert place is not None
    upto = transaction.last_position() if inline else place.position
    keys = [k for k in (key, *transaction.subkeys(key)) if transaction.find(k) is not None]
    if not keys:
        raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
    events = 0
    for each in keys:
        stream = transaction.find(each)
        assert stream is not None
        events += fold_again(transaction, model, stream, upto)
    return len(keys), events


def fold_again(transaction: Transaction, model: Forgetful, stream: Stream, upto: int | None) -> int:
    """Take out what a stream brought in, and fold its events again.

    Args:
        upto: the position up to which it knows them; None for all.

    Returns:
        How many events were folded.
    """
    upto = upto if upto is not None else transaction.last_position()
    runs = all_asked(model, _runs(transaction, stream, upto, model))
    model.take_out(transaction.cursor, stream.id, runs)
    if runs:
        model.fold(transaction.cursor, runs)
    return sum(len(run.events) for run in runs)


def _runs(reader: Reader, stream: Stream, upto: int, model: ReadModel) -> list[Run]:
    content: Content = "all" if model.content == "all" else "notes"
    single = (
        Run.of(stream.id, recorded)
        for recorded in reader.events(stream, content=content)
        if recorded.position <= upto
    )
    state = SessionState(stream.key)
    framed = []
    for run in together(single):
        after = fold(state, run.events)
        framed.append(run._replace(before=state, after=after))
        state = after
    return framed
