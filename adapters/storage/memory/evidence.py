"""Events of a log in memory as they are hashed, and its own stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ....domain.recorded import Recorded
from ..contract.evidence import OWN, Hashed, Link, OwnFact
from ..contract.values import Stream
from ..encoding.chain import START, body_hash, hashed_header, linked
from ..encoding.rows import Row, to_row
from ..encoding.salts import SALT

if TYPE_CHECKING:
    from .reader import Held

_SEED = bytes(SALT)
"""In memory there is no secret to hide a body behind."""


class Own(NamedTuple):
    """An event of the log's own stream."""

    fact: OwnFact
    hashed: Hashed


def new_name() -> str:
    """A name for a log, by chance."""
    return os.urandom(16).hex()


class MemoryEvidence:
    """Reads events as they are hashed."""

    _held: Held

    def log_id(self) -> str | None:
        """The name that the log was given by chance."""
        return self._held.name

    def links(self, upto: int) -> Iterator[Link]:
        """Every event by position, of all streams."""
        for event in self.hashed(0, upto):
            yield Link(event.position, event.stream, event.version, event.chain)

    def hashed(
        self, after: int, upto: int, streams: Sequence[str] | None = None, content: bool = True
    ) -> Iterator[Hashed]:
        """Events by position, of some streams or of all."""
        every = [hashed(self._held, recorded) for recorded in self._held.log()]
        every += [own.hashed for own in self._held.own]
        for event in sorted(every):
            if after < event.position <= upto and (streams is None or event.stream in streams):
                yield event if content else event._replace(seed=None, body=None)

    def hashed_of(self, stream: Stream, after: int, upto: int) -> Iterator[Hashed]:
        """The events of one stream by version, with their bodies."""
        recorded = self._held.events.get(stream.key, ())
        return (hashed(self._held, one) for one in recorded[after:upto])

    def own(self) -> Iterator[OwnFact]:
        """What happened to the log as a whole, by version."""
        return (own.fact for own in self._held.own)

    def others(self) -> list[str]:
        """The names of the streams that are no session's."""
        return [OWN] if self._held.own else []

    def check_other(self, name: str) -> tuple[int, tuple[int, int | None, str] | None]:
        """Check such a stream against its hash chain."""
        return len(self._held.own), None

    def loose(self) -> Iterator[str]:
        """What is wrong with that which belongs to no stream."""
        return iter(())


class MemoryOwnWriter(MemoryEvidence):
    """Appends to the log's own stream."""

    _clock: Callable[[], int]
    last_position: Callable[[], int]

    def keep_log_id(self, name: str) -> None:
        """Name the log; one that has a name keeps it."""

    def record_own(self, after: int, topic: str, facts: str, content: bytes) -> OwnFact | None:
        """Append to the log's own stream."""
        past = self._held.own
        if len(past) != after:
            return None
        version, position, now = len(past) + 1, self.last_position() + 1, self._clock()
        header = hashed_header(OWN, version, topic, now, Row(0, *(None,) * 8, facts))
        told = hash_of(version, content)
        chain = linked(past[-1].hashed.chain if past else START, header, None, told)
        event = Hashed(
            position, OWN, version, topic, now, header, None, told, chain, _SEED, content
        )
        fact = OwnFact(position, version, topic, now, facts, content)
        past.append(Own(fact, event))
        return fact


def hashed(held: Held, recorded: Recorded) -> Hashed:
    """An event as it is hashed: a body that was removed or replaced by the hash it once had."""
    position, stream, version, topic, at, event, chain = recorded
    row, body, _ = to_row(event)
    place = recorded.key, version
    if place in held.removed:
        body = None
    seed = held.salts.get(place, _SEED) if body is not None else None
    told = hash_now(held, recorded)
    header = hashed_header(stream, version, topic, at, row)
    first = held.hashes.get(place, told)
    return Hashed(
        position, stream, version, topic, at, header, row.identity, first, chain, seed, body
    )


def hash_now(held: Held, recorded: Recorded) -> bytes | None:
    """The hash of an event's body as it is now; None where it has none, or none any more."""
    place = recorded.key, recorded.version
    _, body, _ = to_row(recorded.event)
    if body is None or place in held.removed:
        return None
    return body_hash(held.salts.get(place, _SEED), recorded.version, body)


def hash_of(version: int, body: bytes) -> bytes:
    """The hash of a body; in memory there is no secret to hide it behind."""
    return body_hash(_SEED, version, body)
