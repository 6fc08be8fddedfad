"""Reading the entries of a stream: their headers, and their bodies out of blocks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Any

from ....domain.lineage import Segment
from ....domain.points import Head
from ..contract.values import Body, Stream
from ..encoding.blocks import Block, BlockCodec
from ..encoding.frames import Frame
from .schema import ENTRIES, FOREVER, LATE, OTHER
from .statements import Statements


class EntryReader:
    """Reads entries, as a part of a look at the log."""

    cursor: Any
    codec: BlockCodec
    _sql: Statements
    _opened: tuple[int, Frame, list[int]] | None = None
    """The block that was opened last for one entry: its number, its bodies and their versions."""

    def heads(self, stream: Stream, segment: Segment) -> Iterator[Head]:
        """The headers of a segment's entries by version, those that came late left out."""
        upto = FOREVER if segment.upto is None else segment.upto
        self.cursor.execute(self._sql.heads, (stream.id, segment.branch, upto))
        return iter([Head(*row) for row in self.cursor.fetchall()])

    def all_heads(self, stream: Stream) -> Iterator[Head]:
        """The headers of all entries on every branch, by version."""
        self.cursor.execute(self._sql.all_heads, (stream.id,))
        return iter([Head(*row) for row in self.cursor.fetchall()])

    def late_heads(self, stream: Stream) -> list[Head]:
        """The headers of all entries that came late."""
        self.cursor.execute(self._sql.late_heads, (stream.id,))
        return [Head(*row) for row in self.cursor.fetchall()]

    def bodies(self, stream: Stream, segment: Segment) -> Iterator[Body]:
        """The entries of a segment by version, those that came late left out."""
        upto = FOREVER if segment.upto is None else segment.upto
        for block in self._blocks(stream.id, ENTRIES, segment.branch, upto):
            if block.last <= upto:
                yield from self.codec.bodies(block)
            else:
                yield from (b for b in self.codec.bodies(block) if b.version <= upto)

    def entries(self, stream: Stream, segment: Segment) -> Iterator[list[Any]]:
        """The same as objects, block by block: decoded together, they cost less."""
        upto = FOREVER if segment.upto is None else segment.upto
        for block in self._blocks(stream.id, ENTRIES, segment.branch, upto):
            yield self.codec.entries(block, upto)

    def _blocks(self, stream: int, sort: int, branch: int, upto: int) -> Iterator[Block]:
        # By chunks of blocks, so that a session of any size is read in bounded memory.
        after = -1
        while True:
            self.cursor.execute(self._sql.blocks_of_branch, (stream, sort, branch, after, upto, 32))
            rows = self.cursor.fetchall()
            yield from map(Block._make, rows)
            if len(rows) < 32:
                return
            after = rows[-1][4]

    def body(self, stream: Stream, version: int) -> Body | None:
        """The bytes of one entry; None where that version holds none, or they are erased."""
        # Nearly always the block that begins nearest has it; those of two branches may overlap.
        self.cursor.execute(self._sql.nearest_block, (stream.id, ENTRIES, version, 1))
        found = self._body_in(self.cursor.fetchall(), version)
        if found is None:
            self.cursor.execute(self._sql.blocks_around, (stream.id, ENTRIES, version, version))
            found = self._body_in(self.cursor.fetchall(), version)
        return found

    def _body_in(self, rows: Iterable[Any], version: int) -> Body | None:
        for block in map(Block._make, rows):
            if block.sort == OTHER or not block.first <= version <= block.last:
                continue
            if self._opened is None or self._opened[0] != block.id:
                # Whoever asks for one entry often asks for its neighbour next.
                self._opened = (block.id, *self.codec.opened(block))
            _, frame, numbers = self._opened
            place = bisect_left(numbers, version)
            if place < len(numbers) and numbers[place] == version:
                return Body(version, frame[place], bool(block.careful))
        return None

    def late_bodies(self, stream: Stream) -> dict[int, Body]:
        """The bodies of all entries that came late, by version."""
        self.cursor.execute(self._sql.blocks_of_sort, (stream.id, LATE))
        return {
            body.version: body
            for row in self.cursor.fetchall()
            for body in self.codec.bodies(Block._make(row))
        }
