"""Real configuration directories are read without loss, those in TURNLOG_TEST_CORPUS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from turnlog.adapters.claude.directory import NotAClaudeDirectory, survey
from turnlog.adapters.claude.found import HistoryFile, Transcript
from turnlog.adapters.claude.history import read_history
from turnlog.adapters.claude.lines import read_lines
from turnlog.adapters.claude.recovery import recover
from turnlog.adapters.storage.encoding.json_bytes import decode_line
from turnlog.domain.errors import NotJson

CORPUS = os.environ.get("TURNLOG_TEST_CORPUS")

pytestmark = pytest.mark.skipif(not CORPUS, reason="TURNLOG_TEST_CORPUS names no folder")


def surveyed() -> Iterator[Transcript | HistoryFile]:
    for folder in sorted(Path(CORPUS or "").iterdir()):
        try:
            found = survey(folder)
        except NotAClaudeDirectory:
            continue
        yield from (item for item in found if isinstance(item, Transcript | HistoryFile))


def test_every_transcript_is_found() -> None:
    files = {path for path in Path(CORPUS or "").resolve().rglob("*.jsonl") if path.is_file()}

    found = {item.path for item in surveyed()}

    assert {path.name for path in files - found} <= {"journal.jsonl"}


def test_every_byte_is_in_a_line_and_every_line_in_pieces() -> None:
    for item in surveyed():
        with item.path.open("rb", buffering=0) as file:
            end = 0
            for line in read_lines(file):
                assert line.offset == end
                end = line.end
                try:
                    whole = isinstance(decode_line(line.data)[0], dict)
                except NotJson:
                    whole = False
                if not whole:
                    pieces = recover(line.data)
                    assert b"".join(piece.data for piece in pieces) in (line.data, b"")
            assert end == item.path.stat().st_size


def test_every_record_comes_back_from_a_damaged_line() -> None:
    """Each record, after the first half of the one before it."""
    for item in surveyed():
        before = b""
        with item.path.open("rb", buffering=0) as file:
            for line in read_lines(file):
                if before and line.data.startswith(b'{"') and len(line.data) < 100_000:
                    torn = before[: len(before) // 2]
                    pieces = recover(torn + line.data)
                    try:
                        decode_line(line.data)
                    except NotJson:
                        continue
                    assert [piece.data for piece in pieces] == [torn, line.data]
                before = line.data


def test_the_history_is_read() -> None:
    for item in surveyed():
        if isinstance(item, HistoryFile):
            with item.path.open("rb") as file:
                assert all(hasattr(line, "display") for line in read_history(file))
