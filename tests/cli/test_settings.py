"""Which log is meant: an argument, the environment, the settings file, the host, the default."""

from __future__ import annotations

from pathlib import Path

import pytest

import turnlog
from docs.demo.make_history import HISTORY
from tests.cli.conftest import Cli
from turnlog.adapters.cli import run
from turnlog.settings import InvalidSettings, Settings, log_url


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file that does not exist yet."""
    path = tmp_path / "settings.toml"
    monkeypatch.setenv("TURNLOG_SETTINGS_FILE", str(path))
    return path


def test_what_is_given_first_holds(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = {"SESSION_STORAGE_TYPE": "sqlite", "SESSION_DB_PATH": "/host.db"}
    assert Settings.load().location(None, host).url == "sqlite:////host.db"
    file.write_text('database_url = "/file.db"\n')
    assert Settings.load().location(None, host).url == "sqlite:////file.db"
    monkeypatch.setenv("TURNLOG_DATABASE_URL", "/environment.db")
    assert Settings.load().location(None, host).url == "sqlite:////environment.db"
    assert Settings.load().location("/argument.db", host) == (
        "sqlite:////argument.db",
        "--db",
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"DATABASE_URL": "postgresql://host/app"},
        {"SESSION_DB_PATH": "/host.db"},
        {"DATABASE_URL": "postgresql://host/app", "SESSION_STORAGE_TYPE": "sqlite"},
        {"DATABASE_URL": "postgresql://host/app", "SESSION_STORAGE_TYPE": "redis"},
        {"DATABASE_URL": "postgresql://host/app", "SESSION_STORAGE_TYPE": ""},
    ],
)
def test_a_bare_database_url_chooses_nothing(file: Path, environment: dict[str, str]) -> None:
    """The database of a host application must never become the log by accident."""
    location = Settings.load().location(None, environment)
    assert location.url.endswith("/turnlog/turnlog.db")
    assert location.chosen_by.startswith("the default")


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


def test_a_host_that_stores_sessions_says_where(file: Path) -> None:
    environment = {"SESSION_STORAGE_TYPE": "postgres", "DATABASE_URL": "postgres://u:p@host/app"}
    location = Settings.load().location(None, environment)
    assert location.url == "postgresql+psycopg://u:p@host/app"
    assert location.chosen_by == "DATABASE_URL, as SESSION_STORAGE_TYPE is postgres"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("log.db", "sqlite:///log.db"),
        ("/a b/é?#%.db", "sqlite:////a b/%C3%A9%3F%23%25.db"),
        ("sqlite:////x.db", "sqlite:////x.db"),
        ("memory:", "memory:"),
        ("postgresql+asyncpg://host/x", "postgresql+psycopg://host/x"),
        ("mysql://host/x", "mysql://host/x"),
    ],
)
def test_a_plain_path_is_a_sqlite_file(text: str, url: str) -> None:
    assert log_url(text) == url


def test_any_path_leads_to_that_file(tmp_path: Path, cli: Cli) -> None:
    """A path must never be cut at a character that means something in a URL."""
    path = tmp_path / "a?b #c%20é.db"
    assert cli("import", HISTORY / "projects" / "-home-ada-atlas", "--db", path).code == 0
    assert path.exists()
    assert len(cli("sessions", "--json", "--db", path).json["sessions"]) == 2
    assert cli("doctor", "--db", path, "--json").json["healthy"] is True


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('synchronous = "SOMETIMES"\n', "setting 'synchronous'"),
        ('databse_url = "x"\n', "setting 'databse_url'"),
        ("not toml", "settings.toml cannot be read"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(InvalidSettings, match=told):
        Settings.load()


def test_a_wrong_setting_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TURNLOG_SYNCHRONOUS", "SOMETIMES")
    assert run(["sessions"]) == 2
    assert "turnlog: setting 'synchronous'" in capsys.readouterr().err


def test_settings_are_shown_with_what_set_them(cli: Cli, file: Path) -> None:
    file.write_text('user_id = "ada@example.org"\n')
    told = cli("settings", "--json").json
    assert told["settings_file_exists"] is True
    assert told["settings"]["user_id"] == {
        "value": "ada@example.org",
        "set_by": "the settings file",
    }
    assert told["settings"]["database_url"]["set_by"] == "TURNLOG_DATABASE_URL"
    assert told["settings"]["synchronous"] == {"value": "FULL", "set_by": "default"}
    out = cli("settings").out
    assert "user_id = ada@example.org   the settings file" in out


def test_a_password_is_never_shown(cli: Cli) -> None:
    """What is shown may be pasted into a report."""
    url = "postgresql://ada:secret@127.0.0.1:1/log"
    for arguments in (("settings",), ("settings", "--json"), ("doctor",), ("sessions",)):
        ran = cli(*arguments, "--db", url)
        assert "secret" not in ran.out + ran.err, arguments


def test_an_empty_db_is_not_the_default(cli: Cli, database: Path) -> None:
    """A script with an unset variable must never write into another log than it meant."""
    ran = cli("import", "--db", "")
    assert (ran.code, ran.out) == (2, "")
    assert "--db is empty" in ran.err
    assert not database.exists()
