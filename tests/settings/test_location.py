"""Which log is meant: an argument, the environment, a file, the host's variables, the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from turnlog.adapters.cli import run
from turnlog.settings import InvalidSettings, Location, Settings, log_url
from turnlog.settings.location import Beside, is_elsewhere

POSTGRES = "postgresql://ada:open-sesame@db.example.org/app"
REDIS = "redis://:open-sesame@cache.example.org/0"


def location(db: str | None = None) -> Location:
    return Settings.load().location(db)


def host(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_what_is_given_first_names_the_log(
    file: Path, dotenv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert location().is_default
    host(monkeypatch, SESSION_STORAGE_TYPE="sqlite", SESSION_DB_PATH="/host.db")
    assert location()[:2] == (
        "sqlite:////host.db",
        "SESSION_DB_PATH, as SESSION_STORAGE_TYPE is sqlite",
    )
    file.write_text('database_url = "/file.db"\n')
    assert location()[:2] == (
        "sqlite:////file.db",
        f"database_url in the settings file {file}",
    )
    dotenv.write_text("TURNLOG_DB_PATH=/dotenv.db\n")
    assert location()[:2] == ("sqlite:////dotenv.db", f"TURNLOG_DB_PATH in {dotenv}")
    monkeypatch.setenv("TURNLOG_DATABASE_URL", "/environment.db")
    assert location()[:2] == ("sqlite:////environment.db", "TURNLOG_DATABASE_URL")
    assert location("/argument.db")[:2] == ("sqlite:////argument.db", "--db")


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": POSTGRES},
        {"DATABASE_URL": POSTGRES, "REDIS_URL": REDIS},
        {"SESSION_DB_PATH": "/host.db"},
        {"DATABASE_URL": POSTGRES, "SESSION_STORAGE_TYPE": "sqlite"},
        {"DATABASE_URL": POSTGRES, "SESSION_STORAGE_TYPE": ""},
    ],
)
@pytest.mark.parametrize("where", ["environment", "dotenv"])
def test_a_bare_database_url_chooses_nothing(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], where: str
) -> None:
    """The database of a host application must never become the log by accident."""
    if where == "environment":
        host(monkeypatch, **variables)
    else:
        dotenv.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    assert location().is_default
    assert location().redis is None


@pytest.mark.parametrize("where", ["environment", "dotenv"])
def test_a_host_that_stores_sessions_says_where(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    variables = {
        "SESSION_STORAGE_TYPE": "redis-postgres",
        "DATABASE_URL": "postgres://u:p@host/app",
        "REDIS_URL": REDIS,
    }
    beside = ""
    if where == "environment":
        host(monkeypatch, **variables)
    else:
        dotenv.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        beside = f" in {dotenv}"
    found = location()
    assert found.url == "postgresql+psycopg://u:p@host/app"
    told = f"DATABASE_URL{beside}, as SESSION_STORAGE_TYPE{beside} is redis-postgres"
    assert found.chosen_by == told
    assert found.redis is not None
    assert found.redis[:2] == (REDIS, f"REDIS_URL{beside}")
    monkeypatch.setenv("SESSION_STORAGE_TYPE", "PostgreSQL")
    assert location().url == "postgresql+psycopg://u:p@host/app"
    assert location().redis is None
    monkeypatch.setenv("TURNLOG_DATABASE_URL", "/own.db")
    assert location().url == "sqlite:////own.db"


def test_the_storage_type_may_be_turnlogs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNLOG_STORAGE_TYPE", "postgres")
    monkeypatch.setenv("DATABASE_URL", POSTGRES)
    assert location().chosen_by == "DATABASE_URL, as TURNLOG_STORAGE_TYPE is postgres"
    monkeypatch.setenv("TURNLOG_SESSION_DB_PATH", "~/sessions.db")
    monkeypatch.setenv("TURNLOG_STORAGE_TYPE", "sqlite")
    assert location().path == Path.home() / "sessions.db"


def test_a_redis_stands_beside_any_log_unless_the_type_goes_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TURNLOG_REDIS_URL", REDIS)
    named = Beside(REDIS, "TURNLOG_REDIS_URL")
    assert location().redis == named
    assert location("/some.db").redis == named
    assert Settings.load().redis() == named
    monkeypatch.setenv("TURNLOG_STORAGE_TYPE", "sqlite")
    assert location().redis is None
    assert Settings.load().redis() is None


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"SESSION_STORAGE_TYPE": "mongodb"},
            "SESSION_STORAGE_TYPE is 'mongodb'; turnlog takes sqlite, postgres or redis-postgres",
        ),
        (
            {"SESSION_STORAGE_TYPE": "postgres"},
            "SESSION_STORAGE_TYPE is 'postgres', but no DATABASE_URL names the database",
        ),
        (
            {"SESSION_STORAGE_TYPE": "postgres", "DATABASE_URL": "mysql://a:open-sesame@host/x"},
            "SESSION_STORAGE_TYPE is 'postgres', but DATABASE_URL names another kind of database",
        ),
        (
            {"SESSION_STORAGE_TYPE": "redis-postgres", "DATABASE_URL": POSTGRES},
            "SESSION_STORAGE_TYPE is 'redis-postgres', but no REDIS_URL names the Redis",
        ),
        (
            {"TURNLOG_STORAGE_TYPE": "sqlite", "TURNLOG_DATABASE_URL": POSTGRES},
            "TURNLOG_STORAGE_TYPE is 'sqlite', but TURNLOG_DATABASE_URL names another kind",
        ),
        (
            {"TURNLOG_DB_PATH": "/a.db", "TURNLOG_DATABASE_URL": POSTGRES},
            "TURNLOG_DATABASE_URL and TURNLOG_DB_PATH both name a log",
        ),
    ],
)
def test_what_does_not_hold_together_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    """Sessions meant for one place must never be recorded in another, without a word."""
    host(monkeypatch, **variables)
    with pytest.raises(InvalidSettings) as refused:
        location()
    assert told in str(refused.value)
    assert "open-sesame" not in str(refused.value)
    assert location("/argument.db").url == "sqlite:////argument.db"


@pytest.mark.parametrize(
    ("url", "elsewhere"),
    [
        ("sqlite:////x.db", False),
        ("postgresql:///app", False),
        ("postgresql://ada@localhost/app", False),
        ("postgresql://ada@/app?host=/run/postgresql", False),
        (POSTGRES, True),
        ("postgresql:///app?host=db.example.org", True),
        ("redis://localhost:6379/0", False),
        ("unix:///run/redis.sock?db=0", False),
        (REDIS, True),
        ("redis://[broken/0", True),
    ],
)
def test_a_log_on_another_machine_is_told_from_one_here(url: str, elsewhere: bool) -> None:
    assert is_elsewhere(log_url(url)) == elsewhere


def test_a_file_that_nobody_named_is_told_from_one_that_was(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dotenv.write_text("TURNLOG_DB_PATH=/dotenv.db\n")
    assert location().found
    monkeypatch.setenv("TURNLOG_ENV_FILE", str(dotenv))
    assert not location().found
    monkeypatch.delenv("TURNLOG_ENV_FILE")
    dotenv.write_text("SESSION_STORAGE_TYPE=sqlite\nSESSION_DB_PATH=/host.db\n")
    assert location().found
    assert not location("/argument.db").found


@pytest.mark.parametrize(
    "text",
    [
        f"TURNLOG_DATABASE_URL={POSTGRES}",
        f"SESSION_STORAGE_TYPE=postgres\nDATABASE_URL={POSTGRES}",
        f"TURNLOG_REDIS_URL={REDIS}",
    ],
)
def test_what_lies_in_a_folder_sends_no_session_to_another_machine(
    dotenv: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Whoever cloned a repository must never send the sessions of all projects to its author."""
    dotenv.write_text(text + "\n")
    assert run(["import", "nowhere"]) == 2
    told = capsys.readouterr().err
    assert f" in {dotenv}" in told
    assert "another machine" in told
    assert "open-sesame" not in told
    assert "TURNLOG_ENV_FILE" in told
    for command in (["sessions"], ["doctor"]):
        assert run(command) == 2
        assert "another machine" in capsys.readouterr().err
    monkeypatch.setenv("TURNLOG_ENV_FILE", str(dotenv))
    assert not location().found
    location().refuse_found()


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


def test_a_password_is_in_no_form_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed for a report must never give a password away."""
    monkeypatch.setenv("TURNLOG_DATABASE_URL", POSTGRES + "?sslpassword=open-sesame")
    monkeypatch.setenv("TURNLOG_REDIS_URL", REDIS)
    settings = Settings.load()
    assert "open-sesame" not in f"{settings} {settings!r} {settings.location()!r}"
    assert settings.location().url.endswith("sslpassword=open-sesame")
