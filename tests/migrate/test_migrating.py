"""What holds for every database that is moved here."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import turnlog
from tests.migrate.conftest import DATABASES, HERE, Foreign, events_in, lines, shown, talk
from turnlog import Log, Refused, SessionKey
from turnlog.adapters.claude.messages import Given
from turnlog.adapters.migration.database import NotMigratable
from turnlog.adapters.migration.found import ForeignSession, Snapshot, foreign
from turnlog.migrating.applying import Asker, apply

every_database = pytest.mark.parametrize("name", DATABASES)


def fingerprints(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@every_database
def test_the_database_is_never_changed(log: Log, foreign: Foreign, name: str) -> None:
    """Moving house must never touch what is left behind."""
    path = foreign(name)
    before = fingerprints(path.parent)
    log.migrate(path, dry_run=True)
    log.migrate(path)
    assert fingerprints(path.parent) == before


@every_database
def test_moving_again_records_nothing(log: Log, name: str) -> None:
    """A message must never come twice."""
    first = log.migrate(HERE / name)
    before = events_in(log)
    again = log.migrate(HERE / name)
    assert (again.recorded, again.rewinds, again.trims, again.checkpoints) == (0, 0, 0, 0)
    assert (again.messages, again.begun) == (first.messages, 0)
    assert events_in(log) == before
    assert log.verify().problems == ()


@every_database
def test_a_dry_run_tells_the_same_and_records_nothing(log: Log, name: str) -> None:
    tried = log.migrate(HERE / name, dry_run=True)
    assert log.sessions() == []
    done = log.migrate(HERE / name)
    told = {**tried.as_dict(), "dry_run": False, "seconds": 0}
    assert told == {**done.as_dict(), "seconds": 0}


def test_a_dry_run_records_nothing_in_any_store(store_url: str) -> None:
    with turnlog.open(store_url) as log:
        tried = log.migrate(HERE / "openai-branches.db", dry_run=True)
        assert log.sessions() == []
        assert log.migrate(HERE / "openai-branches.db").recorded == tried.recorded
        assert log.migrate(HERE / "openai-branches.db", dry_run=True).recorded == 0


def test_a_log_that_is_being_written_is_read_as_it_is(log: Log, foreign: Foreign) -> None:
    """What another process has just written ahead of the file must never be missing."""
    path = foreign("openai.db")
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("PRAGMA wal_autocheckpoint=0")
        with writer:
            writer.execute(
                "INSERT INTO agent_messages (session_id, message_data) "
                """VALUES ('weather', '{"role": "user", "content": "Just now."}')"""
            )
        log.migrate(path)
        assert lines(talk(log, "openai-agents", "weather"))[-1] == "user: Just now."


def test_what_lies_ahead_of_a_database_that_nobody_has_open_is_read(
    log: Log, foreign: Foreign, tmp_path: Path
) -> None:
    """A file must never be left beside a database that was copied with its write-ahead log."""
    path = foreign("openai.db")
    place = tmp_path / "copied"
    place.mkdir()
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        with writer:
            writer.execute("DELETE FROM agent_messages WHERE id > 2")
        for name in ("openai.db", "openai.db-wal"):
            shutil.copy(path.parent / name, place)
    before = fingerprints(place)
    assert log.migrate(place / "openai.db").recorded == 2
    assert fingerprints(place) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_database_in_a_folder_that_cannot_be_written_is_read(log: Log, foreign: Foreign) -> None:
    path = foreign("openai.db", "PRAGMA journal_mode=WAL")
    path.parent.chmod(0o500)
    try:
        assert log.migrate(path).recorded == 10
    finally:
        path.parent.chmod(0o700)


def test_what_is_no_database_is_refused(log: Log, tmp_path: Path) -> None:
    """A file that is not understood must never leave half of anything."""
    text = tmp_path / "text.db"
    text.write_text("no database")
    empty = tmp_path / "empty.db"
    empty.touch()
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as connection, connection:
        connection.execute("CREATE TABLE plants (name, height)")
    ours = tmp_path / "ours.db"
    turnlog.open(f"sqlite:///{ours}").close()
    torn = tmp_path / "torn.db"
    torn.write_bytes((HERE / "langgraph.db").read_bytes()[:30_000])
    for path, told in (
        (tmp_path / "nothing.db", "No such file"),
        (tmp_path, "cannot be read"),
        (text, "no SQLite database"),
        (empty, "no SQLite database"),
        (foreign, "its tables are plants"),
        (ours, "a log of turnlog already"),
        (torn, "langgraph|malformed|torn.db"),
    ):
        with pytest.raises(NotMigratable, match=told):
            log.migrate(path)
    assert log.sessions() == []


def test_a_kind_is_one_of_those_there_are(log: Log) -> None:
    with pytest.raises(Refused, match="no kind of database; there are openai-agents"):
        log.migrate(HERE / "adk.db", kind="mongo")
    with pytest.raises(NotMigratable, match="not the tables of langgraph"):
        log.migrate(HERE / "adk.db", kind="langgraph")
    assert log.migrate(HERE / "adk.db", kind="adk").recorded == 10


def test_a_view_is_no_table(log: Log, tmp_path: Path) -> None:
    """A view is a program of the database's own: it is never run."""
    path = tmp_path / "view.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE VIEW sessions AS SELECT 1 AS id, '[]' AS history")
    with pytest.raises(NotMigratable, match="its tables are none"):
        log.migrate(path)


def test_a_session_that_was_deleted_here_stays_deleted(log: Log) -> None:
    log.migrate(HERE / "openai.db")
    log.delete(SessionKey("openai-agents", "weather"))
    summary = log.migrate(HERE / "openai.db")
    assert (summary.deleted, summary.recorded) == (1, 0)
    assert log.migrate(HERE / "openai.db", restore=True).recorded == 9
    assert len(lines(talk(log, "openai-agents", "weather"))) == 9


def test_the_project_and_the_user_may_be_told(log: Log) -> None:
    log.migrate(HERE / "langgraph.db", project="bots", user_id="ada", actor="eve")
    row = log.session("bots/forked")
    assert (row.project_key, row.user_id) == ("bots", "ada")
    (deed,) = [deed for deed in log.audit() if deed.kind == "SessionRewound"]
    assert (deed.actor, deed.reason) == ("eve", "migrated from langgraph")


def test_what_is_moved_is_found(log: Log) -> None:
    log.migrate(HERE / "langgraph.db")
    assert {hit.session.session_id for hit in log.search("sea").hits} == {"chat"}


def test_secrets_are_taken_out_as_they_arrive(foreign: Foreign) -> None:
    """What must not be kept must never come in by moving house."""
    insert = "INSERT INTO agent_messages (session_id, message_data) VALUES ('weather', '{}')"
    secret = "sk-ant-api03-" + "a1B2" * 24
    path = foreign("openai.db", insert.format(f'{{"role": "user", "content": "{secret}"}}'))
    with turnlog.open("sqlite://", redact="secrets") as log:
        for _ in range(2):
            log.migrate(path)
            told = str(log.load(SessionKey("openai-agents", "weather")))
            assert secret not in told
            assert "[redacted]" in told
        assert log.migrate(path).recorded == 0


def test_a_name_that_is_too_long_is_told(log: Log, foreign: Foreign) -> None:
    path = foreign(
        "openai.db", f"UPDATE agent_messages SET session_id = '{'é' * 600}' WHERE id = 1"
    )
    summary = log.migrate(path)
    assert summary.unread == 1
    assert summary.sessions == 2


States = Sequence[Sequence[int]]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), max_size=5), min_size=1, max_size=8), st.booleans())
def test_the_context_is_what_the_library_held_last(states: States, in_parts: bool) -> None:
    """Whatever lists a library kept, the last is what is shown, and each is come back to."""
    key = SessionKey("p", "s")

    def session(upto: int) -> ForeignSession:
        snapshots = [
            Snapshot([foreign("x", n, n, Given("user", f"{n}"), None) for n in state], f"state-{i}")
            for i, state in enumerate(states[:upto])
        ]
        return ForeignSession("p", "s", snapshots)

    with turnlog.open("memory:") as log:
        asker = Asker("x", None, None, False, 1_000)
        for upto in range(1, len(states) + 1) if in_parts else [len(states)]:
            log.store.write(lambda t, upto=upto: apply(t, key, session(upto), asker))
        found = shown(log.conversation(key))
        assert found == [f"user: {n}" for n in states[-1]]
        again = log.store.write(lambda t: apply(t, key, session(len(states)), asker))
        assert again[3:8] == (0, 0, 0, 0, 0)
        for i, state in enumerate(states):
            if state:
                then = log.conversation(key).context(at=f"checkpoint:state-{i}")
                assert [message.text for message in then] == [f"{n}" for n in state]
