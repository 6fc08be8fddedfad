"""Whatever is done to an exported file, nothing of it is taken in, and the line is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import turnlog
from tests.exchange.conftest import fill
from turnlog import Filter, Log
from turnlog.domain.errors import InvalidEvidence
from turnlog.evidence.lines import LineWriter


def _lines(tmp: pytest.TempPathFactory) -> list[bytes]:
    path = tmp.mktemp("exported") / "all.jsonl"
    with turnlog.open("memory:") as log:
        fill(log)
        log.export_sessions(path)
    return path.read_bytes().splitlines(keepends=True)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return _lines(tmp_path_factory)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return turnlog.open("memory:")


def refused(log: Log, folder: Path, lines: list[bytes]) -> str:
    """What is said of a file; the log is as it was."""
    path = folder / "tampered.jsonl"
    path.write_bytes(b"".join(lines))
    with pytest.raises(InvalidEvidence) as problem:
        log.import_sessions(path)
    assert log.sessions(Filter(presence=("present", "deleted")), limit=10) == []
    with log.store.read() as reader:
        assert list(reader.streams()) == []
    return str(problem.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tampered")


@settings(max_examples=15)
@given(data=st.data())
def test_a_line_that_is_missing_is_named(
    lines: list[bytes], empty: Log, folder: Path, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    told = refused(empty, folder, lines[:at] + lines[at + 1 :])
    last = at == len(lines) - 1
    assert told.startswith(f"line {at if last else at + 1}: "), told


@settings(max_examples=15)
@given(data=st.data())
def test_a_line_that_was_moved_is_named(
    lines: list[bytes], empty: Log, folder: Path, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    to = data.draw(st.integers(0, len(lines) - 1).filter(lambda to: to != at))
    moved = [*lines]
    moved.insert(to, moved.pop(at))
    assert refused(empty, folder, moved).startswith(f"line {min(at, to) + 1}: ")


@settings(max_examples=15)
@given(data=st.data())
def test_a_line_that_was_edited_is_named(
    lines: list[bytes], empty: Log, folder: Path, data: st.DataObject
) -> None:
    """A byte of a session must never be another one unnoticed."""
    at = data.draw(st.integers(0, len(lines) - 1))
    byte = data.draw(st.integers(0, len(lines[at]) - 2))
    other = data.draw(st.integers(1, 255))
    line = bytearray(lines[at])
    line[byte] ^= other
    edited = [*lines[:at], bytes(line), *lines[at + 1 :]]
    told = refused(empty, folder, edited)
    # A line end makes two lines of one, so the first half is what is named too.
    assert told.startswith(f"line {at + 1}: "), told


def test_a_file_that_was_cut_off_is_named(lines: list[bytes], empty: Log, folder: Path) -> None:
    assert refused(empty, folder, lines[:-1]).startswith(f"line {len(lines) - 1}: the file is cut")
    assert refused(empty, folder, [*lines[:-1], lines[-1][:50]]).startswith(f"line {len(lines)}: ")
    assert refused(empty, folder, [*lines, lines[-1]]).startswith(f"line {len(lines) + 1}: ")


# -- whoever edits a file may make its lines' hashes anew -----------------------------------------


def forged(lines: list[bytes], change: Callable[[dict[str, Any]], None]) -> list[bytes]:
    """The lines after a change to each, with hashes of their own that hold."""
    writer = LineWriter()
    made = []
    for line in lines:
        members = json.loads(line)
        del members["line"]
        change(members)
        made.append(writer.line(members))
    return made


def edit(name: str, value: Any, version: int = 3) -> Callable[[dict[str, Any]], None]:
    def change(members: dict[str, Any]) -> None:
        if members.get("version") == version:
            members[name] = value

    return change


def test_lines_with_hashes_of_their_own_hold(lines: list[bytes]) -> None:
    assert forged(lines, lambda members: None) == lines


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (edit("body", '{"type":"user"}'), "its content was edited"),
        (edit("body", None), "seed"),
        (edit("recorded_at", 5), "its recorded_at is not that of its header"),
        (edit("topic", "SessionErased.v1"), "its topic is not that of its header"),
        (edit("header", "[]"), "its header is no header"),
        (edit("seed", "11" * 16), "edited"),
        (edit("chain", "00" * 32), "its chain does not follow"),
        (edit("version", 4), "its version is not that of its header"),
        (edit("stream", "a/b"), "it belongs elsewhere"),
        (edit("position", -1), "its position is -1"),
        (edit("identity", "00"), "its identity is not that of its header"),
        (edit("previous", "00" * 32), "edited"),
        (edit("more", 1), "none that a trail has"),
    ],
)
def test_a_forged_event_is_named(
    lines: list[bytes],
    empty: Log,
    folder: Path,
    change: Callable[[dict[str, Any]], None],
    told: str,
) -> None:
    assert told in refused(empty, folder, forged(lines, change))


def _begins(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(members: dict[str, Any]) -> None:
        if "begins" in members:
            members[name] = value

    return change


def _kept(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(members: dict[str, Any]) -> None:
        if "file" in members:
            members[name] = value

    return change


def _last(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(members: dict[str, Any]) -> None:
        if "events" in members:
            members[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_begins("begins", "etc"), "it begins no stream"),
        (_begins("begins", "!log"), "it begins no stream"),
        (_begins("begins", 7), "it begins no stream"),
        (_begins("upto", 1), "it belongs elsewhere"),
        (_begins("upto", 10_000), "ends at version"),
        (_begins("memory", None), "it begins no stream"),
        (_begins("memory", {"salt": "zz"}), "it begins no stream"),
        (_kept("content", "AAAA"), "another content than its digest"),
        (_kept("content", "!"), "it was edited"),
        (_kept("size", 1), "another content than its digest"),
        (_last("events", 0), "other events or files"),
        (_last("heads", {}), "other streams"),
        (lambda members: members.pop("format", None), "its format is None"),
    ],
)
def test_other_forged_lines_are_named(
    lines: list[bytes],
    empty: Log,
    folder: Path,
    change: Callable[[dict[str, Any]], None],
    told: str,
) -> None:
    assert told in refused(empty, folder, forged(lines, change))
