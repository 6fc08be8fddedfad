"""Each setting does what it says."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import turnlog
from tests.support.transcripts import Transcript
from turnlog import Log, SessionKey
from turnlog.adapters.cli import run
from turnlog.domain.events import CheckpointCreated


@pytest.fixture
def talk() -> Transcript:
    """Seven turns."""
    s = Transcript(seed=8)
    s.prompt("Why is the checkout slow?")
    for number in range(7):
        s.answer(f"Because of reason {number}. " + "x" * 40)
    return s


def key_of(talk: Transcript) -> SessionKey:
    return SessionKey("-home-ada-shop", talk.session_id)


def turns(log: Log) -> list[int]:
    """The turns at which there is an automatic checkpoint."""
    (session,) = log.sessions()
    key = SessionKey(session.project_key, session.session_id)
    kept = [e.event for e in log.events(key) if isinstance(e.event, CheckpointCreated)]
    return [event.turn for event in kept if event.kind == "turn"]


@pytest.mark.parametrize(
    ("interval", "expected"), [("", [5]), ("3", [3, 6]), ("1", [*range(1, 8)]), ("0", [])]
)
def test_the_interval_of_checkpoints_reaches_every_way_of_recording(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    talk: Transcript,
    interval: str,
    expected: list[int],
) -> None:
    monkeypatch.setenv("SESSION_CHECKPOINT_INTERVAL", interval)
    with turnlog.open("memory:") as log:
        log.append(key_of(talk), talk.entries)
        assert turns(log) == expected
    with turnlog.open("memory:") as log:
        key = {"project_key": "-home-ada-shop", "session_id": talk.session_id}
        asyncio.run(log.session_store().append(key, talk.entries))  # type: ignore[arg-type]
        assert turns(log) == expected
    with turnlog.open("memory:") as log:
        log.import_claude(talk.write(tmp_path))
        assert turns(log) == expected
    with turnlog.open("memory:") as log:
        messages = log.conversation(key_of(talk))
        messages.record("user", "Why?")
        for number in range(7):
            messages.record("assistant", f"Because of reason {number}.")
        assert turns(log) == expected


def codecs(path: Path) -> set[int]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute("SELECT codec FROM blocks WHERE sort = 0")}


@pytest.mark.parametrize("way", ["append", "import"])
def test_what_is_smaller_than_the_threshold_is_stored_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, talk: Transcript, way: str
) -> None:
    def kept(name: str) -> set[int]:
        path = tmp_path / f"{name}.db"
        with turnlog.open(f"sqlite:///{path}") as log:
            if way == "append":
                log.append(key_of(talk), talk.entries)
            else:
                log.import_claude(transcript)
            (session,) = log.sessions()
            assert log.load(SessionKey(session.project_key, session.session_id)) == talk.entries
            assert log.verify().holds
        return codecs(path)

    transcript = talk.write(tmp_path)
    assert 0 not in kept("always")
    monkeypatch.setenv("SESSION_COMPRESS_THRESHOLD", "1000000")
    assert kept("hardly") == {0}
    monkeypatch.setenv("SESSION_COMPRESS_THRESHOLD", "100")
    assert 0 not in kept("mostly")


def test_settings_reach_the_command_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dotenv: Path, talk: Transcript
) -> None:
    path = tmp_path / "host.db"
    dotenv.write_text(
        f"SESSION_STORAGE_TYPE=sqlite\nSESSION_DB_PATH={path}\n"
        "SESSION_CHECKPOINT_INTERVAL=2\nSESSION_COMPRESS_THRESHOLD=1000000\n"
    )
    assert run(["import", str(talk.write(tmp_path))]) == 0
    with turnlog.open(f"sqlite:///{path}") as log:
        assert turns(log) == [2, 4, 6]
    assert codecs(path) == {0}
