"""What no compressor shortens, lifted out of a frame's text and written as the bytes it means.

The text of entries is full of UUIDs, each of which comes twice or three times within a few lines
and never again, and of pictures in base64. As text a UUID takes 36 bytes and compresses to some 20,
where 16 say it; base64 compresses to 3 % more than the picture. So there is a mark in their place,
the byte ``FF``, which no UTF-8 has, and what they are stands behind the text::

    frame ‖ what each mark is ‖ numbers ‖ UUIDs ‖ runs of base64 ‖ length of each run ‖ counts

The frame's numbers stay those of the text as it was. What a mark is, a byte says: 0, the next UUID;
1 to 253, the UUID that was lifted last, the one before it, and so on; 254, the UUID of the next
number, and 255, the run of the next number, both counted from 0. The UUIDs stand by columns: the
first four bytes of each, then the next two, and so on, as they are written with hyphens between.
The counts are those of the marks, the numbers, the UUIDs and the runs. Numbers, lengths and counts
have four bytes, unsigned, little-endian.
"""

from __future__ import annotations

import re
import struct
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, pairwise
from operator import sub

from ....domain.errors import StorageError
from .frames import text_at

_MARK = b"\xff"
_NEW, _BACK, _NUMBERED, _RUN = 0, 253, 254, 255
"""What a mark is; up to ``_BACK``, how far back a UUID is."""
_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BASE64 = re.compile(rb"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{200,}")
_COLUMNS = (4, 2, 2, 2, 6)
"""Bytes of a UUID between its hyphens."""
_OFTEN = 3
"""Times that a UUID may come and be lifted. What comes oftener (a session's own id) costs a
compressor next to nothing each time, and costs reading more."""
_VARIED = 40
"""Different characters a run must have: what has fewer (hexadecimal, a ruler) compresses well."""
_IS_NEW = bytes([1]) + bytes(255)
_HOW_FAR = bytes([1, *range(1, _BACK + 1), 1, 1])
"""Of a mark, by what it is: whether a UUID comes with it, and how far back then the one it means
is. Those that are numbered are put in their places afterwards."""
_APART = re.compile(b"[\xfe\xff]")
_COUNTS = struct.Struct("<IIII")


class DamagedLifting(StorageError):
    """Bytes that are no lifted frame."""


def lift(frame: bytes) -> bytes | None:
    """Lift what can be out of a frame.

    Returns:
        None where there is nothing to lift, or where the text has the byte that marks are.
    """
    start = text_at(frame)
    if frame.find(_MARK, start) >= 0:
        return None
    lifted = _Lifted(Counter(_UUID.findall(frame, start)))
    text = b"".join(_marked(frame, start, lifted))
    return b"".join((frame[:start], text, *lifted.behind())) if lifted.marks else None


def _marked(frame: bytes, at: int, lifted: _Lifted) -> Iterator[bytes]:
    """The text of a frame with marks in it."""
    for match in _BASE64.finditer(frame, at):
        # Groups of four characters are three bytes each, whatever they are; the rest stays text.
        end = match.end() - len(match[0]) % 4
        run = frame[match.start() : end]
        if len(set(run)) >= _VARIED:
            yield _UUID.sub(lifted.uuid, frame[at : match.start()])
            yield lifted.run(run)
            at = end
    yield _UUID.sub(lifted.uuid, frame[at:])


class _Lifted:
    """What was lifted out of a frame so far, in the order of its marks."""

    def __init__(self, times: Counter[bytes]) -> None:
        self._often = {uuid for uuid, found in times.items() if found > _OFTEN}
        self._uuids: dict[bytes, int] = {}
        self._runs: dict[bytes, int] = {}
        self._numbers: list[int] = []
        self.marks = bytearray()

    def uuid(self, match: re.Match[bytes]) -> bytes:
        """What stands in the text for a UUID."""
        uuid = match[0]
        if uuid in self._often:
            return uuid
        count = len(self._uuids)
        number = self._uuids.setdefault(uuid, count)
        back = count - number
        if back > _BACK:
            self.marks.append(_NUMBERED)
            self._numbers.append(number)
        else:
            self.marks.append(back or _NEW)
        return _MARK

    def run(self, run: bytes) -> bytes:
        """What stands in the text for a run of base64."""
        self.marks.append(_RUN)
        self._numbers.append(self._runs.setdefault(run, len(self._runs)))
        return _MARK

    def behind(self) -> Iterator[bytes]:
        """What stands behind the text."""
        yield bytes(self.marks)
        yield struct.pack(f"<{len(self._numbers)}I", *self._numbers)
        for column in zip(*(uuid.split(b"-") for uuid in self._uuids), strict=True):
            yield bytes.fromhex(b"".join(column).decode())
        runs = [b64decode(run) for run in self._runs]
        yield from runs
        yield struct.pack(f"<{len(runs)}I", *map(len, runs))
        yield _COUNTS.pack(len(self.marks), len(self._numbers), len(self._uuids), len(runs))


def lower(data: bytes, largest: int) -> bytes:
    """The inverse of ``lift``.

    Args:
        largest: the bytes that a frame may have.

    Raises:
        DamagedLifting: ``lift`` did not make this, or not of a frame so small.
    """
    try:
        return _lowered(data, largest)
    except (LookupError, ValueError, StopIteration, struct.error) as problem:
        raise DamagedLifting(f"a lifted frame of {len(data):,} bytes: {problem}") from None


def _lowered(data: bytes, largest: int) -> bytes:
    at = len(data) - _COUNTS.size
    count_of_marks, several, count, of_runs = _COUNTS.unpack_from(data, at)
    at -= 4 * of_runs
    ends = list(accumulate(struct.unpack_from(f"<{of_runs}I", data, at), initial=0))
    at -= ends[-1]
    runs = [b64encode(data[at + first : at + end]) for first, end in pairwise(ends)]
    at -= 16 * count
    uuids = _written(data, at, count)
    at -= 4 * several
    numbers = iter(struct.unpack_from(f"<{several}I", data, at))
    end = at - count_of_marks
    start = text_at(data)
    if not start <= end:
        raise ValueError("more was lifted than it holds")
    marks = data[end:at]
    # A comprehension over the marks would take as long as decompressing: all runs in C instead.
    lifted = accumulate(marks.translate(_IS_NEW))
    meant = list(map([*uuids, b""].__getitem__, map(sub, lifted, marks.translate(_HOW_FAR))))
    for found in _APART.finditer(marks):
        meant[found.start()] = (uuids if found[0][0] == _NUMBERED else runs)[next(numbers)]
    parts: list[bytes | memoryview] = [b""] * (2 * len(marks) + 1)
    parts[::2], parts[1::2] = _between(data, start, end), meant
    if (size := start + sum(map(len, parts))) > largest:  # a run may be meant again and again
        raise ValueError(f"it was {size:,} bytes; at most {largest:,} are read")
    return b"".join((data[:start], *parts))


def _between(data: bytes, start: int, end: int) -> list[memoryview]:
    """What stands before, between and behind the marks of a text."""
    view, find = memoryview(data), data.find
    pieces = []
    while (mark := find(_MARK, start, end)) >= 0:
        pieces.append(view[start:mark])
        start = mark + 1
    return [*pieces, view[start:end]]


def _written(data: bytes, at: int, count: int) -> list[bytes]:
    """UUIDs as they are written, from their columns."""
    if not count:
        return []
    columns = []
    for width in _COLUMNS:
        column = data[at : at + width * count]
        columns.append(column.hex("-", width).encode().split(b"-"))
        at += width * count
    return list(map(b"-".join, zip(*columns, strict=True)))
