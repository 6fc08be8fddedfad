"""Lifting: UUIDs and base64 leave the text of a frame as their bytes, and come back."""

from __future__ import annotations

import base64
import os
import struct
import uuid
from contextlib import suppress

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import workload
from turnlog.adapters.storage.encoding.compression import LARGEST, Compressor
from turnlog.adapters.storage.encoding.frames import pack, unpack
from turnlog.adapters.storage.encoding.lifting import DamagedLifting, lift, lower

UUIDS = [str(uuid.UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for n in range(300)]
PICTURES = [base64.b64encode(bytes(range(256)) * n).decode() for n in (1, 2, 3)]

pieces = st.one_of(
    st.sampled_from(UUIDS[:12]).map(str.encode),
    st.sampled_from(PICTURES).map(str.encode),
    st.integers(0, 5).map(lambda n: PICTURES[0][n:].encode()),
    st.sampled_from(
        [b"A" * 500, b"0123456789abcdef" * 30, b"-", b"=", b"\\n", b'","uuid":"', b"\xff"]
    ),
    st.binary(max_size=8),
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
bodies = st.lists(st.lists(pieces, max_size=12).map(b"".join), min_size=1, max_size=6)


def brought_back(frame: bytes) -> bytes:
    lifted = lift(frame)
    return frame if lifted is None else lower(lifted, LARGEST)


@settings(deadline=None, max_examples=300)
@given(bodies)
def test_any_frame_comes_back_as_it_was(found: list[bytes]) -> None:
    """A body must never come back from a packed block as another one."""
    assert brought_back(pack(found)) == pack(found)


@given(st.binary(max_size=600))
def test_bytes_that_are_no_frame_come_back_too(data: bytes) -> None:
    assert brought_back(data) == data


def test_each_way_to_mean_a_uuid() -> None:
    """A UUID that comes again must never be another one, however far back it is."""
    near = [UUIDS[0], UUIDS[0], UUIDS[1], UUIDS[0]]
    far = [*UUIDS[:254], UUIDS[0], UUIDS[1], *UUIDS, UUIDS[3], UUIDS[299]]
    often = [UUIDS[5]] * 9
    for told in (near, far, often, near + far + often):
        frame = pack(["|".join(told).encode()])
        assert brought_back(frame) == frame
    assert lift(pack(["|".join(often).encode()])) is None


def test_only_what_a_compressor_cannot_shorten_is_lifted() -> None:
    for text in ("f" * 900, "0123456789abcdef" * 60, "A short one: QUJD", UUIDS[1].upper()):
        assert lift(pack([text.encode()])) is None
    lifted = lift(pack([PICTURES[2].encode(), PICTURES[2].encode()]))
    assert lifted is not None
    assert len(lifted) < len(PICTURES[2])


def test_a_body_with_the_byte_of_the_marks_is_left_as_it_is() -> None:
    """A line that was recorded raw must never be cut at a byte of its own."""
    frame = pack([b"\xff" + UUIDS[0].encode(), UUIDS[1].encode()])
    assert lift(frame) is None
    assert Compressor().decompress(*Compressor().squeeze(frame)) == frame


def test_the_numbers_of_a_frame_may_have_that_byte() -> None:
    frame = pack([UUIDS[0].encode() + b" " * (255 - 36)] * 255)
    assert frame[1] == frame[2] == 0xFF
    assert brought_back(frame) == frame


def test_lifting_saves_what_it_is_for() -> None:
    entries = [
        b'{"uuid":"%b","parentUuid":"%b","n":%d}' % (a.encode(), b.encode(), n)
        for n, (a, b) in enumerate(zip(UUIDS[1:], UUIDS, strict=False))
    ]
    compressor = Compressor()
    size = len(compressor.squeeze(pack(entries))[2])
    assert 16 * 300 < size < 18 * 300


def test_entries_come_back_from_a_squeezed_block() -> None:
    found = [orjson.dumps(entry) for entry in workload.entries(300, seed=5)]
    squeezed = Compressor().squeeze(pack(found))
    assert list(unpack(Compressor().decompress(*squeezed))) == found


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damage_is_told(data: st.DataObject) -> None:
    """A damaged block must never end in anything but an error of our own, or other bytes."""
    lifted = lift(pack([" ".join(UUIDS[:5] + UUIDS[:3] + PICTURES[:2]).encode()]))
    assert lifted is not None
    if data.draw(st.booleans()):
        cut = data.draw(st.integers(0, len(lifted) - 1))
        damaged = lifted[:cut]
    else:
        place = data.draw(st.integers(0, len(lifted) - 1))
        damaged = bytes([*lifted[:place], lifted[place] ^ data.draw(st.integers(1, 255))])
        damaged += lifted[place + 1 :]
    with suppress(DamagedLifting):
        lower(damaged, 1 << 20)


def test_a_small_block_never_becomes_a_huge_one() -> None:
    """A run that is meant a million times must never fill the memory of whoever reads it."""
    times = 100_000
    run = os.urandom(30_000)
    text = b"[" + b"\xff" * times + b"]"
    behind = b"\xff" * times + struct.pack(f"<{times}I", *[0] * times)
    data = bytes([1, 0]) + text + behind + run
    data += struct.pack("<5I", len(run), times, times, 0, 1)
    with pytest.raises(DamagedLifting, match="at most"):
        lower(data, LARGEST)
