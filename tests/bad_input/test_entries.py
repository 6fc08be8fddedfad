"""Transcripts of everything that nobody expects: each line comes back, or its bytes are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.bad_input.conftest import Process
from tests.claude.test_strange_entries import STRANGE, deep, same
from turnlog import Refused, SessionKey, events
from turnlog.adapters.cli import run
from turnlog.adapters.storage.encoding.json_bytes import decode_line, encode

SESSION = "5d1c0f3e-0000-4000-8000-000000000001"
KEY = SessionKey("-p", SESSION)


def said(text: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "user",
        "sessionId": SESSION,
        "cwd": "/p",
        "timestamp": "2026-01-30T14:23:00.000Z",
        "message": {"role": "user", "content": text},
        **fields,
    }


ENTRIES = [
    encode(entry)[0]
    for entry in (
        said("the beginning", uuid="first"),
        *({"sessionId": SESSION, **entry} for entry in STRANGE.values()),
        said("the end", uuid="last", parentUuid="first"),
    )
]
SPELLED = [
    b'{"type":"x","n":1e400,"m":-1e400,"k":1e-400}',
    b'{"type":"x","n":1.0000000000000000000000000001,"m":0.10}',
    b'{"type":"x","n":' + b"7" * 5000 + b"}",
    b'{ "type" : "x" , "a" : 1 , "a" : 2 }',
    b'{"type":"x","text":"\\u0000\\ud800\\ud83d\\ude00\\/"}',
    b'{"type":"x","n":' + b'{"a":[' * 5_000 + b"1" + b"]}" * 5_000 + b"}",
    b'{"type":"x"}\r',
]
"""Entries that this release would write in another way."""

NO_ENTRIES = [
    b"null",
    b"7",
    b'"text"',
    b'[{"type":"user"}]',
    b"nonsense",
    b'{"type":"user","uuid":"torn","message":{"role":"us',
    b"\x00" * 4096,
    b"\xff\xfe\x00",
    b'{"type":"x","latin":"\xe9"}',
    b'{"type":"x","n":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    b'{"type":"x","n":' + b"7" * 200_000 + b"}",
    b"[" * 1_000_000,
    b"{" * 1_000_000,
]


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    """A configuration directory with one transcript of all of them."""
    folder = tmp_path / "claude" / "projects" / "-p"
    folder.mkdir(parents=True)
    lines = [*ENTRIES[:-1], *SPELLED, *NO_ENTRIES, ENTRIES[-1]]
    (folder / f"{SESSION}.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return tmp_path / "claude"


def test_a_file_of_everything_strange_is_imported_whole(durable_url: str, projects: Path) -> None:
    """No line of a file may be lost, be changed, or keep another from being recorded."""
    with turnlog.open(durable_url) as log:
        log.import_claude(projects, workers=1)
        loaded = log.load(KEY)
        assert loaded is not None
        expected = [decode_line(line)[0] for line in (*ENTRIES[:-1], *SPELLED, ENTRIES[-1])]
        assert len(loaded) == len(expected)
        assert all(same(one, other) for one, other in zip(loaded, expected, strict=True))
        kept = [x.event for x in log.events(KEY) if isinstance(x.event, events.EntryCorrupted)]
        assert b"".join(event.body for event in kept) == b"".join(NO_ENTRIES)
        assert log.import_claude(projects, workers=1).recorded == 0
        assert log.verify().holds
        log.rebuild()
        assert log.verify().holds
        with log.store.read() as reader:
            assert reader.stale() == {}


COMMANDS: list[tuple[str, ...]] = [
    ("sessions",),
    ("show", "5d1c"),
    ("show", "5d1c", "--full", "--thinking"),
    ("show", "5d1c", "--at", "prompt:1"),
    ("events", "5d1c"),
    ("branches", "5d1c"),
    ("stats",),
    ("checkpoint", "5d1c"),
    ("doctor",),
    ("verify",),
]


def test_every_command_shows_it(
    projects: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No entry may end a command with a traceback, nor act on the terminal."""
    db = str(tmp_path / "log.db")
    assert run(["import", str(projects), "--workers", "1", "--db", db]) == 0
    for command in COMMANDS:
        for as_json in ((), ("--json",)):
            capsys.readouterr()
            code = run([*command, *as_json, "--db", db])
            told = capsys.readouterr()
            assert code in (0, 1), (command, told.err)
            assert not set(told.out) & {"\x00", "\x1b", "\x07", "\x9b"}, command
    capsys.readouterr()
    run(["show", "5d1c", "--json", "--db", db])
    documents = [decode_line(line.encode())[0] for line in capsys.readouterr().out.splitlines()]
    assert len([d for d in documents if d["type"] == "entry"]) == len(ENTRIES) + len(SPELLED)


def test_the_real_command_line_shows_it(
    process: Callable[..., Process], projects: Path, tmp_path: Path
) -> None:
    db = tmp_path / "log.db"
    imported = process("import", projects, "--json", "--db", db)
    assert imported.returncode == 0, imported.stderr
    assert json.loads(imported.stdout)["recorded"] == len(ENTRIES) + len(SPELLED)
    shown = process("show", "5d1c", "--full", "--db", db)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "the beginning" in shown.stdout
    assert "the end" in shown.stdout


def test_a_line_of_64_mb_is_imported(sqlite_url: str, tmp_path: Path) -> None:
    """A long line must never be cut, nor hide those after it."""
    text = "0123456789 äö\U0001f600" * 4_000_000
    lines = [encode(said(text, uuid="long"))[0], encode(said("short", uuid="short"))[0]]
    assert len(lines[0]) > 64 << 20
    folder = tmp_path / "projects" / "-p"
    folder.mkdir(parents=True)
    (folder / f"{SESSION}.jsonl").write_bytes(b"\n".join(lines))
    with turnlog.open(sqlite_url) as log:
        log.import_claude(tmp_path, workers=1)
        first, second = log.load(KEY) or []
        assert first["message"]["content"] == text
        assert second["message"]["content"] == "short"
        assert log.sessions()[0].title is not None


def test_what_is_nested_too_deep_is_kept_with_its_bytes() -> None:
    """An object of Python's without end must never be replaced by its name."""
    entry = {"type": "x", "n": deep(150_000)}
    with turnlog.open("sqlite://") as log:
        log.append(KEY, [said("one", uuid="1"), entry, said("two", uuid="2", parentUuid="1")])
        assert [e["uuid"] for e in log.load(KEY) or []] == ["1", "2"]
        (kept,) = [x.event for x in log.events(KEY) if isinstance(x.event, events.EntryCorrupted)]
        assert kept.body == b'{"type":"x","n":' + b"[" * 150_000 + b"null" + b"]" * 150_000 + b"}"


@pytest.mark.parametrize("entries", [said("one"), "text", b"bytes", None, 7])
def test_what_is_no_batch_is_refused(entries: Any) -> None:
    """One entry in place of a list of them must never be recorded as its names, as corrupt."""
    with turnlog.open("sqlite://") as log:
        with pytest.raises(Refused, match="takes a list of entries, not one"):
            log.append(KEY, entries)
        assert log.sessions() == []
