"""Moving house on the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.migrate.conftest import HERE


def test_a_database_is_moved_and_told_of(cli: Cli, database: Path) -> None:
    tried = cli("migrate", HERE / "langgraph.db", "--dry-run").out
    assert "Would record 25 new messages from langgraph (5 sessions, 25 messages)" in tried
    assert cli("sessions", "--json").json["sessions"] == []
    out = cli("migrate", HERE / "langgraph.db").out
    assert "✓ 25 new messages from langgraph" in out
    assert "1 rewind as the history has them" in out
    assert "threads without messages, left out: 1" in out
    again = cli("migrate", HERE / "langgraph.db").out
    assert "✓ Nothing new from langgraph" in again
    assert "25 messages known already" in again
    assert "migrated from langgraph" in cli("branches", "forked").out


def test_what_could_not_be_read_is_told(cli: Cli) -> None:
    ran = cli("migrate", HERE / "plain.db")
    assert "! 1 thing could not be read" in ran.out
    assert "the history of session 's4': what is compressed ends too early" in ran.out
    told = cli("migrate", HERE / "adk-pickled.db", "--json").json
    assert told["notes"]["pickled actions of events, which are not unpickled"] == 11
    assert (told["kinds"], told["recorded"], told["dry_run"]) == (["adk"], 11, False)


def test_the_columns_of_an_own_table_are_named_or_set(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE chats (sid, body)")
        connection.execute("""INSERT INTO chats VALUES ('c1', '[{"role":"user","content":"x"}]')""")
    assert "name the one with the sessions" in cli("migrate", path).err
    named = ("--table", "chats", "--column", "id=sid", "--column", "history=body")
    assert cli("migrate", path, *named, "--json").json["recorded"] == 1
    monkeypatch.setenv("TURNLOG_MIGRATE_TABLE", "chats")
    monkeypatch.setenv("TURNLOG_MIGRATE_COLUMNS", '{"id": "sid", "history": "body"}')
    assert cli("migrate", path, "--json").json["known"] == 1
    assert cli("migrate", HERE / "openai.db", "--json").json["kinds"] == ["openai-agents"]


def test_what_makes_no_sense_is_said_in_a_sentence(cli: Cli, tmp_path: Path) -> None:
    for arguments, told in (
        ((tmp_path / "nothing.db",), "No such file"),
        ((HERE / "versions.json",), "no SQLite database"),
        ((HERE / "adk.db", "--kind", "mongo"), "no kind of database"),
        ((HERE / "plain.db", "--column", "x"), "WHAT=NAME"),
        ((HERE / "plain.db", "--column", "id=nope"), "no column 'nope'"),
        ((HERE / "plain.db", "--table", "nope"), "no table 'nope'"),
    ):
        ran = cli("migrate", *arguments)
        assert ran.code == 2, arguments
        assert told in ran.err
    assert cli("sessions", "--json").json["sessions"] == []
