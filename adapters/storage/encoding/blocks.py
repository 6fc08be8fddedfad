"""Blocks: the bodies of one append, framed and compressed together."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from ....domain.errors import DamagedEvent, KeysNeeded, NotJson, Refused, TurnlogError
from ..contract.values import Body, Packed
from ..damage import UNREADABLE, damaged
from ..encryption.blocks import opened_block, sealed_row
from ..encryption.cipher import PLAIN, Cipher
from .compression import FOR_GOOD, RAW, Compressor
from .frames import Frame, pack, unpack
from .json_bytes import decode, decode_all, encode
from .salts import salts

LARGEST = 1 << 20
"""Bytes of bodies after which an append goes on in another block."""


MOST = 1 << 24
"""Versions that no block reaches: a larger number is not believed."""


class Block(NamedTuple):
    """A row of the table ``blocks``."""

    id: int
    stream: int
    sort: int
    branch: int
    first: int
    last: int
    versions: bytes | None
    careful: int
    codec: int
    dictionary: int | None
    seed: bytes
    data: bytes

    def numbers(self) -> list[int]:
        """The versions whose bodies it holds."""
        return unpack_versions(self.first, self.last, self.versions)

    @property
    def is_packed(self) -> bool:
        """Whether it was merged and compressed for good."""
        return self.codec in FOR_GOOD

    def salts(self) -> dict[int, bytes]:
        """The salt of each body, by version.

        Raises:
            DamagedEvent: these are not the salts of so many bodies.
        """
        numbers = self.numbers()
        try:
            return dict(zip(numbers, salts(self.seed, numbers), strict=True))
        except UNREADABLE as problem:
            raise _damaged(self, problem) from problem


def pack_versions(versions: Sequence[int]) -> bytes | None:
    """Ascending versions as steps; None where they follow one another."""
    steps = [b - a for a, b in pairwise(versions)]
    if all(step == 1 for step in steps):
        return None
    largest = max(steps)
    kind = "B" if largest < 1 << 8 else "H" if largest < 1 << 16 else "I"
    packed = array(kind, steps)
    return kind.encode() + packed.tobytes()


def unpack_versions(first: int, last: int, packed: bytes | None) -> list[int]:
    """The inverse of ``pack_versions``.

    Raises:
        DamagedEvent: these are no versions of one block.
    """
    if not 0 <= last - first < MOST:
        raise DamagedEvent(f"a block cannot hold the versions {first} to {last}")
    if packed is None:
        return list(range(first, last + 1))
    steps = array(packed[:1].decode())
    steps.frombytes(packed[1:])
    numbers = list(accumulate(steps, initial=first))
    if numbers[-1] != last:
        raise DamagedEvent(f"a block to version {last} holds some to version {numbers[-1]}")
    return numbers


class OpenBlock(Block):
    """A block that was plain, or was decrypted."""

    __slots__ = ()


class BlockCodec:
    """Makes blocks of bodies and bodies of blocks."""

    cipher: Cipher = PLAIN
    threshold = 0
    """Bytes of bodies from which on they are compressed."""

    def __init__(self, level: int = 3) -> None:
        self._compressor = Compressor(level=level)
        self.names: dict[int, str] = {}
        """The text ids of the streams used last, by number: under which name a block is sealed."""

    def compress(self, bodies: Sequence[bytes]) -> Packed:
        """Frame and compress bodies; no lock is needed for it."""
        if _size(bodies) < self.threshold:
            return Packed(bodies, RAW, None, pack(bodies))
        codec, dictionary, data = self._compressor.compress(pack(bodies))
        return Packed(bodies, codec, dictionary, data)

    def suits(self, packed: Packed) -> bool:
        """Whether bodies that were compressed elsewhere are as ``compress`` would have them."""
        return packed.codec == RAW or _size(packed.bodies) >= self.threshold

    def squeeze(self, bodies: Sequence[bytes]) -> Packed:
        """The same as small as can be, for bodies that will hardly change any more."""
        codec, dictionary, data = self._compressor.squeeze(pack(bodies))
        return Packed(bodies, codec, dictionary, data)

    def seal(
        self,
        stream: int,
        sort: int,
        branch: int,
        versions: Sequence[int],
        packed: Packed,
        seed: bytes,
        careful: bool,
    ) -> tuple[object, ...]:
        """A row for ``blocks``, without the id."""
        row = (
            stream,
            sort,
            branch,
            versions[0],
            versions[-1],
            pack_versions(versions),
            int(careful),
            packed.codec,
            packed.dictionary,
            seed,
            packed.data,
        )
        return sealed_row(self.cipher, self.names[stream], row) if self.cipher.encrypted else row

    def plain(self, block: Block) -> OpenBlock:
        """A block decrypted, where it is encrypted, with its salts.

        Raises:
            DamagedEvent: it cannot be decrypted; the message names the versions.
            KeysNeeded: the log is encrypted, and the keys were not given.
        """
        if isinstance(block, OpenBlock):
            return block
        try:
            return OpenBlock._make(opened_block(self.cipher, block))
        except KeysNeeded:
            raise
        except (TurnlogError, *UNREADABLE) as problem:
            raise _damaged(block, problem) from problem

    def bodies(self, block: Block) -> Iterator[Body]:
        """What a block holds, by version.

        Raises:
            DamagedEvent: it cannot be decoded; the message names the versions.
        """
        frame, numbers = self._open(block)
        careful = bool(block.careful)
        for version, data in zip(numbers, frame, strict=True):
            yield Body(version, data, careful)

    def between(self, block: Block, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """The bodies of the versions from one to another, cut out alone.

        Raises:
            DamagedEvent: as ``bodies`` does.
        """
        frame, numbers = self.opened(block)
        for place in range(bisect_left(numbers, first), bisect_right(numbers, last)):
            yield numbers[place], frame[place]

    def opened(self, block: Block) -> tuple[Frame, list[int]]:
        """What a block holds, decompressed, and the versions in it.

        Raises:
            DamagedEvent: as ``bodies`` does.
        """
        return self._open(block)

    def entries(self, block: Block, upto: int) -> list[Any]:
        """The entries of a block up to a version, as objects.

        Raises:
            DamagedEvent: as ``bodies`` does.
        """
        if block.careful or block.last > upto:
            return [read_entry(body) for body in self.bodies(block) if body.version <= upto]
        frame, _ = self._open(block)
        try:
            return decode_all(frame.array, len(frame))
        except NotJson as problem:
            raise _damaged(block, problem) from problem

    def _open(self, block: Block) -> tuple[Frame, list[int]]:
        block = self.plain(block)
        try:
            frame = unpack(self._compressor.decompress(block.codec, block.dictionary, block.data))
            numbers = block.numbers()
            if len(frame) != len(numbers):
                raise DamagedEvent(f"{len(frame)} bodies where {len(numbers)} are expected")
        except (TurnlogError, *UNREADABLE) as problem:
            raise _damaged(block, problem) from problem
        return frame, numbers


def _size(bodies: Sequence[bytes]) -> int:
    return sum(map(len, bodies))


def _damaged(block: Block, problem: Exception) -> DamagedEvent:
    where = f"the content of versions {block.first} to {block.last} (block {block.id})"
    return damaged(where, problem)


def read_entry(body: Body) -> Any:
    """A recorded entry as an object.

    Raises:
        DamagedEvent: its bytes are no JSON.
    """
    try:
        if body.careful:
            # Canonical JSON has no raw line end; behind one stands the line as it was found.
            return decode(body.data.partition(b"\n")[0], True)
        return decode(body.data, False)
    except NotJson as problem:
        raise damaged(f"the entry of version {body.version}", problem) from problem


def needs_care(body: bytes) -> bool:
    """Whether an entry's bytes are for the careful decoder.

    Raises:
        Refused: they are no JSON.
    """
    try:
        data, careful = encode(decode(body, True))
    except NotJson as problem:
        raise Refused(f"an entry can be replaced by JSON alone: {problem}") from problem
    return careful or data != body
