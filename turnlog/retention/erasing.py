"""Erasing sessions: their content goes for good, what they cost and when they were stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..domain import retention
from ..domain.errors import UnknownSession
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from .forgetting import Forgetting
from .linked import LinkedFiles, linked_files, remove
from .sharing import Forks, SharedContent, Sharer, sharers_of, streams_of
from .sweeping import sweep, unknown_models


class Erased(NamedTuple):
    """What was erased, or would be."""

    streams: tuple[SessionKey, ...]
    """Of the sessions and their subagents; none where all of it was erased before."""
    bodies: int
    """How many events lost what they said."""
    copies: tuple[Sharer, ...] = ()
    """Sessions that hold copies of some of it, and stay."""
    linked: tuple[LinkedFiles, ...] = ()
    """The directories that went with them."""
    unknown: tuple[str, ...] = ()
    """Read models that only another application knows: it must rebuild them to forget."""
    done: bool = True
    """False where nothing was changed."""


@dataclass(frozen=True)
class Erasure:
    """Why something is erased, and by whom."""

    reason: str | None = None
    actor: str | None = None
    exported: str | None = None
    """The file it was written to before, and its hash."""


def erase(
    store: Store,
    key: SessionKey,
    forks: Forks,
    why: Erasure,
    files: bool = False,
    dry_run: bool = False,
) -> Erased:
    """Erase a session with its subagents, or one subagent.

    Args:
        forks: what becomes of sessions that share content with it.
        files: whether directories that are linked to what goes are removed too.
        dry_run: only say what would go.

    Raises:
        UnknownSession: there is no such session.
        SharedContent: others share it, and nothing was said of them, or they cannot do without.
    """
    with store.read() as reader:
        keys, copies = plan(reader, key, forks)
        going = [k for k in keys if not is_erased(reader, k)]
        found = [linked_files(store, reader, k) for k in going] if files else []
    linked = tuple(directory for each in found for directory in each)
    if dry_run:
        return Erased(tuple(going), 0, tuple(copies), linked, done=False)
    # First, because it is the session's content that names them.
    linked = tuple(map(remove, linked))

    def work(transaction: Transaction) -> Erased:
        keys, copies = plan(transaction, key, forks)
        forgetting = Forgetting(store, transaction)
        bodies = [(k, erase_stream(transaction, forgetting, k, why)) for k in keys]
        gone = [(k, count) for k, count in bodies if count is not None]
        return Erased(tuple(k for k, _ in gone), sum(n for _, n in gone), tuple(copies))

    erased = store.write(work, alone=True)
    sweep(store)
    return erased._replace(linked=linked, unknown=unknown_models(store))


def plan(
    reader: Reader, key: SessionKey, forks: Forks
) -> tuple[Sequence[SessionKey], Sequence[Sharer]]:
    """The streams that go with a session, and the sessions that keep copies of it.

    Raises:
        UnknownSession, SharedContent: as ``erase`` does.
    """
    keys = dict.fromkeys(streams_of(reader, key))
    if not keys:
        raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
    sharers = sharers_of(reader, keys)
    if forks == "erase":
        while fresh := [s for s in sharers if s.key not in keys]:
            keys.update((k, None) for sharer in fresh for k in streams_of(reader, sharer.key))
            sharers = sharers_of(reader, keys)
        return list(keys), []
    if (kept := [s for s in sharers if s.borrows]) or (sharers and forks == "refuse"):
        raise SharedContent(_shared(key, sharers, bool(kept)), tuple(sharers))
    return list(keys), sharers


def _shared(key: SessionKey, sharers: Sequence[Sharer], borrowed: bool) -> str:
    names = ", ".join(
        f"{s.key.session_id} ({'a fork' if s.borrows else 'a copy'})" for s in sharers
    )
    todo = "erase them too with --forks" if borrowed else "--forks erases them, --no-forks does not"
    return f"what session {key.session_id!r} holds is in other sessions too: {names}; {todo}"


def is_erased(reader: Reader, key: SessionKey) -> bool:
    """Whether there is nothing of a stream that could be erased."""
    stream = reader.find(key)
    return stream is None or not retention.erase(stream.state, 0)


def erase_stream(
    transaction: Transaction, forgetting: Forgetting, key: SessionKey, why: Erasure
) -> int | None:
    """Erase one stream; gives how many bodies it had, None where it was erased before."""
    stream = transaction.open(key)
    if not retention.erase(stream.state, 0):
        return None
    forgetting.forget(stream)
    before = stream.state
    bodies = transaction.remove_bodies(stream)
    events = retention.erase(stream.state, bodies, why.reason, why.exported, why.actor)
    after = fold(stream.state, events)
    # Figures by user are moved by whose the session was.
    stream.state = before
    transaction.record(stream, events, after, stream.memory)
    forgetting.fold_again(stream)
    return bodies
