"""How frames are compressed: a codec for each block, small frames with a dictionary.

Every compressed frame is a complete Zstandard frame: its header gives the size, its end a checksum.
A dictionary is named beside the data, never inside.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from importlib import resources

import zstandard

from ....domain.errors import StorageError
from .lifting import lift, lower

RAW, ZSTD, ZSTD_DICTIONARY, PACKED, PACKED_DICTIONARY, LIFTED, LIFTED_DICTIONARY = range(7)
"""The codecs. Numbers are never given a second meaning: what was written stays readable. The packed
ones are read like the two before; they tell that there is nothing left to gain. The lifted ones are
packed, too, and hold what ``lifting`` made of the frame."""

SHIPPED = 1
"""The dictionary that new blocks are compressed with, the file ``entries-1.dict``."""

MEDIUM = 128 << 10
"""Bytes of a frame up to which the dictionary is worth its time, at level 1. (Level 3 with it takes
twice as long, because its tables do not stay in the processor's caches between two appends, and
saves 4 %; level 3 without it is both larger and slower. In a large frame nothing of the dictionary
is left to gain.)"""

LARGEST = 1 << 30
"""Bytes of the largest frame; a header that claims more is not believed."""


SMALL = 19
"""The level of what is packed: written once, then only read. (Level 22 saves nothing more within
the window of a megabyte, and takes half as long again.)"""

FOR_GOOD = (PACKED, PACKED_DICTIONARY, LIFTED, LIFTED_DICTIONARY)

_ALONE = (ZSTD, PACKED, LIFTED)
_WITH_DICTIONARY = {codec: codec not in _ALONE for codec in (ZSTD, ZSTD_DICTIONARY, *FOR_GOOD)}


class UnknownDictionary(StorageError):
    """A block was compressed with a dictionary that is not there."""


class DamagedBlock(StorageError):
    """A block that cannot be decompressed."""


class Compressor:
    """Compresses and decompresses frames; any number of threads may use one."""

    def __init__(self, level: int = 3) -> None:
        """Takes a Zstandard level, from 1 (fast) to 19 (small)."""
        self.level = level
        self._own = _Contexts()

    def compress(self, frame: bytes) -> tuple[int, int | None, bytes]:
        """Compress a frame as its size suggests.

        Returns:
            The codec, the id of the dictionary if the codec takes one, and the data.

        Raises:
            StorageError: the frame is larger than ``LARGEST``.
        """
        if len(frame) > LARGEST:
            raise StorageError(f"a frame of {len(frame):,} bytes; at most {LARGEST:,} are stored")
        dictionary = SHIPPED if len(frame) < MEDIUM else None
        level = 1 if len(frame) < MEDIUM and self.level <= 3 else self.level
        data = self._own.compressor(dictionary, level).compress(frame)
        if len(data) >= len(frame):
            return RAW, None, frame
        return (ZSTD if dictionary is None else ZSTD_DICTIONARY), dictionary, data

    def squeeze(self, frame: bytes) -> tuple[int, int | None, bytes]:
        """Compress a frame as small as can be, whatever time that takes.

        Returns:
            As ``compress`` does; the codec is one of the packed ones.

        Raises:
            StorageError: the frame is larger than ``LARGEST``.
        """
        if len(frame) > LARGEST:
            raise StorageError(f"a frame of {len(frame):,} bytes; at most {LARGEST:,} are stored")
        lifted = lift(frame)
        data = frame if lifted is None else lifted
        alone, prepared = FOR_GOOD[:2] if lifted is None else FOR_GOOD[2:]
        plain = self._own.compressor(None, SMALL).compress(data)
        # Even of a megabyte it saves a hundredth: the beginning has nothing before it to point to.
        with_dictionary = self._own.compressor(SHIPPED, SMALL).compress(data)
        if len(plain) <= len(with_dictionary):
            return alone, None, plain
        return prepared, SHIPPED, with_dictionary

    def decompress(self, codec: int, dictionary: int | None, data: bytes) -> bytes:
        """What ``compress`` was given.

        Raises:
            DamagedBlock: these are not the bytes that ``compress`` or ``squeeze`` returned.
            DamagedLifting: nor are these, and yet they could be decompressed.
            UnknownDictionary: there is no dictionary of that id.
        """
        if codec == RAW:
            return data
        if _WITH_DICTIONARY.get(codec) is not (dictionary is not None):
            raise DamagedBlock(
                f"codec {codec} with dictionary {dictionary}: this release knows 0 (raw), "
                "1, 3 and 5 (Zstandard), 2, 4 and 6 (Zstandard with a dictionary)"
            )
        decompressor = self._own.decompressor(dictionary)
        try:
            size = zstandard.get_frame_parameters(data).content_size
            if size > LARGEST:  # as it is when the header does not say
                raise DamagedBlock(f"the block claims {size:,} bytes; at most {LARGEST:,} are read")
            found = decompressor.decompress(data, allow_extra_data=False)
        except (zstandard.ZstdError, MemoryError) as error:
            raise DamagedBlock(f"the block of {len(data)} bytes is damaged: {error}") from None
        return lower(found, LARGEST) if codec in (LIFTED, LIFTED_DICTIONARY) else found


class _Contexts(threading.local):
    """A thread's own contexts: those of zstandard serve one thread at a time."""

    def __init__(self) -> None:
        self._compressors: dict[tuple[int | None, int], zstandard.ZstdCompressor] = {}
        self._decompressors: dict[int | None, zstandard.ZstdDecompressor] = {}

    def compressor(self, dictionary: int | None, level: int) -> zstandard.ZstdCompressor:
        key = (dictionary, level)
        if key not in self._compressors:
            self._compressors[key] = zstandard.ZstdCompressor(
                level=level,
                dict_data=None if dictionary is None else _prepared(dictionary, level),
                write_checksum=True,
                write_dict_id=False,
            )
        return self._compressors[key]

    def decompressor(self, dictionary: int | None) -> zstandard.ZstdDecompressor:
        if dictionary not in self._decompressors:
            self._decompressors[dictionary] = zstandard.ZstdDecompressor(
                dict_data=None if dictionary is None else _dictionary(dictionary)
            )
        return self._decompressors[dictionary]


@lru_cache(maxsize=8)
def _prepared(dictionary: int, level: int) -> zstandard.ZstdCompressionDict:
    prepared = zstandard.ZstdCompressionDict(_dictionary(dictionary).as_bytes())
    prepared.precompute_compress(level=level)
    return prepared


@lru_cache(maxsize=8)
def _dictionary(dictionary: int) -> zstandard.ZstdCompressionDict:
    try:
        data = resources.files(__package__).joinpath(f"entries-{dictionary}.dict").read_bytes()
    except FileNotFoundError:
        raise UnknownDictionary(
            f"no dictionary {dictionary}; a later release may bring it: update turnlog"
        ) from None
    return zstandard.ZstdCompressionDict(data)
