"""The settings on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from docs.demo.make_history import HISTORY
from tests.cli.conftest import Cli
from turnlog.adapters.cli import run


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file with nothing in it."""
    path = tmp_path / "settings.toml"
    path.touch()
    monkeypatch.setenv("TURNLOG_SETTINGS_FILE", str(path))
    return path


def test_an_application_opens_what_the_settings_name(
    file: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURNLOG_DATABASE_URL", str(tmp_path / "named.db"))
    turnlog.open().close()
    assert (tmp_path / "named.db").exists()
    turnlog.open(f"sqlite:///{tmp_path / 'other.db'}").close()
    assert (tmp_path / "other.db").exists()
    monkeypatch.delenv("TURNLOG_DATABASE_URL")
    turnlog.open().close()
    (default,) = home.rglob("turnlog.db")
    assert default.parent.stat().st_mode & 0o077 == 0


def test_any_path_leads_to_that_file(tmp_path: Path, cli: Cli) -> None:
    """A path must never be cut at a character that means something in a URL."""
    path = tmp_path / "a?b #c%20é.db"
    assert cli("import", HISTORY / "projects" / "-home-ada-atlas", "--db", path).code == 0
    assert path.exists()
    assert len(cli("sessions", "--json", "--db", path).json["sessions"]) == 2
    assert cli("doctor", "--db", path, "--json").json["healthy"] is True


def test_a_wrong_setting_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TURNLOG_SYNCHRONOUS", "SOMETIMES")
    assert run(["sessions"]) == 2
    assert (
        "turnlog: TURNLOG_SYNCHRONOUS is 'SOMETIMES', but takes FULL or NORMAL"
        in capsys.readouterr().err
    )


def test_settings_are_shown_with_what_set_them(cli: Cli, file: Path) -> None:
    file.write_text('user_id = "ada@example.org"\n')
    told = cli("settings", "--json").json
    assert told["settings_file_exists"] is True
    assert told["settings"]["user_id"] == {
        "value": "ada@example.org",
        "set_by": f"user_id in the settings file {file}",
    }
    assert told["settings"]["database_url"]["set_by"] == "TURNLOG_DATABASE_URL"
    assert told["settings"]["synchronous"] == {"value": "FULL", "set_by": "default"}
    out = cli("settings").out
    assert "user_id = ada@example.org   user_id in the settings file" in out


def test_what_a_host_says_is_shown_with_its_variables(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TURNLOG_DATABASE_URL")
    monkeypatch.setenv("SESSION_CLEANUP_DAYS", "7")
    dotenv = tmp_path / "production.env"
    monkeypatch.setenv("TURNLOG_ENV_FILE", str(dotenv))
    dotenv.write_text(
        "SESSION_STORAGE_TYPE=redis-postgres\nDATABASE_URL=postgres://ada:open-sesame@host/app\n"
        "REDIS_URL=redis://cache/0\n"
    )
    told = cli("settings", "--json").json
    assert told["env_file"] == str(dotenv)
    found = {name: (one["value"], one["set_by"]) for name, one in told["settings"].items()}
    assert found["storage_type"] == ("redis-postgres", f"SESSION_STORAGE_TYPE in {dotenv}")
    url = "postgresql+psycopg://ada:***@host/app"
    by = f"DATABASE_URL in {dotenv}, as SESSION_STORAGE_TYPE in {dotenv} is redis-postgres"
    assert found["database_url"] == (url, by)
    assert found["redis_url"] == ("redis://cache/0", f"REDIS_URL in {dotenv}")
    assert found["cleanup_days"] == (7, "SESSION_CLEANUP_DAYS")


def test_a_password_is_never_shown(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown may be pasted into a report."""
    url = "postgresql://ada:open-sesame@127.0.0.1:1/log?sslpassword=open-sesame"
    monkeypatch.setenv("TURNLOG_REDIS_URL", "redis://:open-sesame@127.0.0.1:1/0")
    for arguments in (("settings",), ("settings", "--json"), ("doctor",), ("sessions",)):
        ran = cli(*arguments, "--db", url)
        assert "open-sesame" not in ran.out + ran.err, arguments
        assert ran.code == (0 if arguments[0] == "settings" else ran.code), arguments
    assert "redis://:***@127.0.0.1:1/0" in cli("settings").out


def test_an_empty_db_is_not_the_default(cli: Cli, database: Path) -> None:
    """A script with an unset variable must never write into another log than it meant."""
    ran = cli("import", "--db", "")
    assert (ran.code, ran.out) == (2, "")
    assert "--db is empty" in ran.err
    assert not database.exists()
