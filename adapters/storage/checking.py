"""Checking one stream against its hash chain, event by event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from ...domain.errors import DamagedEvent, TurnlogError
from .blocks import Block, BlockCodec
from .chain import START, body_hash, link
from .rows import Row

_STEP = 256
Finding = tuple[int, int | None, str]
"""Version, position, and what is wrong."""


class Headers(Protocol):
    """What a check reads of one log."""

    codec: BlockCodec

    def rows(self, number: int, after: int, upto: int) -> list[Any]:
        """The headers of a stream as they are stored."""

    def blocks_between(self, number: int, first: int, last: int) -> list[Any]:
        """The blocks of a stream that hold a version between."""

    def last_version(self, number: int) -> int:
        """The newest version of a stream, by its events."""

    def topic(self, number: int) -> str:
        """The name of a topic's number."""


def check(
    reader: Headers, number: int, name: str, head: tuple[int, bytes], erased: bool = False
) -> tuple[int, Finding | None]:
    """Recompute a stream's chain from its headers and bodies.

    Args:
        number: the stream's.
        name: its text id.
        head: the version and the chain's hash that the stream's row claims.
        erased: whether the content may be gone.

    Returns:
        How many events hold, and the first that does not.
    """
    chain, last = START, 0
    first = True
    for row, body in _events(reader, number):
        position, _, version, topic_number, recorded_at, stored_hash, stored_chain, *rest = row
        if version != last + 1 and not (first and version == 0):
            return last, (last + 1, None, "the event is missing")
        first = False
        try:
            topic = reader.topic(topic_number)
        except KeyError:
            return last, (version, position, f"its topic, number {topic_number}, is unknown")
        found = body
        if isinstance(found, DamagedEvent):
            return last, (version, position, str(found))
        if found is None and stored_hash is not None and not erased:
            return last, (version, position, "its content is missing")
        if found is not None and found != stored_hash:
            return last, (version, position, "its content was changed")
        chain = link(chain, name, version, topic, recorded_at, Row._make(rest), stored_hash)
        if chain != stored_chain:
            return last, (version, position, "its header was changed")
        last = version
    if (last, chain) != head:
        return last, (last + 1, None, f"the stream ends here, but its head is version {head[0]}")
    return last, None


def _events(reader: Headers, number: int) -> Iterator[tuple[Any, bytes | DamagedEvent | None]]:
    """Rows with the hash of the body found for each; None where the content is gone."""
    for after in range(-1, reader.last_version(number) + 1, _STEP):
        hashes, damage = _hashes(reader, number, after + 1, after + _STEP)
        for row in reader.rows(number, after, after + _STEP):
            found: bytes | DamagedEvent | None = hashes.get(row[2])
            if found is None and row[5] is not None:
                found = next((d for first, end, d in damage if first <= row[2] <= end), None)
            yield row, found


def _hashes(
    reader: Headers, number: int, first: int, last: int
) -> tuple[dict[int, bytes], list[tuple[int, int, DamagedEvent]]]:
    hashes: dict[int, bytes] = {}
    damage = []
    codec: BlockCodec = reader.codec
    for block in map(Block._make, reader.blocks_between(number, first, last)):
        try:
            for body in codec.bodies(block):
                hashes[body.version] = body_hash(block.seed, body.version, body.data)
        except TurnlogError as problem:
            damage.append((block.first, block.last, DamagedEvent(str(problem))))
    return hashes, damage
