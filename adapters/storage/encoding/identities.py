"""By what entries are known again: one small row an append, one map in memory a stream.

An index over random uuids would touch a page of the database for every entry; a map over the
identities of one stream is read once (a hundred kilobytes for a session of ten thousand entries)
and then kept while nobody else appends. What the map finds is confirmed by the header itself.
"""

from __future__ import annotations

import sys
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from threading import Lock
from typing import NamedTuple, Protocol

from ..damage import damaged

LARGEST = 500_000
"""Identities kept in memory, of all streams together: some 60 MB."""


def digest(identity: bytes) -> int:
    """Eight bytes that stand for an identity: of a uuid its own, of any other its hash.

    Two identities that share them cost a look at one header more.
    """
    if len(identity) == 16:
        return int.from_bytes(identity[:8], "little")
    return int.from_bytes(blake2b(identity, digest_size=8).digest(), "little")


def pack(first: int, found: Sequence[tuple[int, int]]) -> bytes:
    """The digests and versions of one append: all digests, then all distances from ``first``."""
    digests = array("Q", [d for d, _ in found])
    steps = array("I", [version - first for _, version in found])
    if sys.byteorder == "big":
        digests.byteswap()
        steps.byteswap()
    return digests.tobytes() + steps.tobytes()


def unpack(first: int, data: bytes) -> list[tuple[int, int]]:
    """The inverse of ``pack``.

    Raises:
        DamagedEvent: these are not the bytes that ``pack`` returned.
    """
    count, rest = divmod(len(data), 12)
    if rest:
        raise damaged(f"what the append of version {first} is known by", f"{len(data)} bytes")
    digests, steps = array("Q"), array("I")
    digests.frombytes(data[: 8 * count])
    steps.frombytes(data[8 * count :])
    if sys.byteorder == "big":
        digests.byteswap()
        steps.byteswap()
    return [(d, first + step) for d, step in zip(digests, steps, strict=True)]


class IdentityMap:
    """The identities of one stream, up to a version."""

    __slots__ = ("_versions", "upto")

    def __init__(self) -> None:
        self.upto = 0
        self._versions: dict[int, int | tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self._versions)

    def add(self, found: Iterable[tuple[int, int]], upto: int) -> None:
        """Take in what an append brought."""
        versions = self._versions
        for number, version in found:
            there = versions.get(number)
            if there is None:
                versions[number] = version
            else:
                versions[number] = (*_all(there), version)
        self.upto = upto

    def versions(self, number: int) -> tuple[int, ...]:
        """Where an identity of that digest may be."""
        there = self._versions.get(number)
        return _all(there) if there is not None else ()


def _all(there: int | tuple[int, ...]) -> tuple[int, ...]:
    return (there,) if isinstance(there, int) else there


class Identities(Protocol):
    """By a digest, the versions where such an identity may be."""

    def versions(self, number: int, /) -> tuple[int, ...]: ...


Later = Callable[[int], Iterable[tuple[int, bytes]]]
"""Reads the rows (first version, data) of a stream's appends after a version."""


class Maps(Protocol):
    """The maps of all streams, as a reader or a transaction sees them."""

    def of(self, stream: int, version: int, later: Later) -> Identities:
        """A stream's map, at least up to a version."""

    def add(self, stream: int, version: int, found: Sequence[tuple[int, int]], upto: int) -> None:
        """Take in an append to a stream that was at ``version`` and is now at ``upto``."""

    def forget(self, stream: int) -> None:
        """Drop what was added to a stream: it was rolled back."""


class IdentityMaps:
    """The maps of the streams used last. Safe to share between threads."""

    def __init__(self) -> None:
        self._maps: OrderedDict[int, IdentityMap] = OrderedDict()
        self._lock = Lock()

    def of(self, stream: int, version: int, later: Later) -> IdentityMap:
        """A stream's map, at least up to a version.

        Args:
            stream: its number.
            version: at which the caller sees it.
            later: reads what is missing.
        """
        with self._lock:
            found = self._maps.get(stream)
            if found is None:
                found = self._maps[stream] = IdentityMap()
            self._maps.move_to_end(stream)
            if found.upto < version:
                for first, data in later(found.upto):
                    found.add(unpack(first, data), version)
                found.upto = version
                self._shrink(stream)
            return found

    def add(self, stream: int, version: int, found: Sequence[tuple[int, int]], upto: int) -> None:
        """Take in an append to a stream that was at ``version`` and is now at ``upto``."""
        with self._lock:
            if version == 0:
                self._maps[stream] = IdentityMap()
            known = self._maps.get(stream)
            # A map that is not up to date will read what it lacks when it is asked for.
            if known is not None and known.upto == version:
                known.add(found, upto)

    def forget(self, stream: int) -> None:
        """Drop a map whose last additions were rolled back."""
        with self._lock:
            self._maps.pop(stream, None)

    def _shrink(self, keep: int) -> None:
        size = sum(map(len, self._maps.values())) if len(self._maps) % 16 == 0 else 0
        while size > LARGEST:
            stream, oldest = next(iter(self._maps.items()))
            if stream == keep:
                return
            size -= len(oldest)
            del self._maps[stream]


class OwnMaps:
    """The maps as one of several writers sees them: what it adds is its own until it committed.

    Another process may append to a stream as soon as the database has rolled this writer back,
    which can be long before the writer hears of it.
    """

    def __init__(self, shared: IdentityMaps) -> None:
        self._shared = shared
        self._added: dict[int, _Added] = {}

    def of(self, stream: int, version: int, later: Later) -> Identities:
        """A stream's map, with what this writer added."""
        added = self._added.get(stream)
        if added is None:
            return self._shared.of(stream, version, later)
        return _Both(self._shared.of(stream, added.version, later), added.map)

    def add(self, stream: int, version: int, found: Sequence[tuple[int, int]], upto: int) -> None:
        """Take in an append to a stream that was at ``version`` and is now at ``upto``."""
        added = self._added.setdefault(stream, _Added(version, [], IdentityMap()))
        added.found.extend(found)
        added.map.add(found, upto)

    def forget(self, stream: int) -> None:
        """Drop what was added to a stream: it was rolled back."""
        self._added.pop(stream, None)

    def publish(self) -> None:
        """Share what was added: it is committed."""
        for stream, added in self._added.items():
            self._shared.add(stream, added.version, added.found, added.map.upto)


class _Added(NamedTuple):
    version: int
    """Of the stream before."""
    found: list[tuple[int, int]]
    map: IdentityMap


class _Both(NamedTuple):
    older: IdentityMap
    newer: IdentityMap

    def versions(self, number: int, /) -> tuple[int, ...]:
        return (*self.older.versions(number), *self.newer.versions(number))
