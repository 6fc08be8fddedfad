"""Files that are no log, or no longer one: named for what they are, and left as they were."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import psycopg
import pytest

import turnlog
from docs.demo.make_history import HISTORY
from tests.bad_input.conftest import Process, execute
from turnlog import SessionKey, StorageError
from turnlog.adapters.cli import run
from turnlog.domain.errors import InvalidURL, NewerSchema, NotADatabase

COMMANDS = (
    ("sessions",),
    ("show", "8b6e"),
    ("events", "8b6e"),
    ("stats",),
    ("verify",),
    ("rebuild",),
    ("rewind", "8b6e", "--to", "prompt:1"),
    ("import", HISTORY, "--workers", "1"),
)


def foreign(path: Path) -> None:
    execute(path, "CREATE TABLE moz_places (url TEXT)", "INSERT INTO moz_places VALUES ('x')")


def foreign_events(path: Path) -> None:
    execute(path, "CREATE TABLE events (x)", "INSERT INTO events VALUES (1)")


NO_LOGS: dict[str, tuple[Callable[[Path], object], type[StorageError], str]] = {
    "a text": (lambda p: p.write_text("junk" * 1000), NotADatabase, "begins with b'junkjunk"),
    "a byte": (lambda p: p.write_bytes(b"S"), NotADatabase, "begins with b'S'"),
    "an image": (lambda p: p.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99)), NotADatabase, "PNG"),
    "a folder": (lambda p: p.mkdir(), StorageError, "it is a folder"),
    "another's tables": (foreign_events, NotADatabase, "a table named 'events' that is not"),
}


@pytest.mark.parametrize("kind", NO_LOGS)
def test_what_is_no_log_is_named_and_left_as_it_is(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped path must never lead to somebody's file being written over."""
    make, error, told = NO_LOGS[kind]
    path = tmp_path / "x.db"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    for create in (True, False):
        with pytest.raises(error, match=told):
            turnlog.open(f"sqlite:///{path}", create=create)
    for command in COMMANDS:
        assert run([*map(str, command), "--db", str(path)]) == 2
        assert told in capsys.readouterr().err
    assert (path.read_bytes() if path.is_file() else None) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.db"]


@pytest.mark.parametrize(
    ("make", "told"),
    [(foreign, "a database of something else ('moz_places' is in it)"), (Path.touch, "no log at")],
    ids=["a database of something else", "zero bytes"],
)
def test_who_only_reads_makes_no_log_in_what_is_there(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    """Looking must never put tables into another's database, nor change how it is journaled."""
    path = tmp_path / "places.sqlite"
    make(path)
    before = path.read_bytes()
    for command in COMMANDS[:-1]:
        assert run([*map(str, command), "--db", str(path)]) == 2
    with pytest.raises(InvalidURL, match="there is no log at") as problem:
        turnlog.open(f"sqlite:///{path}", create=False)
    assert told in str(problem.value)
    assert path.read_bytes() == before


def test_an_application_may_keep_its_log_beside_its_own_tables(tmp_path: Path) -> None:
    """Other tables must never be in the way, nor be touched."""
    path = tmp_path / "app.db"
    foreign(path)
    for _ in range(2):
        with turnlog.open(f"sqlite:///{path}") as log:
            log.append(SessionKey("p", "s"), [{"type": "user", "uuid": "1"}])
            assert log.verify().holds
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT url FROM moz_places").fetchall() == [("x",)]
    connection.close()


@pytest.mark.parametrize("share", [0.0001, 0.002, 0.02, 0.3, 0.9, 0.99999])
def test_a_log_that_was_cut_off_says_so(
    tmp_path: Path, whole: bytes, share: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left of a log must never pass for all of it, nor be written on."""
    path = tmp_path / "cut.db"
    path.write_bytes(whole[: int(len(whole) * share)])
    before = path.read_bytes()
    with pytest.raises(NotADatabase, match=f"is cut off: {len(before):,} of"):
        turnlog.open(f"sqlite:///{path}")
    for command in COMMANDS:
        assert run([*map(str, command), "--db", str(path)]) == 2
        assert "is cut off" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_log_that_was_emptied_under_its_write_ahead_log_says_so(
    tmp_path: Path, history: Path
) -> None:
    """SQLite drops what is ahead of an empty database: that must never happen unasked."""
    with turnlog.open(f"sqlite:///{history}") as log:
        log.append(SessionKey("p", "s"), [{"type": "user", "uuid": "1"}])
        shutil.copy(f"{history}-wal", tmp_path / "empty.db-wal")
    (tmp_path / "empty.db").touch()
    with pytest.raises(NotADatabase, match="was cut off: it is empty"):
        turnlog.open(f"sqlite:///{tmp_path / 'empty.db'}")
    assert (tmp_path / "empty.db-wal").stat().st_size > 0


@pytest.mark.parametrize("table", ["about", "blocks", "events", "streams", "topics", "projections"])
def test_a_log_without_one_of_its_tables_is_damaged(history: Path, table: str) -> None:
    """A table that is gone must never be made anew, as if nothing had been in it."""
    execute(history, f"DROP TABLE {table}")
    with pytest.raises(NotADatabase):
        turnlog.open(f"sqlite:///{history}")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        execute(history, f"SELECT * FROM {table}")


def test_a_page_that_is_gone_leaves_the_rest_alone(
    history: Path, whole: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whichever page is lost, every command must end with an answer or an error of ours."""
    page = int.from_bytes(whole[16:18], "big")
    for number in range(1, len(whole) // page, 24):
        history.write_bytes(whole)
        with history.open("r+b") as file:
            file.seek(number * page)
            file.write(os.urandom(page))
        for command in COMMANDS:
            code = run([*map(str, command), "--db", str(history)])
            assert code in (0, 1, 2), (number, command, capsys.readouterr().err)


@pytest.fixture
def as_owner_only() -> Iterator[tuple[str, ...]]:
    """What runs a process without root's right to write anything."""
    if os.geteuid() != 0:
        yield ()
    elif (tool := shutil.which("setpriv")) is not None:
        yield (tool, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
    else:
        pytest.skip("root may write everything, and nothing here takes that right away")


def test_a_log_that_may_only_be_read_is_read_and_not_written(
    process: Callable[..., Process], history: Path, as_owner_only: tuple[str, ...]
) -> None:
    """A read-only file must never be half-written, and must be readable."""
    history.chmod(0o444)
    before = history.read_bytes()

    def turnlog_(*arguments: str) -> Process:
        return process(*arguments, "--db", history, prefix=as_owner_only)

    assert "8b6e0a57" in turnlog_("sessions").stdout
    assert turnlog_("verify").returncode == 0
    for command in (("rename", "8b6e", "x"), ("rebuild",)):
        done = turnlog_(*command)
        assert done.returncode == 2
        assert "the file or its folder cannot be written; check their permissions" in done.stderr
    assert history.read_bytes() == before
    doctor = turnlog_("doctor")
    assert doctor.returncode == 1
    assert "cannot be written by this user" in doctor.stdout


def test_a_log_that_may_not_even_be_read(
    process: Callable[..., Process], history: Path, as_owner_only: tuple[str, ...]
) -> None:
    history.chmod(0)
    done = process("sessions", "--db", history, prefix=as_owner_only)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Permission denied; the file or its folder cannot be read" in done.stderr


def test_a_log_of_a_newer_release_is_left_alone(history: Path) -> None:
    """A release must never write into a log whose format it does not know."""
    execute(history, "UPDATE about SET value = '9' WHERE name = 'schema'")
    before = history.read_bytes()
    with pytest.raises(NewerSchema, match=r"schema 9, this release knows 1\); upgrade turnlog"):
        turnlog.open(f"sqlite:///{history}")
    assert history.read_bytes() == before


# -- PostgreSQL ----------------------------------------------------------------------------------


def test_who_only_reads_makes_no_log_in_a_postgresql_database(postgres_url: str) -> None:
    """Looking must never put tables into another's database."""
    plain = postgres_url.replace("+psycopg", "")
    with psycopg.connect(plain) as connection:
        connection.execute("CREATE TABLE mine (x int)")
    with pytest.raises(InvalidURL, match=r"there is no log at .*\('mine' is in it\)"):
        turnlog.open(postgres_url, create=False)
    with psycopg.connect(plain) as connection:
        there = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert there.fetchall() == [("mine",)]


@pytest.mark.parametrize(
    ("statement", "error", "told"),
    [
        ("DROP TABLE blocks", NotADatabase, "tables are missing: blocks"),
        ("DROP TABLE about", NotADatabase, "that is not turnlog's"),
        ("UPDATE about SET value = '9' WHERE name = 'schema'", NewerSchema, "upgrade turnlog"),
    ],
)
def test_a_postgresql_database_that_is_no_log_any_more(
    postgres_url: str, statement: str, error: type[StorageError], told: str
) -> None:
    turnlog.open(postgres_url).close()
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute(statement)
    with pytest.raises(error, match=told):
        turnlog.open(postgres_url)


# -- URLs and extras -----------------------------------------------------------------------------

WRONG = {
    "": "no database URL",
    "sqlite": "no database URL",
    "sqlite:/x.db": "no database URL",
    "sqlite://host/x.db": "a SQLite URL is a path and nothing else",
    "sqlite:///x.db?mode=ro": "a SQLite URL is a path and nothing else",
    "sqlite:///a\0b": "no path that a database can have",
    "sqlite:///\ud800": "no path that a database can have",
    "sqlite+aiosqlite:///x.db": "does not use the driver",
    "postgresql+asyncpg://h/x": "does not use the driver",
    "postgresql://h:port/x": "no database URL",
    "mysql://h/x": "keeps no logs in 'mysql'",
    "redis://h/0": "keeps no logs in 'redis'",
    "https://example.org/x.db": "keeps no logs in 'https'",
    "://": "no database URL",
}


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_url_is_named(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL must never be taken for something else than was meant, nor its password be shown."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidURL, match=WRONG[url]):
        turnlog.open(url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "blocked", "told"),
    [
        (("sessions", "--db", "postgresql://h/x"), "psycopg", "pip install 'turnlog[postgres]'"),
    ],
)
def test_an_extra_that_is_missing_is_named(
    arguments: tuple[str, ...], blocked: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who lacks an optional part must never be shown an ImportError."""
    hidden = dict.fromkeys(("turnlog.adapters.storage.postgres.store", blocked, f"{blocked}.sql"))
    with mock.patch.dict("sys.modules", hidden):
        assert run(list(arguments)) == 2
    assert told in capsys.readouterr().err
