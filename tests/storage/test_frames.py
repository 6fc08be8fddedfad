"""Bodies go into one frame and come out again; a damaged frame is refused by name."""

from __future__ import annotations

import struct

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import workload
from turnlog.adapters.storage.encoding import frames
from turnlog.adapters.storage.encoding.frames import DamagedFrame, pack, unpack
from turnlog.domain.errors import StorageError

bodies_of_any_bytes = st.lists(
    st.one_of(st.binary(max_size=300), st.sampled_from([b"", b",", b"[", b"]", b"\n", b"\x00"])),
    max_size=30,
)

OLD = b'\x01\x02\x02\x05[{},"c":1]'


@settings(deadline=None)
@given(bodies_of_any_bytes)
def test_bodies_come_back_in_order(bodies: list[bytes]) -> None:
    frame = unpack(pack(bodies))
    assert list(frame) == bodies
    assert [frame[n] for n in range(len(frame))] == bodies
    assert [frame[-n] for n in range(1, len(frame) + 1)] == bodies[::-1]
    assert frame[1:3] == bodies[1:3]


@pytest.mark.parametrize("longest", [0, 255, 256, 65_535, 65_536, 1_000_000])
@pytest.mark.parametrize("count", [1, 2, 255, 256])
def test_bodies_have_any_length(longest: int, count: int) -> None:
    bodies = [b"x" * longest, *[b"y"] * (count - 1)]
    assert list(unpack(pack(bodies))) == bodies


def test_many_small_bodies_fit() -> None:
    bodies = [b"%d" % n for n in range(70_000)]
    assert list(unpack(pack(bodies))) == bodies


def test_a_frame_knows_its_bodies_only() -> None:
    frame = unpack(pack([b"a", b"b"]))
    with pytest.raises(IndexError):
        frame[2]
    with pytest.raises(IndexError):
        frame[-3]


def test_entries_can_be_decoded_at_once() -> None:
    entries = workload.entries(50, seed=5)
    frame = unpack(pack([orjson.dumps(entry) for entry in entries]))
    assert orjson.loads(frame.array) == entries
    assert orjson.loads(unpack(pack([])).array) == []


def test_a_body_too_long_for_the_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "LONGEST", 10)
    with pytest.raises(StorageError, match="a body of 11 bytes; at most 10 fit"):
        pack([b"x" * 11])


def test_the_layout_stays_as_it_was_written() -> None:
    """What must never happen: a release cannot read the frames of an earlier one."""
    assert list(unpack(OLD)) == [b"{}", b'"c":1']
    assert pack([b"{}", b'"c":1']) == OLD
    assert pack([b"x" * 300])[:5] == bytes.fromhex("0201002c01")
    assert pack([b"x" * 70_000])[:9] == bytes.fromhex("040100000070110100")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (b"", "the frame is empty"),
        (b"\x00", "layout 0; this release knows 1, 2 and 4"),
        (b"{}", "layout 123"),
        (b"\x01", "1 bytes is too short for 0 bodies"),
        (b"\x01\x02\x01", "3 bytes is too short for 2 bodies"),
        (b"\x02\xff\xff[]", "5 bytes is too short for 65,535 bodies"),
        (b"\x04" + struct.pack("<I", 2**32 - 1) + b"[]", "too short for 4,294,967,295 bodies"),
        (b"\x04" + struct.pack("<II", 1, 2**32 - 1) + b"[]", "4,294,967,306 are announced"),
        (OLD[:-1], "the frame has 13 bytes where 14 are announced"),
        (OLD + b"]", "the frame has 15 bytes where 14 are announced"),
        (OLD[:-1] + b")", "not in brackets"),
        (OLD.replace(b"[", b"("), "not in brackets"),
    ],
)
def test_a_damaged_frame_is_refused_by_what_is_wrong(frame: bytes, message: str) -> None:
    with pytest.raises(DamagedFrame, match=message):
        unpack(frame)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_frame_or_damaged(data: bytes) -> None:
    """What must never happen: bytes from a damaged disk end the process or fill the memory."""
    try:
        frame = unpack(data)
    except DamagedFrame:
        return
    assert sum(map(len, frame)) <= len(data)


@settings(deadline=None)
@given(bodies_of_any_bytes, st.data())
def test_a_changed_frame_is_a_frame_or_damaged(bodies: list[bytes], data: st.DataObject) -> None:
    frame = bytearray(pack(bodies))
    at = data.draw(st.integers(0, min(len(frame) - 1, 70)))
    frame[at] = data.draw(st.integers(0, 255))
    keep = data.draw(st.integers(0, len(frame)))
    for damaged in (bytes(frame), bytes(frame[:keep])):
        try:
            found = list(unpack(damaged))
        except DamagedFrame:
            continue
        assert sum(map(len, found)) <= len(damaged)
