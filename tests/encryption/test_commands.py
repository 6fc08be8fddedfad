"""Encryption on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.transcripts import Transcript
from turnlog.adapters.cli import run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the log is, its keys set."""
    monkeypatch.setenv("TURNLOG_DATABASE_URL", str(tmp_path / "log" / "turnlog.db"))
    monkeypatch.setenv("TURNLOG_ENCRYPTION_KEYS", str(tmp_path / "keys"))
    (tmp_path / "log").mkdir()
    return tmp_path


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def failed(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def begun(place: Path) -> str:
    assert run(["encrypt"]) == 0
    s = Transcript()
    s.prompt("Why apples?")
    s.answer("Because.")
    s.write(place / "claude")
    assert run(["import", str(place / "claude"), "--workers", "1"]) == 0
    return s.session_id


def test_a_log_is_begun_shown_and_a_sessions_keys_are_destroyed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = begun(place)
    told(capsys)
    assert run(["keys", "--json"]) == 0
    found = json.loads(told(capsys))
    assert found == {
        "encrypted": True,
        "locked": False,
        "keys": str(place / "keys"),
        "streams": 1,
        "destroyed": 0,
    }
    assert run(["keys", "--destroy", session]) == 2
    refusal = failed(capsys)
    assert "--yes" in refusal
    assert "--dry-run" not in refusal, "told to use what the command has not"
    assert run(["keys", "--destroy", session, "--yes"]) == 0
    assert "1 key destroyed" in told(capsys)
    assert run(["show", session]) == 2
    assert "gone for good" in failed(capsys)
    assert run(["verify"]) == 0
    assert run(["keys"]) == 0
    assert "1 key destroyed" in told(capsys)


@pytest.mark.parametrize(("keys", "beside"), [("log", True), ("log/keys", True), ("keys", False)])
def test_keys_beside_the_log_are_warned_of(
    place: Path, capsys: pytest.CaptureFixture[str], keys: str, beside: bool
) -> None:
    """Keys must never be laid into the backups of their log without a word."""
    assert run(["encrypt", "--keys", str(place / keys)]) == 0
    assert ("lie beside the log" in told(capsys)) is beside


def test_without_keys_lists_and_figures_are_told(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begun(place)
    monkeypatch.delenv("TURNLOG_ENCRYPTION_KEYS")
    told(capsys)
    for command in (["sessions"], ["stats"], ["stats", "--json"], ["keys"]):
        assert run(command) == 0, command
    assert "apples" not in told(capsys)
    assert run(["verify"]) == 0
    assert "Headers alone" in told(capsys)
    for command in (["rename", session, "x"], ["show", session], ["search", "apples"]):
        assert run(command) == 2, command
        assert "encrypted" in failed(capsys)
    assert run(["doctor"]) == 0
    assert "TURNLOG_ENCRYPTION_KEYS" in told(capsys)


def test_a_project_is_told_where_its_folder_is_not(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash must never stand where the project's key could, which is not encrypted."""
    session = begun(place)
    monkeypatch.delenv("TURNLOG_ENCRYPTION_KEYS")
    told(capsys)
    assert run(["sessions"]) == 0
    listed = told(capsys)
    assert session[:8] in listed
    assert "sealed:" not in listed
    assert run(["sessions", "--json"]) == 0
    [row] = json.loads(told(capsys))["sessions"]
    assert row["project_key"][:8] in listed


def test_a_search_of_an_encrypted_log_is_refused_with_the_reason(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun(place)
    assert run(["search", "apples"]) == 2
    assert "an index of its words would tell what was said" in failed(capsys)
    assert run(["sessions", "--text", "apples"]) == 2
    assert "hold no text" in failed(capsys)


def test_a_log_that_is_there_is_not_encrypted_by_the_way(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks for an encrypted log must never be left with a plain one."""
    monkeypatch.delenv("TURNLOG_ENCRYPTION_KEYS")
    assert run(["encrypt"]) == 2
    assert "--keys FOLDER" in failed(capsys)
    s = Transcript()
    s.prompt("Why?")
    s.write(place / "claude")
    assert run(["import", str(place / "claude"), "--workers", "1"]) == 0
    assert run(["encrypt", "--keys", str(place / "keys")]) == 2
    assert "turnlog export" in failed(capsys)
    monkeypatch.setenv("TURNLOG_ENCRYPTION_KEYS", str(place / "keys"))
    assert run(["sessions"]) == 2
    assert "is not encrypted, and keys were given" in failed(capsys)
    assert not (place / "keys").exists()


def test_the_master_key_is_never_shown(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "5a" * 32
    monkeypatch.setenv("TURNLOG_ENCRYPTION_MASTER_KEY", secret)
    begun(place)
    for command in (["settings"], ["settings", "--json"], ["keys"], ["doctor"]):
        run(command)
    monkeypatch.setenv("TURNLOG_ENCRYPTION_MASTER_KEY", secret[2:])
    assert run(["sessions"]) == 2
    shown = capsys.readouterr()
    assert secret[2:] not in shown.out + shown.err
    assert "64 hexadecimal digits" in shown.err
