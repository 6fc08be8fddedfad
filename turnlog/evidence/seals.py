"""Seals: the heads of all streams under one root, at a position of the log.

A seal is an event of the log's own stream, ``LogSealed.v1``, and a small file that can be kept
elsewhere. The event's facts are the seal; its content holds who sealed and why, and the heads that
moved since the seal before, so that what was changed can be named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from ..adapters.storage.contract.evidence import OwnFact
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..domain.errors import DamagedEvent, InvalidEvidence
from .extent import Extent, Heads, StreamHead, extent_of
from .identity import log_id

TOPIC = "LogSealed.v1"
FORMAT = "turnlog-seal.v1"


class Seal(NamedTuple):
    """What a log came to when it was sealed."""

    log: str
    """The name that the log was given by chance."""
    number: int
    """From 1 on."""
    sealed_at: str
    """ISO 8601 in UTC, by the store's clock."""
    position: int
    """The last one that is sealed."""
    events: int
    streams: int
    root: str
    """The Merkle root over the heads of all streams, in hexadecimal."""
    order: str
    """The hash over the positions of all events, in hexadecimal."""
    previous: str | None
    """The fingerprint of the seal before."""

    @property
    def fingerprint(self) -> str:
        """One hash for all of the seal: SHA-256 of the JSON array of the format and its fields."""
        text = json.dumps([FORMAT, *self], ensure_ascii=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """What a seal's file holds."""
        return {"format": FORMAT, **self._asdict(), "fingerprint": self.fingerprint}


class Sealing(NamedTuple):
    """A seal as an event of the log."""

    seal: Seal
    position: int
    """Of the event."""
    version: int
    """Of the log's own stream."""
    recorded_at: int
    """Milliseconds since 1970 UTC."""
    actor: str | None
    reason: str | None
    moved: Heads
    """The heads that moved since the seal before."""


_TYPES: Mapping[str, tuple[type, ...]] = {
    "log": (str,),
    "number": (int,),
    "sealed_at": (str,),
    "position": (int,),
    "events": (int,),
    "streams": (int,),
    "root": (str,),
    "order": (str,),
    "previous": (str, type(None)),
}


def read_seal(found: object) -> Seal:
    """A seal from what its file holds.

    Raises:
        InvalidEvidence: it is none, or was edited.
    """
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        told = found.get("format") if isinstance(found, dict) else found
        raise InvalidEvidence(f"this is no seal: its format is {told!r:.80}, not {FORMAT!r}")
    if set(found) != {"format", "fingerprint", *Seal._fields}:
        strange = sorted(set(found) ^ {"format", "fingerprint", *Seal._fields})
        raise InvalidEvidence(f"the seal was edited: {', '.join(map(str, strange))[:200]}")
    for name, types in _TYPES.items():
        if type(found[name]) not in types:
            raise InvalidEvidence(f"the seal was edited: its {name} is {found[name]!r:.80}")
    seal = Seal(*(found[name] for name in Seal._fields))
    if seal.fingerprint != found["fingerprint"]:
        raise InvalidEvidence("the seal was edited: its fingerprint is not that of its fields")
    return seal


def seal_log(store: Store, actor: str | None = None, reason: str | None = None) -> Seal:
    """Record the heads of all streams, as far as the log is settled now.

    Nobody waits for it: the log is read beside those who append, and written to once.
    """
    name = log_id(store)
    while True:
        with store.read() as reader:
            past = sealings(reader)
            position = reader.last_position()
        store.settle()
        with store.read() as reader:
            extent = extent_of(reader.links(position))
        done = store.write(_recording(name, past, position, extent, actor, reason))
        if done is not None:  # else somebody else sealed meanwhile
            return done.seal


def _recording(
    name: str,
    past: list[Sealing],
    position: int,
    extent: Extent,
    actor: str | None,
    reason: str | None,
) -> Callable[[Transaction], Sealing | None]:
    last = past[-1].seal if past else None
    known = sealed_heads(past)
    moved = {n: head for n, head in sorted(extent.heads.items()) if known.get(n) != head}
    facts = {
        "log": name,
        "number": last.number + 1 if last else 1,
        "position": position,
        "events": extent.events,
        "streams": len(extent.heads),
        "root": extent.root.hex(),
        "order": extent.order.hex(),
        "previous": last.fingerprint if last else None,
    }
    content = {
        "actor": actor,
        "reason": reason,
        "heads": [[n, head.version, head.chain.hex()] for n, head in moved.items()],
    }

    written = json.dumps(facts, separators=(",", ":"))
    body = json.dumps(content, separators=(",", ":")).encode()

    def work(transaction: Transaction) -> Sealing | None:
        known = past[-1].version if past else 0
        fact = transaction.record_own(known, TOPIC, written, body)
        return sealing_of(fact) if fact is not None else None

    return work


def sealings(reader: Reader) -> list[Sealing]:
    """The seals of a log, the oldest first.

    Raises:
        DamagedEvent: one cannot be read back.
    """
    return [sealing_of(fact) for fact in reader.own() if fact.topic == TOPIC]


def sealed_heads(past: Iterable[Sealing]) -> dict[str, StreamHead]:
    """The heads of all streams at the last of some seals."""
    heads: dict[str, StreamHead] = {}
    for sealing in past:
        heads.update(sealing.moved)
    return heads


def sealing_of(fact: OwnFact) -> Sealing:
    """A seal as an event tells it.

    Raises:
        DamagedEvent: it cannot be read back.
    """
    try:
        facts, content = json.loads(fact.facts), json.loads(fact.content)
        seal = Seal(**facts, sealed_at=_iso(fact.recorded_at))
        moved = {
            name: StreamHead(int(version), bytes.fromhex(chain))
            for name, version, chain in content["heads"]
        }
        return Sealing(
            seal,
            fact.position,
            fact.version,
            fact.recorded_at,
            content["actor"],
            content["reason"],
            moved,
        )
    except (ValueError, TypeError, KeyError, OverflowError) as problem:
        raise DamagedEvent(
            f"the seal at position {fact.position} cannot be read: {type(problem).__name__}: "
            f"{problem}; `turnlog verify` tells how far the damage goes"
        ) from problem


def _iso(milliseconds: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
