"""Saving messages, and letting a summary stand for them: each in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from ..adapters.claude.batches import prepare
from ..adapters.claude.messages import Given, check_id, entry_of, new_id, summary_of
from ..adapters.redaction import Redaction
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.encoding.blocks import read_entry
from ..appending import Appended, Arrival, append, is_same
from ..domain.batch import CHECKPOINT_EVERY
from ..domain.entry import Entry, identity_of, uuid_text
from ..domain.errors import Refused
from ..domain.keys import SessionKey
from ..domain.session import GONE
from ..time.asking import taken_over
from .trimming import index_of, leave_out, live

_WHEN_AND_WHERE = ("timestamp", "parentUuid", "logicalParentUuid")
"""What differs where the same message is saved again."""
_Make = Callable[[str | None], dict[str, Any]]
"""Makes the entry of a message, given the working directory."""


class Saved(NamedTuple):
    """A message that was saved."""

    id: str
    version: int
    """Of the event that recorded it; 0 where a fork took it over."""
    position: int
    """Of the last event that was added to the log with it; 0 if it was there before."""
    new: bool


class Owner(NamedTuple):
    """Whose session it is and where it is held, told when it begins."""

    user_id: str | None = None
    working_dir: str | None = None
    redaction: Redaction | None = None
    """What is taken out of what is said."""
    checkpoint_every: int = CHECKPOINT_EVERY


def save(
    transaction: Transaction, key: SessionKey, given: Sequence[Given], owner: Owner, at: int
) -> list[Saved]:
    """Save messages behind the head. What has an id and is saved already is left as it is.

    Raises:
        Refused: an id is that of another message, or of one on a branch that was left.
    """
    ids = [one.id or new_id() for one in given]
    known: dict[str, Saved] = {}
    parent = _leaf(transaction, key)
    entries: dict[str, dict[str, Any]] = {}
    for uuid, one in zip(ids, given, strict=True):
        if uuid in entries:
            raise Refused(f"two of the messages have the id {uuid!r:.80}")

        make = partial(entry_of, one, key, uuid, parent, at)
        again = _saved(transaction, key, uuid, make, owner) if one.id is not None else None
        if again is not None:
            known[uuid] = again
        else:
            entries[uuid] = make(owner.working_dir)
            parent = uuid
    appended = _append(transaction, key, list(entries.values()), owner)
    known |= _new(transaction, key, list(entries), appended)
    return [known[uuid] for uuid in ids]


def summarize(
    transaction: Transaction,
    key: SessionKey,
    summary: Given,
    before: str | None,
    owner: Owner,
    actor: str | None,
    at: int,
) -> Saved:
    """Save a summary. It stands for all that came before it, or for what came before a message.

    Raises:
        PointNotFound: the live branch has no such message.
        Refused: it is empty, there is nothing it could stand for, or its id is taken.
    """
    text = summary.content
    if not isinstance(text, str) or not text.strip():
        raise Refused("a summary is a text that is not empty")
    messages = live(transaction, key)
    start = index_of(messages, before) if before is not None else len(messages)
    uuid, parent = summary.id or new_id(), _leaf(transaction, key)
    replaced = [m.tokens for m in messages[:start] if m.in_context and m.tokens is not None]

    def make(cwd: str | None) -> list[dict[str, Any]]:
        told = sum(replaced) if replaced else None
        return summary_of(text, key, uuid, parent, at, cwd, summary.tokens, told)

    if summary.id is not None:
        again = _saved(transaction, key, uuid, lambda cwd: make(cwd)[-1], owner)
        if again is not None:
            return again
    if not start:
        raise Refused("there is no message that a summary could stand for")
    appended = _append(transaction, key, make(owner.working_dir), owner)
    saved = _new(transaction, key, [uuid], appended)[uuid]
    if before is not None:
        saved = saved._replace(position=leave_out(transaction, key, before, None, actor))
    return saved


def _saved(
    transaction: Transaction, key: SessionKey, uuid: str, make: _Make, owner: Owner
) -> Saved | None:
    """The message of that id, if it is saved already; None if it is not."""
    check_id(uuid)
    stream = transaction.find(key)
    if stream is None or stream.state.presence in GONE:
        return None
    identity = identity_of(uuid)
    known = transaction.known(stream, [identity], stream.state.life).get(identity)
    if known is None:
        if not taken_over(transaction, stream, [identity]):
            return None
        if all(message.id != uuid for message in live(transaction, key)):
            raise _left_behind(uuid)
        return Saved(uuid, 0, 0, False)
    body = transaction.body(stream, known.version)
    if body is not None:
        recorded = read_entry(body)
        wanted = make(recorded.get("cwd"))
        wanted |= {name: recorded.get(name) for name in _WHEN_AND_WHERE if name in wanted}
        [entry] = _prepared(key, [wanted], owner)
        if not is_same(transaction, stream, known, entry, stream.state.life):
            raise Refused(
                f"this session has another message of the id {uuid!r:.80}; give this one its own"
            )
    if not stream.state.is_live(known.branch, known.place, known.late):
        raise _left_behind(uuid)
    return Saved(uuid, known.version, 0, False)


def _left_behind(uuid: str) -> Refused:
    return Refused(
        f"the message {uuid!r:.80} lies on a branch that a rewind left; what is said again is "
        "another message: give it another id"
    )


def _leaf(transaction: Transaction, key: SessionKey) -> str | None:
    """The uuid that a next entry hangs on; None where there is none, or it was too long to keep."""
    stream = transaction.find(key)
    if stream is None or stream.state.presence in GONE or stream.state.leaf is None:
        return None
    uuid = uuid_text(stream.state.leaf)
    return uuid if identity_of(uuid) == stream.state.leaf else None


def _append(
    transaction: Transaction, key: SessionKey, entries: list[dict[str, Any]], owner: Owner
) -> Appended | None:
    if not entries:
        return None
    arrival = Arrival(
        key,
        _prepared(key, entries, owner),
        "api",
        owner.user_id,
        checkpoint_every=owner.checkpoint_every,
    )
    return append(transaction, arrival)


def _prepared(key: SessionKey, entries: list[dict[str, Any]], owner: Owner) -> list[Entry]:
    prepared = prepare(key, entries, owner.redaction)
    for entry in prepared:
        if entry.corrupt is not None:
            raise Refused(f"the message cannot be written as JSON: {entry.corrupt}")
    return prepared


def _new(
    transaction: Transaction, key: SessionKey, uuids: Sequence[str], appended: Appended | None
) -> dict[str, Saved]:
    if appended is None:
        return {}
    stream = transaction.open(key)
    identities = {identity_of(uuid): uuid for uuid in uuids}
    known = transaction.known(stream, identities, stream.state.life)
    position = appended.position
    return {
        uuid: Saved(uuid, known[identity].version, position, True)
        for identity, uuid in identities.items()
    }
