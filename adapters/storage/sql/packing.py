"""Packing: the blocks of a stream are merged into large ones and compressed for good."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select

from ..contract.values import NOTHING_SQUEEZED, Packed, Repacked, Squeezed, Stream
from ..encoding.blocks import LARGEST, Block, BlockCodec
from ..encoding.compression import FOR_GOOD
from ..encoding.salts import merged
from ..encryption.cipher import SEALED
from .permits import Permitting
from .schema import FOREVER, OTHER, blocks
from .statements import Statements

_FOR_GOOD = (*FOR_GOOD, *(codec + SEALED for codec in FOR_GOOD))
_Group = list[tuple[Block, list[bytes]]]
"""Blocks that become one, with their bodies."""


class PackingReader:
    """Compresses ahead what a transaction will pack."""

    cursor: Any
    codec: BlockCodec
    _sql: Statements

    def _blocks(self, stream: int, sort: int, branch: int, upto: int) -> Iterator[Block]:
        raise NotImplementedError

    def squeezed(self, stream: Stream) -> Squeezed:
        """What packing would make of a stream; see ``contract``."""
        return {
            _made_of(group): self._squeeze(group)._replace(bodies=())
            for sort, branch in self._loose(stream.id)
            for group in self._groups(stream.id, sort, branch)
            if not _is_done(group)
        }

    def _squeeze(self, group: _Group) -> Packed:
        return self.codec.squeeze([body for _, bodies in group for body in bodies])

    def _loose(self, stream: int) -> list[tuple[int, int]]:
        """The sorts and branches that have blocks worth packing.

        A single one of notes is not: to say who packed leaves one behind.
        """
        statement = (
            select(blocks.c.sort, blocks.c.branch, func.count())
            .where(blocks.c.stream == stream, blocks.c.codec.not_in(_FOR_GOOD))
            .group_by(blocks.c.sort, blocks.c.branch)
            .order_by(blocks.c.sort, blocks.c.branch)
        )
        self.cursor.execute(*self._sql.once(statement))
        found = self.cursor.fetchall()
        return [(sort, branch) for sort, branch, count in found if sort != OTHER or count > 1]

    def _groups(self, stream: int, sort: int, branch: int) -> Iterator[_Group]:
        """The blocks that become one, in their order, until it holds a megabyte.

        Whole blocks are merged, never parts: a secret that salts were made from lies in one block
        alone, so that it is gone when that is rewritten. What is packed already is taken up again
        only if there is room in it.
        """
        group: _Group = []
        size = 0
        for block in map(self.codec.plain, self._blocks(stream, sort, branch, FOREVER)):
            bodies = [body.data for body in self.codec.bodies(block)]
            more = sum(map(len, bodies))
            if group and (size >= LARGEST or not _alike(group[0][0], block)):
                yield group
                group, size = [], 0
            group.append((block, bodies))
            size += more
        if group:
            yield group


class Packing(PackingReader, Permitting):
    """Packs streams, as a part of the transaction."""

    def _bodies_changed(self) -> None:
        raise NotImplementedError

    def pack(self, stream: Stream, squeezed: Squeezed = NOTHING_SQUEEZED) -> Repacked:
        """Merge a stream's blocks into some of about a megabyte; see ``contract``."""
        places = self._loose(stream.id)
        before = self._extent(stream.id)
        if not places:
            return Repacked(before.blocks, before.blocks, before.size, before.size)
        with self._permit("pack"):
            for sort, branch in places:
                for group in self._groups(stream.id, sort, branch):
                    if not _is_done(group):
                        ready = squeezed.get(_made_of(group)) if squeezed else None
                        self._merge(group, ready or self._squeeze(group))
        self._bodies_changed()
        after = self._extent(stream.id)
        return Repacked(before.blocks, after.blocks, before.size, after.size)

    def _extent(self, stream: int) -> _Extent:
        size = func.coalesce(func.sum(func.length(blocks.c.data)), 0)
        statement = select(func.count(), size).where(blocks.c.stream == stream)
        ((count, total),) = self._asked(statement)
        return _Extent(count, int(total))

    def _merge(self, group: _Group, packed: Packed) -> None:
        first, last = group[0][0], group[-1][0]
        place = (
            blocks.c.stream == first.stream,
            blocks.c.sort == first.sort,
            blocks.c.branch == first.branch,
        )
        between = blocks.c.first.between(first.first, last.first)
        self._run(delete(blocks).where(*place, between))
        row = self.codec.seal(
            first.stream,
            first.sort,
            first.branch,
            [version for block, _ in group for version in block.numbers()],
            packed,
            merged([(block.seed, len(bodies)) for block, bodies in group]),
            any(block.careful for block, _ in group),
        )
        self.cursor.execute(self._sql.append_block, row)


class _Extent(NamedTuple):
    blocks: int
    size: int


def _is_done(group: _Group) -> bool:
    return len(group) == 1 and group[0][0].is_packed


def _made_of(group: _Group) -> bytes:
    """What tells whether blocks are still those that were compressed ahead."""
    made = sha256()
    for block, _ in group:
        made.update(b"%d %d " % (block.id, len(block.data)))
        made.update(block.data)
    return made.digest()


def _alike(one: Block, other: Block) -> bool:
    """Whether merging makes neither slower to read: a careful one is decoded entry by entry."""
    return one.sort == OTHER or one.careful == other.careful
