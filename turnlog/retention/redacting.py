"""Redacting entries: texts go for good, and the transcript still holds together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..adapters.redaction import Redaction
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Stream
from ..domain import retention
from ..domain.entry import identity_of
from ..domain.errors import Refused, UnknownSession
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from .finding_texts import Found, Search
from .forgetting import Forgetting
from .replacing import Change
from .sharing import Sharer
from .sweeping import sweep, unknown_models


class Elsewhere(NamedTuple):
    """What was redacted in another stream, or would be."""

    key: SessionKey
    versions: tuple[int, ...]
    """The events whose content changed."""


class Redacted(NamedTuple):
    """What was redacted, or would be."""

    key: SessionKey
    versions: tuple[int, ...]
    """The events whose content changed: the entry, and what repeated it."""
    texts: int
    """How many texts of them."""
    unknown: tuple[str, ...] = ()
    """Read models that only another application knows: it must rebuild them to forget."""
    done: bool = True
    elsewhere: tuple[Elsewhere, ...] = ()
    """The other streams that lost it: subagents', those of forks, those with copies."""
    files: int = 0
    """How many kept files lost it."""
    copies: tuple[Sharer, ...] = ()
    """The streams that hold it too, and stay as they are: copies were not asked for."""


@dataclass(frozen=True)
class Asked:
    """What is to be redacted, why, and by whom."""

    entry: str | int | None = None
    """A uuid or a version; None for every entry of the session and of its subagents."""
    what: Redaction | None = None
    """What is taken out; None for every text of the entry."""
    reason: str | None = None
    actor: str | None = None
    copies: bool = False
    """Whether it is taken out of copies too."""


def redact(store: Store, key: SessionKey, asked: Asked, dry_run: bool = False) -> Redacted:
    """Take texts out of an entry, and out of the titles, prompts and files that repeat them.

    Raises:
        UnknownSession, PointNotFound: there is no such session, no such entry.
        Refused: the entry holds nothing of it, or nothing says what is to be taken out.
    """
    if asked.entry is None and asked.what is None:
        raise Refused("name an entry, or say what is to be taken out: a text or a pattern")

    def work(transaction: Transaction) -> Redacted:
        stream = _stream_of(transaction, key, asked.entry)
        found = Search(transaction, stream, asked.entry, asked.what, asked.copies).run()
        if not found.changes:
            raise Refused(_nothing(asked))
        if not dry_run:
            _apply(store, transaction, found, asked)
        return _told(stream, found)._replace(done=not dry_run)

    redacted = store.write(work, alone=not dry_run)
    if dry_run:
        return redacted
    sweep(store)
    return redacted._replace(unknown=unknown_models(store))


def _stream_of(transaction: Transaction, key: SessionKey, entry: str | int | None) -> Stream:
    """The session's own stream, or that of its subagents which holds an entry."""
    stream = transaction.find(key)
    if stream is None:
        raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
    if not isinstance(entry, str) or transaction.versions(stream, identity_of(entry)):
        return stream
    for subkey in transaction.subkeys(key) if key.subpath is None else ():
        agent = transaction.find(subkey)
        if agent is not None and transaction.versions(agent, identity_of(entry)):
            return agent
    return stream


def _nothing(asked: Asked) -> str:
    if asked.entry is None:
        return "no entry of the session holds what is to be taken out"
    return f"the entry {asked.entry!r} holds nothing that is to be taken out; is it redacted?"


def _told(stream: Stream, found: Found) -> Redacted:
    versions = {
        key: tuple(sorted(change.recorded.version for change in changes))
        for key, changes in found.changes.items()
    }
    every = [change for changes in found.changes.values() for change in changes]
    return Redacted(
        stream.key,
        versions.pop(stream.key, ()),
        sum(len(change.texts) for change in every),
        elsewhere=tuple(Elsewhere(*place) for place in sorted(versions.items())),
        files=sum(change.file is not None for change in every),
        copies=found.copies,
    )


def _apply(store: Store, transaction: Transaction, found: Found, asked: Asked) -> None:
    forgetting = Forgetting(store, transaction)
    for place, changes in found.changes.items():
        _replace(transaction, forgetting, place, changes, asked)
    transaction.forget_files(found.files)


def _replace(
    transaction: Transaction,
    forgetting: Forgetting,
    key: SessionKey,
    changes: Iterable[Change],
    asked: Asked,
) -> None:
    stream = transaction.open(key)
    changes = sorted(changes, key=lambda change: change.recorded.version)
    versions = [change.recorded.version for change in changes]
    forgetting.forget(stream, versions)
    told = []
    for change in changes:
        event, version = change.recorded.event, change.recorded.version
        if change.file is not None:
            transaction.keep_file(change.file)
        digest = transaction.replace_body(stream, version, change.body)
        told.append(
            retention.redact(
                version,
                event.branch,
                event.identity,
                digest,
                reason=asked.reason,
                actor=asked.actor,
            )
        )
    transaction.record(stream, told, fold(stream.state, told), stream.memory)
    forgetting.fold_again(stream, versions)
