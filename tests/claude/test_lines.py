"""A transcript file is split into lines, and every byte of it is in one of them."""

from __future__ import annotations

import io
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from turnlog.adapters.claude.lines import Line, read_lines


def lines_of(data: bytes, chunk_size: int = 1 << 18) -> list[Line]:
    return list(read_lines(io.BytesIO(data), chunk_size=chunk_size))


def test_lines_are_split_at_line_feeds_alone() -> None:
    r"""JSON may hold U+2028 and other marks that ``splitlines`` breaks at: no record may be cut."""
    record = '{"text":"one\u2028two\u2029three\x85four"}'.encode()
    other = b'{"text":"\x0b\x0c\x1c\x1d\x1e"}\r'

    assert [line.data for line in lines_of(record + b"\n" + other + b"\n")] == [record, other]


def test_the_last_line_tells_whether_its_writer_has_finished_it() -> None:
    first, second = lines_of(b'{"a":1}\n{"b":')

    assert (first.terminated, second.terminated) == (True, False)
    assert second.data == b'{"b":'


def test_an_empty_file_has_no_lines() -> None:
    assert lines_of(b"") == []


def test_an_empty_line_is_a_line() -> None:
    assert [line.data for line in lines_of(b"\n\n{}\n")] == [b"", b"", b"{}"]


def test_reading_goes_on_where_a_line_has_ended() -> None:
    data = b'{"a":1}\n{"b":2}\n{"c":3}'
    file = io.BytesIO(data)

    for line in lines_of(data):
        rest = list(read_lines(file, line.end))
        assert b"".join(later.data for later in rest) == data[line.end :].replace(b"\n", b"")
        assert [later.offset for later in rest[:1]] == ([line.end] if rest else [])


def test_a_line_longer_than_a_chunk_stays_whole(tmp_path: Path) -> None:
    long = b'{"text":"' + b"x" * 3_000_000 + b'"}'
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"{}\n" + long + b"\n{}\n")

    with path.open("rb", buffering=0) as file:
        lines = list(read_lines(file))

    assert [line.data for line in lines] == [b"{}", long, b"{}"]
    assert [line.offset for line in lines] == [0, 3, 4 + len(long)]


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"\n", b"\r", b"{}", b"\x00", b"abc"])), st.integers(1, 8))
@example([b"\n"], 1)
def test_every_byte_is_in_one_line(parts: list[bytes], chunk_size: int) -> None:
    data = b"".join(parts)

    lines = lines_of(data, chunk_size)

    assert b"".join(line.data + b"\n" * line.terminated for line in lines) == data
    assert all(b"\n" not in line.data for line in lines)
    assert all(data[line.offset :].startswith(line.data) for line in lines)
    assert [line.offset for line in lines[1:]] == [line.end for line in lines[:-1]]
