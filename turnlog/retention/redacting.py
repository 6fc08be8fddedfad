"""Redacting entries: texts go for good, and the transcript still holds together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..adapters.redaction import Redaction
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Stream
from ..adapters.storage.encoding.json_bytes import decode, encode
from ..adapters.storage.encoding.rows import to_row
from ..domain import events as e
from ..domain import retention
from ..domain.entry import identity_of, is_anonymous
from ..domain.errors import NotJson, PointNotFound, Refused, UnknownSession
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..domain.recorded import Recorded
from ..domain.redaction import (
    REDACTED,
    Replace,
    entry_without,
    everything,
    repetitions_of,
    texts_in,
    value_without,
)
from .forgetting import Forgetting
from .sharing import sharers_of
from .sweeping import sweep, unknown_models

_VERBATIM = (e.TurnRecorded, e.EntryRecorded, e.EntryConflicted, e.EntryCorrupted)
_NOT_TEXT = frozenset(("digest", "actor", "user_id"))
"""Content that a redaction leaves: names, and the key of a kept file."""


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


@dataclass(frozen=True)
class Asked:
    """What is to be redacted, why, and by whom."""

    entry: str | int | None = None
    """A uuid or a version; None for every entry of the session and of its subagents."""
    what: Redaction | None = None
    """What is taken out; None for every text of the entry."""
    reason: str | None = None
    actor: str | None = None


class _Change(NamedTuple):
    """An event's new content."""

    recorded: Recorded
    body: bytes
    texts: list[str]


def redact(store: Store, key: SessionKey, asked: Asked, dry_run: bool = False) -> Redacted:
    """Take texts out of an entry, and out of the titles and prompts that repeat them.

    Raises:
        UnknownSession, PointNotFound: there is no such session, no such entry.
        Refused: the entry holds nothing of it, or nothing says what is to be taken out.
    """
    if asked.entry is None and asked.what is None:
        raise Refused("name an entry, or say what is to be taken out: a text or a pattern")

    def work(transaction: Transaction) -> Redacted:
        stream = _stream_of(transaction, key, asked.entry)
        found = dict(_changes(transaction, stream, asked))
        if not any(found.values()):
            raise Refused(_nothing(asked))
        if not dry_run:
            forgetting = Forgetting(store, transaction)
            for place, changes in found.items():
                if changes:
                    _apply(transaction, forgetting, place, changes, asked)
        own = found[stream.key]
        texts = sum(len(change.texts) for changes in found.values() for change in changes)
        versions = tuple(sorted(change.recorded.version for change in own))
        return Redacted(stream.key, versions, texts, done=not dry_run)

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


def _changes(
    transaction: Transaction, stream: Stream, asked: Asked
) -> Iterator[tuple[SessionKey, list[_Change]]]:
    """By stream, in the order in which they are written."""
    targets = _targets(transaction, stream, asked.entry)
    replace: Replace = asked.what if asked.what is not None else everything
    own = [c for r in targets if (c := _changed(r, replace)) is not None]
    if asked.entry is not None and not own:
        raise Refused(_nothing(asked))
    repeats = replace
    if asked.what is None:
        repeats = repetitions_of([text for change in own for text in change.texts])
    taken = {recorded.version for recorded in targets}
    own += _repetitions(transaction, stream, repeats, taken)
    yield stream.key, own
    others = [s.key for s in sharers_of(transaction, [stream.key]) if s.borrows]
    if asked.entry is None and stream.key.subpath is None:
        others += transaction.subkeys(stream.key)
    for key in others:
        other = transaction.find(key)
        if other is not None:
            whole = asked.entry is None and key.main == stream.key.main
            entries = _entries(transaction, other) if whole else ()
            found = [c for r in entries if (c := _changed(r, repeats)) is not None]
            taken = {change.recorded.version for change in found}
            yield key, found + _repetitions(transaction, other, repeats, taken)


def _targets(transaction: Transaction, stream: Stream, entry: str | int | None) -> list[Recorded]:
    if entry is None:
        return list(_entries(transaction, stream))
    if isinstance(entry, str) and not entry.isdigit():
        versions = transaction.versions(stream, identity_of(entry))
    else:
        versions = [int(entry)] if 0 < int(entry) <= stream.version else []
    wanted = set(versions)
    found = [
        recorded
        for recorded in transaction.events(stream)
        if recorded.version in wanted
        or (isinstance(recorded.event, e.EntryConflicted) and recorded.event.of in wanted)
    ]
    if not found:
        raise PointNotFound(f"session {stream.key.session_id!r} has no entry {entry!r:.80}")
    return found


def _entries(transaction: Transaction, stream: Stream) -> Iterable[Recorded]:
    return (r for r in transaction.events(stream) if isinstance(r.event, _VERBATIM))


def _repetitions(
    transaction: Transaction, stream: Stream, replace: Replace, but: set[int]
) -> list[_Change]:
    """Events that say again what an entry said: titles, prompts, and lines without uuid."""
    found = []
    for recorded in transaction.events(stream):
        event = recorded.event
        said = isinstance(event, e.TurnRecorded | e.EntryConflicted | e.EntryCorrupted)
        if recorded.version in but or said:
            continue
        if isinstance(event, e.EntryRecorded) and not is_anonymous(event.identity):
            continue
        change = _changed(recorded, replace)
        if change is not None:
            found.append(change)
    return found


def _changed(recorded: Recorded, replace: Replace) -> _Change | None:
    event = recorded.event
    if isinstance(event, _VERBATIM):
        return _changed_entry(recorded, event.body, replace)
    before = {name: getattr(event, name) for name in event.CONTENT if name not in _NOT_TEXT}
    after = {name: value_without(value, replace) for name, value in before.items()}
    if after == before:
        return None
    body = to_row(event.model_copy(update=after))[1]
    return _Change(recorded, body, texts_in(before, after)) if body is not None else None


def _changed_entry(recorded: Recorded, body: bytes, replace: Replace) -> _Change | None:
    if not body:
        return None
    line = body.partition(b"\n")[0]
    try:
        entry: Any = decode(line, True)
    except NotJson:
        entry = None
    if not isinstance(entry, Mapping) or isinstance(recorded.event, e.EntryCorrupted):
        text = body.decode("utf-8", "surrogateescape")
        told = replace(text)
        data = told.encode("utf-8", "surrogateescape")
        return _Change(recorded, data, [text]) if told != text else None
    after = entry_without(entry, replace)
    if after == entry:
        # The line as it was found may spell it so that only there it can be seen.
        raw = body[len(line) :].decode("utf-8", "replace")
        if not raw or replace(raw) == raw:
            return None
        return _Change(recorded, line, [REDACTED])
    return _Change(recorded, encode(after)[0], texts_in(entry, after))


def _apply(
    transaction: Transaction,
    forgetting: Forgetting,
    key: SessionKey,
    changes: list[_Change],
    asked: Asked,
) -> None:
    stream = transaction.open(key)
    changes = sorted(changes, key=lambda change: change.recorded.version)
    versions = [change.recorded.version for change in changes]
    forgetting.forget(stream, versions)
    told = []
    for change in changes:
        event, version = change.recorded.event, change.recorded.version
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
