"""Sessions as Claude Code files: what the CLI finds there, and what never leads elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.exchange.conftest import AGENT, ATLAS, BACKUP, CHILD, KEY
from turnlog import Filter, Log, Refused, SessionKey
from turnlog.adapters.storage.contract.transaction import Transaction
from turnlog.domain.events import FileKept
from turnlog.domain.evolving import fold

FOLDER = Path("projects", "-home-ada-shop")
MAIN = FOLDER / f"{KEY.session_id}.jsonl"


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def test_the_live_branch_is_written_as_the_cli_writes_it(read_only: Log, tmp_path: Path) -> None:
    """An entry must never be missing, stand elsewhere, or come back from a branch left behind."""
    done = read_only.export_sessions(tmp_path, KEY, "claude")
    assert (done.sessions, done.files) == (1, 4)
    assert lines(tmp_path / MAIN) == read_only.load(KEY)
    agent = tmp_path / FOLDER / KEY.session_id / f"{AGENT.subpath}.jsonl"
    assert lines(agent) == [e for e in read_only.load(AGENT) or [] if e["type"] != "agent_metadata"]
    meta = json.loads(agent.with_suffix(".meta.json").read_text("utf-8"))
    assert meta["agentType"] == "Explore"
    assert "type" not in meta
    assert (tmp_path / BACKUP).read_bytes() == b"total = 1\n"


def test_they_are_imported_again_as_what_they_were(read_only: Log, tmp_path: Path) -> None:
    """What was written must never be taken for something new."""
    read_only.export_sessions(tmp_path / "claude", format="claude")
    with turnlog.open("memory:") as other:
        other.import_claude(tmp_path / "claude", workers=1)
        for key in (KEY, CHILD, ATLAS):
            assert other.load(key) == read_only.load(key)
    again = read_only.import_claude(tmp_path / "claude", workers=1)
    assert (again.recorded, again.conflicts, again.corrupt) == (0, 0, 0)


def test_a_session_is_written_up_to_a_point(read_only: Log, tmp_path: Path) -> None:
    read_only.export_sessions(tmp_path, KEY, "claude", at="prompt:1")
    assert lines(tmp_path / MAIN) == list(read_only.iter_entries(KEY, "prompt:1"))
    with pytest.raises(Refused, match="only Claude Code files"):
        read_only.export_sessions(tmp_path / "a.html", KEY, at="prompt:1")


def test_a_fork_is_written_whole(read_only: Log, tmp_path: Path) -> None:
    read_only.export_sessions(tmp_path, CHILD, "claude")
    assert lines(tmp_path / FOLDER / f"{CHILD.session_id}.jsonl") == read_only.load(CHILD)


def test_no_file_is_overwritten_without_being_told(read_only: Log, tmp_path: Path) -> None:
    """A transcript that the CLI went on with must never be replaced by an older one."""
    read_only.export_sessions(tmp_path, KEY, "claude")
    (tmp_path / MAIN).write_text("the CLI went on here")
    kept = tmp_path / BACKUP
    with pytest.raises(Refused, match="is there already"):
        read_only.export_sessions(tmp_path, KEY, "claude")
    assert (tmp_path / MAIN).read_text() == "the CLI went on here"
    read_only.export_sessions(tmp_path, KEY, "claude", overwrite=True)
    assert lines(tmp_path / MAIN) == read_only.load(KEY)
    kept.write_bytes(b"another")
    (tmp_path / MAIN).unlink()
    with pytest.raises(Refused, match="is there already"):
        read_only.export_sessions(tmp_path, KEY, "claude")
    assert not (tmp_path / MAIN).exists(), "of a session that is refused nothing is written"


def test_no_symbolic_link_is_followed(read_only: Log, tmp_path: Path) -> None:
    """A file must never be written outside of the folder that was named."""
    outside = tmp_path / "outside"
    outside.mkdir()
    for n, place in enumerate((Path("projects"), FOLDER, FOLDER / KEY.session_id, MAIN)):
        root = tmp_path / f"root{n}"
        (root / place).parent.mkdir(parents=True)
        (root / place).symlink_to(outside if place is not MAIN else outside / "target")
        with pytest.raises(Refused, match="symbolic link"):
            read_only.export_sessions(root, KEY, "claude", overwrite=True)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "subpath",
    [
        "../../../../escaped",
        "subagents/../../../../escaped",
        "/tmp/escaped",
        "a\\..\\b",
        "a//b",
    ],
)
def test_a_subagent_never_names_a_file_elsewhere(tmp_path: Path, subpath: str) -> None:
    key = KEY._replace(subpath=subpath)
    with turnlog.open("memory:") as log:
        log.append(KEY, [{"type": "user", "uuid": "u", "message": {"content": "Hi"}}])
        log.append(key, [{"type": "user", "uuid": "v", "message": {"content": "Hi"}}])
        with pytest.raises(Refused, match="lead elsewhere"):
            log.export_sessions(tmp_path / "root", KEY, "claude")
    assert not list(tmp_path.rglob("*.jsonl"))


@pytest.mark.parametrize("name", ["../escaped", "plans/../../escaped", "/etc/passwd", "a\0b", ""])
def test_a_kept_file_never_lies_elsewhere(full: Log, tmp_path: Path, name: str) -> None:
    def work(transaction: Transaction) -> None:
        stream = transaction.open(KEY)
        event = FileKept(name=name, digest="00" * 32, kind="plan", size=1)
        transaction.record(stream, [event], fold(stream.state, [event]))

    full.store.write(work)
    with pytest.raises(Refused, match="lead elsewhere"):
        full.export_sessions(tmp_path / "root", KEY, "claude")
    assert not list(tmp_path.rglob("*.jsonl"))


@pytest.mark.parametrize("project", ["../../escaped", "a/b", "..", "C:\\x", "é"])
def test_a_project_becomes_a_folder_as_the_cli_names_them(tmp_path: Path, project: str) -> None:
    key = SessionKey(project, KEY.session_id)
    with turnlog.open("memory:") as log:
        log.append(key, [{"type": "user", "uuid": "u", "message": {"content": "Hi"}}])
        log.export_sessions(tmp_path / "root", key, "claude")
    [path] = tmp_path.rglob("*.jsonl")
    assert path.parent.parent == tmp_path / "root" / "projects"
    assert set(path.parent.name) <= set("-abcdefghijklmnopqrstuvwxyzCx")


def test_only_what_the_cli_can_resume_is_written(full: Log, tmp_path: Path) -> None:
    key = KEY._replace(session_id="no-uuid")
    full.append(key, [{"type": "user", "uuid": "u", "message": {"content": "Hi"}}])
    with pytest.raises(Refused, match="takes uuids"):
        full.export_sessions(tmp_path, key, "claude")
    full.delete(ATLAS)
    with pytest.raises(Refused, match="holds nothing"):
        full.export_sessions(tmp_path, ATLAS, "claude")
    done = full.export_sessions(tmp_path, Filter(presence=("present", "deleted")), "claude")
    assert (done.sessions, done.left_out) == (2, 2), "of many, what cannot be is left out and told"


def test_what_no_file_can_hold_as_it_is_is_escaped(tmp_path: Path) -> None:
    entry = {"type": "user", "uuid": "u", "message": {"content": "half \ud800 \u2028"}, "n": 2**70}
    with turnlog.open("memory:") as log:
        log.append(KEY, [entry])
        log.export_sessions(tmp_path / "root", KEY, "claude")
    [path] = tmp_path.rglob("*.jsonl")
    assert lines(path) == [entry]
