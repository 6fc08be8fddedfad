"""Files that transcripts point to come along: kept once per content, known by every session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.support.config_dir import append_history, history_lines
from tests.support.contents import contents
from tests.support.transcripts import Transcript
from turnlog.adapters.claude import kept_files as reading
from turnlog.domain.errors import UnknownSession
from turnlog.domain.keys import SessionKey
from turnlog.importing import keeping
from turnlog.importing.keeping import KeptFile, UnknownFile, kept_content, kept_files
from turnlog.importing.summary import ImportSummary

SLUG = "-home-ada-shop"


@pytest.fixture
def log(store_url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(store_url) as log:
        yield log


@pytest.fixture
def claude(tmp_path: Path) -> Path:
    return tmp_path / "claude"


def run(log: turnlog.Log, path: Path, **settings: Any) -> ImportSummary:
    return log.import_claude(path, workers=1, machine="ada", **settings)


def session(seed: int = 1) -> Transcript:
    s = Transcript(seed=seed)
    s.prompt(f"Question {seed}")
    s.answer("Answer")
    return s


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def of(log: turnlog.Log, s: Transcript) -> list[KeptFile]:
    return kept_files(log.store, SessionKey(SLUG, s.session_id))


def told(log: turnlog.Log, s: Transcript) -> dict[str, tuple[str, bytes]]:
    """By name: the kind and the content."""
    return {f.name: (f.kind, kept_content(log.store, f.digest)) for f in of(log, s)}


def test_the_files_of_a_session_are_kept(log: turnlog.Log, claude: Path) -> None:
    """What the CLI's clean-up takes with a transcript must never be lost with it."""
    s = session()
    s.write(claude)
    project = f"projects/{SLUG}/{s.session_id}"
    files = {
        f"{project}/tool-results/b1.txt": ("tool-result", b"line\n" * 50_000),
        f"{project}/subagents/workflows/w1/state.json": ("session-file", b"{}"),
        f"file-history/{s.session_id}/0123@v1": ("file-backup", bytes(range(256))),
        f"todos/{s.session_id}-agent-{s.session_id}.json": ("todos", b""),
    }
    for name, (_, content) in files.items():
        put(claude / name, content)
    summary = run(log, claude)
    assert told(log, s) == files
    assert summary.kept_files == len(files)
    assert summary.kept_bytes == sum(len(content) for _, content in files.values())
    assert log.load(SessionKey(SLUG, s.session_id)) == s.entries
    assert log.verify().holds
    before = contents(log)
    again = run(log, claude)
    assert (again.kept_files, again.skipped) == (0, 0)
    assert contents(log) == before


def test_a_file_is_read_again_only_when_it_changed(
    log: turnlog.Log, claude: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = session()
    s.write(claude)
    path = put(claude / "file-history" / s.session_id / "0123@v1", b"one")
    run(log, claude)
    read = []
    monkeypatch.setattr(
        keeping, "read_kept", lambda p, *rest: read.append(p) or reading.read_kept(p, *rest)
    )
    assert run(log, claude).kept_files == 0
    assert read == []
    os.utime(path, (1, 1))
    assert run(log, claude).kept_files == 0
    assert read == [path]
    path.write_bytes(b"two")
    assert run(log, claude).kept_files == 1
    assert [kept_content(log.store, file.digest) for file in of(log, s)] == [b"one", b"two"]


def test_a_content_is_kept_once(log: turnlog.Log, claude: Path) -> None:
    """A file that twenty versions and sessions share must never take twenty times its space."""
    one, other = session(1), session(2)
    for s in (one, other):
        s.write(claude)
        for version in (1, 2):
            put(claude / f"file-history/{s.session_id}/0123@v{version}", b"the same")
    assert run(log, claude).kept_files == 4
    assert len({file.digest for s in (one, other) for file in of(log, s)}) == 1


def test_a_file_that_is_too_large_is_told(
    log: turnlog.Log, claude: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "LARGEST", 99)
    s = session()
    s.write(claude)
    path = put(claude / "file-history" / s.session_id / "0123@v1", b"x" * 100)
    put(claude / "file-history" / s.session_id / "0123@v2", b"x" * 99)
    summary = run(log, claude)
    assert (summary.kept_files, summary.skipped) == (1, 1)
    assert summary.skipped_files[0].path == path
    assert "100 bytes" in summary.skipped_files[0].reason


def test_a_pasted_text_belongs_to_the_session_it_was_pasted_in(
    log: turnlog.Log, claude: Path
) -> None:
    here, gone, other = session(1), session(2), session(3)
    here.write(claude)
    other.write(claude)
    for s in (here, gone):
        line = history_lines(s)[0]
        pasted = {"1": {"id": 1, "type": "text", "contentHash": "0fa1"}}
        append_history(claude, [{**line, "pastedContents": pasted}])
    put(claude / "paste-cache/0fa1.txt", b"a long text")
    run(log, claude)
    expected = {"paste-cache/0fa1.txt": ("pasted-text", b"a long text")}
    assert told(log, here) == told(log, gone) == expected
    assert told(log, other) == {}


def test_a_plan_belongs_to_the_session_whose_entries_name_it(
    log: turnlog.Log, claude: Path
) -> None:
    s, other = session(1), session(2)
    for entry in s.entries:
        entry["slug"] = "merry-walking-otter"
    s.write(claude)
    other.write(claude)
    put(claude / "plans/merry-walking-otter.md", b"# Plan")
    put(claude / "plans/merry-walking-otter-agent-a1.md", b"# Another")
    put(claude / "plans/quiet-jumping-fox.md", b"# Whose?")
    summary = run(log, claude)
    assert told(log, s) == {
        "plans/merry-walking-otter.md": ("plan", b"# Plan"),
        "plans/merry-walking-otter-agent-a1.md": ("plan", b"# Another"),
    }
    assert told(log, other) == {}
    assert (summary.unclaimed, summary.skipped) == (1, 0)


def test_a_file_of_a_session_whose_transcript_is_gone_is_kept_too(
    log: turnlog.Log, claude: Path
) -> None:
    recorded, remembered, unknown = session(1), session(2), session(3)
    path = recorded.write(claude)
    run(log, claude)
    path.unlink()
    append_history(claude, history_lines(remembered))
    for s in (recorded, remembered, unknown):
        put(claude / f"file-history/{s.session_id}/0123@v1", b"x")
    summary = run(log, claude)
    assert len(of(log, recorded)) == len(of(log, remembered)) == 1
    assert (summary.unclaimed, summary.skipped) == (1, 0)


def test_files_of_a_deleted_session_are_left_out(log: turnlog.Log, claude: Path) -> None:
    """What someone deleted must never come back with the next import."""
    s = session()
    s.write(claude)
    run(log, claude)
    log.delete(SessionKey(SLUG, s.session_id))
    put(claude / f"file-history/{s.session_id}/0123@v1", b"x")
    summary = run(log, claude)
    assert (summary.kept_files, summary.unclaimed) == (0, 1)
    assert run(log, claude, restore=True).kept_files == 1


def test_a_file_that_vanishes_is_told(
    log: turnlog.Log, claude: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = session()
    s.write(claude)
    path = put(claude / f"file-history/{s.session_id}/0123@v1", b"x")

    def read(found: Path, *rest: Any) -> Any:
        path.unlink()
        return reading.read_kept(found, *rest)

    monkeypatch.setattr(keeping, "read_kept", read)
    summary = run(log, claude)
    assert [skipped.path for skipped in summary.skipped_files] == [path]


def test_what_is_not_kept_cannot_be_had(log: turnlog.Log) -> None:
    for digest in ("", "xyz", "00" * 32):
        with pytest.raises(UnknownFile):
            kept_content(log.store, digest)
    with pytest.raises(UnknownSession):
        kept_files(log.store, SessionKey(SLUG, "nobody"))
