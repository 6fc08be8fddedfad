"""The lines of a transcript file, as they came."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, NamedTuple


class Line(NamedTuple):
    """One line, without its line feed."""

    offset: int
    """Where it begins in the file, in bytes."""
    data: bytes
    terminated: bool
    """False for a last line without line feed: its writer may not have finished it."""

    @property
    def end(self) -> int:
        """Where the next line begins: the ``start`` to read on from."""
        return self.offset + len(self.data) + self.terminated


def read_lines(file: BinaryIO, start: int = 0, *, chunk_size: int = 1 << 18) -> Iterator[Line]:
    r"""Split a file on ``\n`` and on nothing else, so that every byte lies in one line.

    Holds one chunk and one line at a time, however long the file is. What is no JSON object is for
    ``recovery.recover``.

    Args:
        file: opened for reading bytes; best unbuffered.
        start: the offset of a line, to read on from there.
        chunk_size: bytes asked of the file at once.

    Raises:
        OSError: the file cannot be read.
    """
    if start:
        file.seek(start)
    offset = start
    begun = BytesIO()  # gives its bytes without a second copy, which a line of 300 MB would notice
    while chunk := file.read(chunk_size):
        lines = chunk.split(b"\n")
        begun.write(lines[0])
        if len(lines) == 1:
            continue
        lines[0] = begun.getvalue()
        begun = BytesIO()
        begun.write(lines.pop())
        for data in lines:
            yield Line(offset, data, True)
            offset += len(data) + 1
    if rest := begun.getvalue():
        yield Line(offset, rest, False)
