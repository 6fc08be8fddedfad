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

LARGEST = 500_000
"""Identities kept in memory, of all streams together: some 60 MB."""


def digest(identity: bytes) -> int:
    """Eight bytes of an identity's hash."""
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
    """The inverse of ``pack``."""
    count = len(data) // 12
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


class IdentityMaps:
    """The maps of the streams used last. Safe to share between threads."""

    def __init__(self) -> None:
        self._maps: OrderedDict[int, IdentityMap] = OrderedDict()
        self._lock = Lock()

    def of(
        self, stream: int, version: int, later: Callable[[int], Iterable[tuple[int, bytes]]]
    ) -> IdentityMap:
        """A stream's map, at least up to a version.

        Args:
            stream: its number.
            version: at which the caller sees it.
            later: reads the rows (first version, data) of appends after a version.
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
