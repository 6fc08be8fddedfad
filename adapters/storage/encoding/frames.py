"""Several bodies as one run of bytes, for compressing them together.

A frame is a head and, after it, the bodies as a JSON array: ``[``, the bodies with a comma between
them, ``]``. So all of them can be decoded at once, and what is left of a damaged database can be
read by eye. Bodies may be any bytes, though: what counts is the head. Its first byte names the
layout, which is the width of the numbers that follow (1, 2 or 4 bytes, unsigned, little-endian):
how many bodies there are, then the length of each.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import overload

from ....domain.errors import StorageError

LONGEST = (1 << 32) - 1
"""Bytes of the longest body."""

_NUMBERS = {1: "B", 2: "H", 4: "I"}  # by layout


class DamagedFrame(StorageError):
    """Bytes that are no frame, or only a part of one."""


class Frame(Sequence[bytes]):
    """The bodies of a frame, cut out when they are asked for."""

    def __init__(self, data: bytes, start: int, lengths: Sequence[int]) -> None:
        self._data, self._start, self._lengths = data, start, lengths
        self._ends: list[int] = []

    @property
    def array(self) -> memoryview:
        """All bodies as one JSON array, if each is JSON."""
        return memoryview(self._data)[self._start :]

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[bytes]:
        data, start = self._data, self._start + 1
        for length in self._lengths:
            end = start + length
            yield data[start:end]
            start = end + 1

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(len(self)))]
        if not self._ends:
            self._ends = list(accumulate(self._lengths))
        # A bracket or a comma stands before each.
        end = self._start + self._ends[index] + range(1, len(self._lengths) + 1)[index]
        return self._data[end - self._lengths[index] : end]


def pack(bodies: Sequence[bytes]) -> bytes:
    """Frame bodies.

    Raises:
        StorageError: a body is longer than ``LONGEST``.
    """
    numbers = [len(bodies), *map(len, bodies)]
    largest = max(numbers)
    if largest > LONGEST:
        raise StorageError(f"a body of {largest:,} bytes; at most {LONGEST:,} fit in a frame")
    layout = 1 if largest < 1 << 8 else 2 if largest < 1 << 16 else 4
    head = struct.pack(f"<B{len(numbers)}{_NUMBERS[layout]}", layout, *numbers)
    return b"".join((head, b"[", b",".join(bodies), b"]"))


def text_at(frame: bytes) -> int:
    """Where the JSON array of a frame begins; its end where the frame is none."""
    layout = frame[0] if frame else None
    if layout not in _NUMBERS:
        return len(frame)
    return min(1 + layout * (1 + int.from_bytes(frame[1 : 1 + layout], "little")), len(frame))


def unpack(frame: bytes) -> Frame:
    """The bodies of a frame.

    Raises:
        DamagedFrame: the frame is none that ``pack`` made; the message says what is wrong.
    """
    layout = frame[0] if frame else None
    if layout not in _NUMBERS:
        raise DamagedFrame(
            f"the frame has the layout {layout}; this release knows 1, 2 and 4"
            if frame
            else "the frame is empty"
        )
    count = int.from_bytes(frame[1 : 1 + layout], "little")
    start = text_at(frame)
    if len(frame) < start + 2:
        raise DamagedFrame(f"a frame of {len(frame):,} bytes is too short for {count:,} bodies")
    lengths = struct.unpack_from(f"<{count}{_NUMBERS[layout]}", frame, 1 + layout)
    expected = start + sum(lengths) + max(count, 1) + 1
    if len(frame) != expected:
        raise DamagedFrame(f"the frame has {len(frame):,} bytes where {expected:,} are announced")
    if frame[start] != ord("[") or frame[-1] != ord("]"):
        raise DamagedFrame("the bodies of the frame are not in brackets")
    return Frame(frame, start, lengths)
