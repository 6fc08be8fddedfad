"""Blocks: small frames are compressed with the shipped dictionary, large ones without."""

from __future__ import annotations

import hashlib
import os
import random
from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import orjson
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.dictionary.entries import Entries
from tests.support import workload
from turnlog.adapters.storage.encoding import compression
from turnlog.adapters.storage.encoding.compression import (
    MEDIUM,
    RAW,
    SHIPPED,
    ZSTD,
    ZSTD_DICTIONARY,
    Compressor,
    DamagedBlock,
    UnknownDictionary,
)
from turnlog.adapters.storage.encoding.frames import pack
from turnlog.domain.errors import StorageError


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return [orjson.dumps(entry) for entry in workload.entries(1_000, seed=21)]


def text(length: int) -> bytes:
    return b"".join(b'{"n":%d},' % n for n in range(length // 8))[:length]


@pytest.mark.parametrize(
    ("frame", "codec"),
    [
        (b"", RAW),
        (b"x", RAW),
        (os.urandom(5_000), RAW),
        (os.urandom(500_000), RAW),
        (text(100), ZSTD_DICTIONARY),
        (text(16_000), ZSTD_DICTIONARY),
        (text(MEDIUM - 1), ZSTD_DICTIONARY),
        (text(MEDIUM), ZSTD),
        (text(3_000_000), ZSTD),
    ],
)
@pytest.mark.parametrize("level", [1, 3, 9])
def test_the_codec_follows_from_size_and_gain(frame: bytes, codec: int, level: int) -> None:
    compressor = Compressor(level)
    block = compressor.compress(frame)
    assert block[0] == codec
    assert block[1] == (SHIPPED if codec == ZSTD_DICTIONARY else None)
    assert len(block[2]) <= len(frame)
    assert Compressor().decompress(*block) == frame


@settings(deadline=None)
@given(st.binary(max_size=3_000), st.integers(1, 50))
def test_a_frame_comes_back_as_it_was(data: bytes, times: int) -> None:
    compressor = Compressor()
    assert compressor.decompress(*compressor.compress(data * times)) == data * times


def test_entries_take_a_quarter_of_their_bytes(lines: list[bytes]) -> None:
    compressor = Compressor()
    plain = zstandard.ZstdCompressor(level=3)

    def stored(size: int) -> tuple[float, float]:
        packed = [pack(batch) for batch in workload.batches(lines, size)]
        ours = sum(len(compressor.compress(frame)[2]) for frame in packed)
        theirs = sum(len(plain.compress(frame)) for frame in packed)
        return ours / sum(map(len, lines)), theirs / sum(map(len, lines))

    alone, alone_plain = stored(1)
    assert alone < 0.85 * alone_plain
    assert alone < 0.40
    assert stored(20)[0] < 0.28


def test_a_shipped_dictionary_never_changes() -> None:
    """What must never happen: another dictionary under the same number; no old block is read."""
    data = (
        resources.files("turnlog.adapters.storage.encoding").joinpath("entries-1.dict").read_bytes()
    )
    assert hashlib.sha256(data).hexdigest() == (
        "c0b057ff70bdc4223e8589265bc7ab1310c105385ba0240070be28ad41339758"
    )


MODE = b'\x01\x01/[{"type":"mode","mode":"normal","sessionId":"s"}]'


@pytest.mark.parametrize(
    ("codec", "dictionary", "data", "frame"),
    [
        (0, None, "0100", b"\x01\x00"),
        (1, None, "28b52ffd24a07d0000407475726e6c6f672001009551850b969969c7", b"turnlog " * 20),
        (2, 1, "28b52ffd24349d00003801012f73227d5d02fc040bc2c03b83139c06c0e4023a", MODE),
        (3, None, "28b52ffd24a0850000487475726e6c6f672074010094d43d02969969c7", b"turnlog " * 20),
        (4, 1, "28b52ffd24348500004001012f5b73227d5d01000916cc4104c0e4023a", MODE),
    ],
)
def test_blocks_of_every_release_are_read(
    codec: int, dictionary: int | None, data: str, frame: bytes
) -> None:
    """What must never happen: a new release cannot read what an earlier one stored."""
    assert Compressor().decompress(codec, dictionary, bytes.fromhex(data)) == frame


def test_a_dictionary_that_is_not_there_is_named() -> None:
    codec, _, data = Compressor().compress(text(1_000))
    with pytest.raises(UnknownDictionary, match="no dictionary 99"):
        Compressor().decompress(codec, 99, data)


@pytest.mark.parametrize(
    ("codec", "dictionary"), [(7, None), (-1, None), (ZSTD, 1), (2, None), (5, 1), (6, None)]
)
def test_an_unknown_codec_is_named(codec: int, dictionary: int | None) -> None:
    with pytest.raises(DamagedBlock, match=f"codec {codec} with dictionary {dictionary}"):
        Compressor().decompress(codec, dictionary, b"")


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from([100, 3_000, MEDIUM]))
def test_a_damaged_block_is_never_read_as_something_else(data: st.DataObject, size: int) -> None:
    """What must never happen: a flipped bit on the disk changes what somebody said."""
    frame = text(size)
    codec, dictionary, block = Compressor().compress(frame)
    changed = bytearray(block)
    at = data.draw(st.integers(0, len(block) - 1))
    changed[at] ^= data.draw(st.integers(1, 255))
    cut = block[: data.draw(st.integers(0, len(block) - 1))]
    for damaged in (bytes(changed), cut, block + b"x", block + block):
        try:
            found = Compressor().decompress(codec, dictionary, damaged)
        except DamagedBlock:
            continue
        assert found == frame


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([(ZSTD, None), (ZSTD_DICTIONARY, SHIPPED)]))
def test_any_bytes_are_a_block_or_damaged(data: bytes, named: tuple[int, int | None]) -> None:
    for damaged in (data, b"\x28\xb5\x2f\xfd" + data, b"\x50\x2a\x4d\x18" + data):
        try:
            Compressor().decompress(*named, damaged)
        except DamagedBlock:
            continue


@pytest.mark.parametrize(
    "header",
    [
        b"\x28\xb5\x2f\xfd\xe0" + (1 << 40).to_bytes(8, "little"),  # claims a terabyte
        b"\x28\xb5\x2f\xfd\x00\x58",  # claims nothing
    ],
)
def test_a_header_is_not_believed_beyond_reason(header: bytes) -> None:
    """What must never happen: thirteen damaged bytes ask for a terabyte of memory."""
    with pytest.raises(DamagedBlock, match="at most 1,073,741,824 are read"):
        Compressor().decompress(ZSTD, None, header + b"\x01\x00\x00")


def test_a_frame_that_could_not_be_read_again_is_not_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compression, "LARGEST", 10)
    with pytest.raises(StorageError, match="a frame of 11 bytes; at most 10 are stored"):
        Compressor().compress(b"x" * 11)


def test_the_dictionary_is_trained_on_the_same_text_every_time() -> None:
    first, again = Entries(3), Entries(3)
    entries = [first.entry() for _ in range(500)]
    assert entries == [again.entry() for _ in range(500)]
    assert {entry["type"] for entry in entries} >= {"assistant", "user", "attachment", "system"}


def test_threads_share_a_compressor(lines: list[bytes]) -> None:
    """What must never happen: two threads mix their frames in one context."""
    compressor = Compressor()
    frames = [pack(batch) for size in (1, 7, 90) for batch in workload.batches(lines, size)] * 3
    random.Random(1).shuffle(frames)

    def round_trip(frame: bytes) -> bool:
        return compressor.decompress(*compressor.compress(frame)) == frame

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(round_trip, frames))
