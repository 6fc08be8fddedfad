"""Removing bodies for good, and putting others in their place: nothing that held them is left."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import delete, select, update

from ....domain.batch import Memory
from ....domain.errors import Refused
from ....domain.events import FileKept
from ....domain.keys import SessionKey
from ....domain.session import SessionState
from ..contract.values import Content, Stream
from ..encoding.blocks import Block, BlockCodec, needs_care, unpack_versions
from ..encoding.chain import body_hash
from ..encoding.json_bytes import decode
from ..encoding.salts import new_salt, replaced, without
from ..encryption.files import file_id
from .forks import is_a
from .heads import Heads, sealed_head
from .permits import Permitting
from .schema import OTHER, blocks, events, files, sdk_summaries, snapshots, streams

_BLOCK = select(*(blocks.c[name] for name in Block._fields))


class Removing(Permitting):
    """Removes and replaces bodies, as a part of the transaction."""

    codec: BlockCodec
    _heads: Heads

    def find(self, key: SessionKey) -> Stream | None:
        raise NotImplementedError

    def forks(self, stream: Stream) -> list[SessionKey]:
        raise NotImplementedError

    def _bodies_between(
        self, stream: int, first: int, last: int, content: Content
    ) -> dict[int, bytes]:
        raise NotImplementedError

    def _bodies_changed(self) -> None:
        raise NotImplementedError

    def _folded(self, stream: Stream) -> SessionState:
        raise NotImplementedError

    def remove_bodies(self, stream: Stream, versions: Collection[int] | None = None) -> int:
        """Remove bodies, and all that was made of them; see ``contract``."""
        pointed = set(self._files_of(stream.id, versions))
        with self._permit("remove"):
            removed = self._remove(stream.id, versions)
        self._bodies_changed()
        self.forget_files(pointed)
        if versions is None:
            self.codec.cipher.renew(stream.key.stream_id)
        # The salt goes too: lines without uuid are known by a hash of their content made with it.
        state = self._forget(stream, 0, Memory(os.urandom(16)))
        if versions is not None:  # else the erasure clears it, and read models see what goes
            stream.state = state
        return removed

    def forget_files(self, digests: Collection[str]) -> None:
        """Remove kept files that no session points to any more; see ``contract``."""
        if left := digests and set(digests) - set(self._files_of()):
            known = [file_id(self.codec.cipher, bytes.fromhex(digest)) for digest in left]
            self._run(delete(files).where(files.c.digest.in_(known)))

    def replace_body(self, stream: Stream, version: int, body: bytes) -> str:
        """Put another body in the place of one; see ``contract``."""
        block = next(self._blocks_with(stream.id, {version}), None)
        if block is None:
            raise Refused(f"version {version} has no content that could be replaced")
        block = self.codec.plain(block)
        careful = bool(block.careful) or (block.sort != OTHER and needs_care(body))
        numbers, salt = block.numbers(), new_salt()
        held = self.codec.bodies(block)
        bodies = [body if number == version else data for number, data, _ in held]
        seed = replaced(block.seed, numbers, version, salt)
        with self._permit("replace"):
            self._rewrite(block, numbers, bodies, seed, careful)
        self._bodies_changed()
        memory = Memory(stream.memory.salt, prompt_id=stream.memory.prompt_id)
        stream.state = self._forget(stream, version if block.sort == OTHER else None, memory)
        return body_hash(salt, version, body).hex()

    # -- blocks --------------------------------------------------------------------------------

    def _remove(self, stream: int, versions: Collection[int] | None) -> int:
        if versions is not None:
            gone = frozenset(versions)
            return sum(self._cut(block, gone) for block in self._blocks_with(stream, gone))
        held = select(blocks.c.first, blocks.c.last, blocks.c.versions)
        removed = [len(unpack_versions(*row)) for row in self._asked(_of(stream, held))]
        self._run(delete(blocks).where(blocks.c.stream == stream))
        return sum(removed)

    def _blocks_with(self, stream: int, versions: Collection[int]) -> Iterator[Block]:
        """The blocks that hold any of some versions, one after another."""
        if not versions:
            return
        around = select(blocks.c.id).where(
            blocks.c.first <= max(versions), blocks.c.last >= min(versions)
        )
        for (number,) in self._asked(_of(stream, around)):
            (row,) = self._asked(_BLOCK.where(blocks.c.id == number))
            block = Block._make(row)
            if not set(block.numbers()).isdisjoint(versions):
                yield block

    def _cut(self, block: Block, versions: Collection[int]) -> int:
        numbers = block.numbers()
        gone = set(numbers).intersection(versions)
        if len(gone) == len(numbers):
            self._run(delete(blocks).where(blocks.c.id == block.id))
            return len(gone)
        block = self.codec.plain(block)
        kept = [body for body in self.codec.bodies(block) if body.version not in gone]
        left = [body.version for body in kept]
        seed = without(block.seed, numbers, gone)
        self._rewrite(block, left, [body.data for body in kept], seed, bool(block.careful))
        return len(gone)

    def _rewrite(
        self, block: Block, versions: list[int], bodies: list[bytes], seed: bytes, careful: bool
    ) -> None:
        compress = self.codec.squeeze if block.is_packed else self.codec.compress
        place = block.stream, block.sort, block.branch
        row = self.codec.seal(*place, versions, compress(bodies), seed, careful)
        values = dict(zip(Block._fields[1:], row, strict=True))
        self._run(update(blocks).where(blocks.c.id == block.id).values(values))

    # -- what was made of bodies ---------------------------------------------------------------

    def _forget(self, stream: Stream, after: int | None, memory: Memory) -> SessionState:
        """Drop what a stream remembers of its last batches, and what the SDK made of it.

        Args:
            after: also what the events after a version add up to: states hold titles and paths.

        Returns:
            What the events add up to now.
        """
        numbers = [stream.id, *self._descendants(stream)]
        self._run(delete(sdk_summaries).where(sdk_summaries.c.stream.in_(numbers)))
        if after is not None:
            late = (snapshots.c.stream == stream.id, snapshots.c.version >= after)
            self._run(delete(snapshots).where(*late))
        state = stream.state if after is None else self._folded(stream)
        stream.memory = memory
        head = sealed_head(self.codec.cipher, stream.version, state, memory)
        self._heads.keep(stream.id, head)
        values = {"state": head.state_bytes, "memory": head.memory_bytes}
        self._run(update(streams).where(streams.c.id == stream.id).values(values))
        return state

    def _descendants(self, stream: Stream) -> list[int]:
        found: dict[int, None] = {}
        waiting = [stream]
        while waiting:
            for key in self.forks(waiting.pop()):
                fork = self.find(key)
                if fork is not None and fork.id not in found:
                    found[fork.id] = None
                    waiting.append(fork)
        return list(found)

    def _files_of(
        self, stream: int | None = None, versions: Collection[int] | None = None
    ) -> Iterator[str]:
        """The digests of the kept files that a stream, or any, still points to."""
        told = select(events.c.stream, events.c.version).where(is_a(FileKept.TOPIC))
        if stream is not None:
            told = told.where(events.c.stream == stream)
        for number, version in self._asked(told):
            if versions is not None and version not in versions:
                continue
            body = self._bodies_between(number, version, version, "notes").get(version)
            content: Any = decode(body, True) if body is not None else {}
            if digest := content.get("digest"):
                yield digest


def _of(stream: int, statement: Any) -> Any:
    return statement.where(blocks.c.stream == stream).order_by(blocks.c.id)
