"""What a log comes to at a position: the heads of its streams, and the order of its events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from ..adapters.storage.contract.evidence import Link
from .merkle import root


class StreamHead(NamedTuple):
    """A stream's last version and the hash chain there, which stands for all of the stream."""

    version: int
    chain: bytes


Heads = Mapping[str, StreamHead]
"""By the stream's text id."""


class Extent(NamedTuple):
    """The log up to a position."""

    events: int
    heads: Heads
    order: bytes
    """SHA-256 over position (8 bytes, big-endian) ‖ chain of each event, in the log's order."""

    @property
    def root(self) -> bytes:
        """The Merkle root over the heads."""
        return root_of(self.heads)


class Measuring:
    """Adds up events in the order of the log."""

    def __init__(self) -> None:
        self.events = 0
        self.heads: dict[str, StreamHead] = {}
        self._order = sha256()

    def take(self, link: Link) -> None:
        """The next event."""
        self.events += 1
        self.heads[link.stream] = StreamHead(link.version, link.chain)
        self._order.update(link.position.to_bytes(8, "big", signed=True) + link.chain)

    @property
    def order(self) -> bytes:
        """The hash over the order so far."""
        return self._order.digest()

    def extent(self) -> Extent:
        """What has been added up."""
        return Extent(self.events, dict(self.heads), self.order)


def extent_of(links: Iterable[Link]) -> Extent:
    """What events come to."""
    measuring = Measuring()
    for link in links:
        measuring.take(link)
    return measuring.extent()


def root_of(heads: Heads) -> bytes:
    """The Merkle root over heads, which stand in the order of their streams' names."""
    return root(leaf(name, heads[name]) for name in sorted(heads))


def leaf(name: str, head: StreamHead) -> bytes:
    """A head as a leaf: name ‖ 0x00 ‖ version (8 bytes, big-endian) ‖ chain."""
    return name.encode() + b"\0" + head.version.to_bytes(8, "big", signed=True) + head.chain
