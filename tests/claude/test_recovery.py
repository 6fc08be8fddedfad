"""Whole records are saved out of broken lines; of the rest, every byte is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turnlog.adapters.claude.recovery import Corrupt, Piece, Recovered, recover
from turnlog.adapters.storage.encoding.json_bytes import decode_line

RECORD = (
    b'{"parentUuid":null,"type":"user","message":{"role":"user","content":[{"type":"text",'
    b'"text":"a \\"quoted\\" {brace} [list], \\u00e9 \xc3\xa9 f() {}"}],"n":[1,-2.5e3,true,null]},'
    b'"empty":{},"uuid":"11111111-0000-4000-8000-000000000001"}'
)
OTHER = b'{"type":"summary","summary":"What was done","leafUuid":"11111111"}'


def whole(pieces: list[Piece]) -> list[bytes]:
    return [piece.data for piece in pieces if isinstance(piece, Recovered)]


def joined(pieces: list[Piece]) -> bytes:
    return b"".join(piece.data for piece in pieces)


def test_two_records_on_one_line() -> None:
    assert recover(RECORD + OTHER) == [Recovered(RECORD), Recovered(OTHER)]


def test_objects_on_one_line_need_no_type() -> None:
    assert recover(b'{}{"silly":1}') == [Recovered(b"{}"), Recovered(b'{"silly":1}')]


def test_a_record_after_one_that_was_torn_at_any_byte() -> None:
    """A crash in the middle of a write must not cost the record that was written after it."""
    for cut in range(1, len(RECORD)):
        torn = RECORD[:cut]

        assert recover(torn + OTHER) == [Corrupt(torn, "a torn record"), Recovered(OTHER)]


def test_a_record_after_the_end_of_one_whose_beginning_is_lost() -> None:
    """A part of a damaged record must not become a record of its own."""
    for cut in range(1, len(RECORD)):
        pieces = recover(RECORD[cut:] + OTHER)

        assert whole(pieces) == [OTHER]
        assert joined(pieces) == RECORD[cut:] + OTHER


def test_a_record_between_two_torn_ones() -> None:
    pieces = recover(RECORD[:60] + OTHER + RECORD[:100])

    assert whole(pieces) == [OTHER]
    assert [type(piece) for piece in pieces] == [Corrupt, Recovered, Corrupt]


def test_records_after_a_torn_one_that_broke_off_where_a_value_was_due() -> None:
    """Then the next record looks like that value; it must be found all the same."""
    torn = b'{"type":"user","content":['

    assert recover(torn + OTHER) == [Corrupt(torn, "a torn record"), Recovered(OTHER)]
    assert whole(recover(torn + OTHER + RECORD)) == [OTHER, RECORD]


def test_a_torn_last_line() -> None:
    assert recover(RECORD[:-1]) == [Corrupt(RECORD[:-1], "a torn record")]


def test_nul_runs_before_between_and_after() -> None:
    line = b"\0" * 4096 + RECORD + b"\0" + OTHER + b"\0\0"

    assert recover(line) == [
        Corrupt(b"\0" * 4096, "a run of NUL bytes: 4,096"),
        Recovered(RECORD),
        Corrupt(b"\0", "a run of NUL bytes: 1"),
        Recovered(OTHER),
        Corrupt(b"\0\0", "a run of NUL bytes: 2"),
    ]


def test_a_nul_run_inside_a_record_leaves_two_torn_parts() -> None:
    """What the NUL bytes have overwritten is gone: the record must not pass for whole."""
    line = RECORD[:50] + b"\0" * 8 + RECORD[58:] + OTHER

    pieces = recover(line)

    assert whole(pieces) == [OTHER]
    assert pieces[:2] == [
        Corrupt(RECORD[:50], "a torn record"),
        Corrupt(b"\0" * 8, "a run of NUL bytes: 8"),
    ]
    assert joined(pieces) == line


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1]", "an array, no object"),
        (b'"massive error"', "a string, no object"),
        (b"42", "a number, no object"),
        (b"1e3", "a number, no object"),
        (b"true", "true or false, no object"),
        (b"null", "null, no object"),
        (b"Segmentation fault", "no JSON object"),
    ],
)
def test_a_line_that_is_no_object(line: bytes, reason: str) -> None:
    assert recover(line) == [Corrupt(line, reason)]


@pytest.mark.parametrize("line", [b"", b"\r", b" \t\r", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r"])
def test_a_blank_line_is_nothing(line: bytes) -> None:
    assert recover(line) == []


def test_white_space_and_a_byte_order_mark_stay_with_the_record_they_surround() -> None:
    line = b"\xef\xbb\xbf" + RECORD + b" \t" + OTHER + b"\r"

    assert recover(line) == [
        Recovered(b"\xef\xbb\xbf" + RECORD + b" \t"),
        Recovered(OTHER + b"\r"),
    ]


def test_bytes_that_are_no_utf_8_cost_their_own_record_only() -> None:
    broken = RECORD.replace(b"\xc3\xa9", b"\xff")

    first, second = recover(broken + OTHER)

    assert isinstance(first, Corrupt)
    assert first.data == broken
    assert "no UTF-8" in first.reason
    assert second == Recovered(OTHER)


def test_halves_of_surrogate_pairs_are_kept() -> None:
    lone = b'{"text":"\\ud83d"}'

    assert recover(lone + OTHER) == [Recovered(lone), Recovered(OTHER)]


def test_a_key_twice_stays_twice() -> None:
    """Decoding keeps the last of two values: the bytes must keep both."""
    twice = b'{"uuid":"a","uuid":"b"}'

    assert recover(twice + OTHER) == [Recovered(twice), Recovered(OTHER)]


@pytest.mark.parametrize(("opening", "closing"), [(b'{"a":', b"}"), (b'{"a":[', b"]}")])
def test_deep_nesting(opening: bytes, closing: bytes) -> None:
    """However deep a line is nested, it must not exhaust the stack."""
    deep = opening * 10_000 + b"1" + closing * 10_000

    assert recover(deep + OTHER) == [Recovered(deep), Recovered(OTHER)]
    assert whole(recover(deep[:-1] + OTHER)) == [OTHER]
    assert recover(opening * 10_000) == [Corrupt(opening * 10_000, "a torn record")]


@pytest.mark.parametrize("opening", [b"{", b"[", b'{"a":', b'{"a":[', b'{"'])
def test_nesting_without_end(opening: bytes) -> None:
    """A line of brackets must never take the memory that others need, nor be lost."""
    endless = opening * (2_000_000 // len(opening))

    pieces = recover(endless + OTHER)

    assert b"".join(piece.data for piece in pieces) == endless + OTHER
    if opening == b"{":
        assert pieces == [Corrupt(endless, "a torn record"), Recovered(OTHER)]
    elif opening != b'{"':
        assert "more than 100,000 arrays and objects within each other" in str(pieces[0])


def test_an_integer_too_long_to_read_is_told() -> None:
    huge = b'{"n":' + b"9" * 200_000 + b"}"

    pieces = recover(huge + OTHER)

    assert whole(pieces) == [OTHER]
    assert isinstance(pieces[0], Corrupt)
    assert "digits" in pieces[0].reason


@pytest.mark.parametrize(
    "line",
    [
        b"function f() {} " + OTHER,
        b'"usage":{"input_tokens":3},' + OTHER,
        b',{"role":"user"}' + OTHER,
        b'[{"role":"user"}' + OTHER,
    ],
)
def test_an_object_that_is_a_part_of_something_else_is_no_record(line: bytes) -> None:
    assert whole(recover(line)) == [OTHER]
    assert joined(recover(line)) == line


# -- properties ----------------------------------------------------------------------------------

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
)
contents = st.recursive(
    scalars,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)


def encoded(entry: dict[str, Any], ascii_only: bool) -> bytes:
    text = json.dumps(entry, ensure_ascii=ascii_only, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


records = st.builds(
    lambda content, ascii_only: encoded({"type": "user", "uuid": "u", "c": content}, ascii_only),
    contents,
    st.booleans(),
)
torn_records = st.builds(
    lambda record, part: record[: int(len(record) * part)], records, st.floats(0, 0.99)
)
garbage = st.one_of(
    torn_records,
    st.integers(1, 20).map(bytes),
    st.text(st.characters(codec="utf-8", exclude_characters='{}[]:,"'), max_size=8).map(str.encode),
)


@settings(deadline=None)
@given(st.lists(st.tuples(garbage, records), min_size=1, max_size=4), garbage)
def test_whole_records_are_found_among_garbage(
    parts: list[tuple[bytes, bytes]], end: bytes
) -> None:
    line = b"".join(before + record for before, record in parts) + end

    pieces = recover(line)

    assert joined(pieces) == line
    found = [decode_line(data)[1] for data in whole(pieces)]
    assert found == [decode_line(record)[1] for _, record in parts]


fragments = st.one_of(
    st.binary(max_size=6),
    records,
    torn_records,
    st.sampled_from([b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"\0", b"{}", b'{"', b"\r"]),
)


@settings(deadline=None)
@given(st.lists(fragments, max_size=8).map(b"".join))
def test_no_byte_is_lost_and_what_is_recovered_can_be_read(line: bytes) -> None:
    pieces = recover(line)

    assert joined(pieces) == line or (not pieces and not line.strip(b"\xef\xbb\xbf \t\n\r"))
    assert all(piece.data for piece in pieces)
    assert all(isinstance(decode_line(data)[0], dict) for data in whole(pieces))
