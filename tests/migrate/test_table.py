"""A table of an application's own, with compressed JSON."""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.migrate.conftest import HERE, Foreign, lines, talk
from turnlog import Log, Refused, SessionKey

HISTORY: list[Any] = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
TOLD = json.dumps(HISTORY).encode()


def table(path: Path, history: Any, **columns: Any) -> Path:
    named = {"sid": "s1", "messages_gz": history, **columns}
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS chats ({', '.join(named)})")
        connection.execute("DELETE FROM chats")
        marks = ", ".join("?" * len(named))
        connection.execute(f"INSERT INTO chats VALUES ({marks})", tuple(named.values()))
    return path


def moved(log: Log, path: Path, **columns: str) -> Any:
    named = {"id": "sid", "history": "messages_gz", **columns}
    return log.migrate(path, table="chats", columns=named)


def test_a_table_comes_along_row_by_row(log: Log) -> None:
    summary = log.migrate(HERE / "plain.db")
    assert (summary.kinds, summary.sessions, summary.empty) == (("table",), 3, 1)
    for session in ("s1", "s2", "s3"):
        found = talk(log, "table", session)
        assert lines(found) == [
            *("system: You are terse.", "user: Why is it slow?", "assistant: "),
            *("tool: 300 queries", "assistant: N+1 queries."),
        ]
        assert found.messages()[2].content[0]["input"] == {"page": "checkout"}
    row = log.session("s1")
    assert (row.title, row.user_id, row.status) == ("The slow checkout", "ada", "complete")
    assert row.billed.usage == (1_000, 200, 50, 10, 0, 0)
    assert row.reported_nano_usd == 7_500_000
    assert log.state(talk(log, "table", "s1").key).metadata == {"ticket": 7}
    (thing,) = summary.unread_things
    assert thing.where == "the history of session 's4'"


@pytest.mark.parametrize(
    "history",
    [
        TOLD,
        TOLD.decode(),
        gzip.compress(TOLD, mtime=0),
        zlib.compress(TOLD),
        zstandard.compress(TOLD),
        base64.b64encode(gzip.compress(TOLD, mtime=0)),
        base64.b64encode(TOLD).decode(),
        json.dumps({"messages": HISTORY}),
        "\n".join(json.dumps(one) for one in HISTORY),
        json.dumps([{"type": one["role"], "message": one} for one in HISTORY]),
    ],
    ids=["blob", "text", "gzip", "zlib", "zstd", "base64", "plain64", "object", "lines", "entries"],
)
def test_a_history_is_read_however_it_is_packed(log: Log, tmp_path: Path, history: Any) -> None:
    moved(log, table(tmp_path / "own.db", history))
    assert lines(talk(log, "table", "s1")) == ["user: Why?", "assistant: So."]


@pytest.mark.parametrize(
    "history",
    [
        b"\x00\x01",
        "not JSON",
        '"a text"',
        "7",
        gzip.compress(TOLD, mtime=0)[:-9],
        gzip.compress(b"not JSON", mtime=0),
        7,
    ],
    ids=["bytes", "text", "a string", "a number", "cut off", "gzip of text", "an integer"],
)
def test_what_is_no_history_is_told(log: Log, tmp_path: Path, history: Any) -> None:
    summary = moved(log, table(tmp_path / "own.db", history))
    assert (summary.unread, summary.sessions) == (1, 0)
    assert "session 's1'" in summary.unread_things[0].where


def test_parts_that_are_no_messages_are_counted(log: Log, tmp_path: Path) -> None:
    summary = moved(log, table(tmp_path / "own.db", json.dumps([*HISTORY, 7, {"role": "ghost"}])))
    assert summary.recorded == 2
    assert summary.notes == {"parts of a history that are no messages, left out": 2}


def test_the_sessions_own_counters_are_counted_once(log: Log, tmp_path: Path) -> None:
    """Moving again must never count tokens twice, nor lose what was used since."""
    path = tmp_path / "own.db"
    columns = {"input_tokens": "taken", "output_tokens": "given"}
    for _ in range(2):
        moved(log, table(path, TOLD, taken=100, given=10), **columns)
        assert log.stats().billed.usage[:2] == (100, 10)
    more = [*HISTORY, {"role": "user", "content": "And?"}, {"role": "assistant", "content": "Oh."}]
    moved(log, table(path, json.dumps(more), taken=150, given=30), **columns)
    assert log.stats().billed.usage[:2] == (150, 30)
    asked = [*more, {"role": "user", "content": "?"}]
    summary = moved(log, table(path, json.dumps(asked), taken=151, given=30), **columns)
    assert summary.uncounted == 1
    assert log.stats().billed.usage[:2] == (150, 30)
    summary = moved(log, table(path, json.dumps(asked), taken=155, given=30), **columns)
    assert (summary.recorded, summary.uncounted) == (0, 5)


def test_counters_of_messages_are_theirs(log: Log, tmp_path: Path) -> None:
    claude = {"input_tokens": 5, "output_tokens": 3, "cache_read_input_tokens": 2}
    openai = {
        "prompt_tokens": 10,
        "completion_tokens": 4,
        "prompt_tokens_details": {"cached_tokens": 6},
    }
    told = [
        {"role": "assistant", "content": "a", "usage": claude, "model": "claude-sonnet-4-5"},
        {"role": "assistant", "content": "b", "usage": openai},
    ]
    moved(log, table(tmp_path / "own.db", json.dumps(told)))
    assert log.stats().billed.usage[:3] == (9, 7, 8)


def test_counters_of_the_row_have_those_of_the_messages_in_them(log: Log, tmp_path: Path) -> None:
    """What a message tells and its row repeats must never be counted twice."""
    used = {"input_tokens": 5, "output_tokens": 3}
    told = [{"role": "assistant", "content": text, "usage": used} for text in ("a", "b")]
    path = table(tmp_path / "own.db", json.dumps(told), taken=12, given=6)
    moved(log, path, input_tokens="taken", output_tokens="given")
    assert log.stats().billed.usage[:2] == (12, 6)


def test_a_history_that_was_rewritten_is_gone_back_in(log: Log, tmp_path: Path) -> None:
    path = tmp_path / "own.db"
    moved(log, table(path, TOLD))
    other = [HISTORY[0], {"role": "assistant", "content": "Otherwise."}]
    summary = moved(log, table(path, json.dumps(other)))
    assert (summary.recorded, summary.rewinds) == (1, 1)
    assert lines(talk(log, "table", "s1")) == ["user: Why?", "assistant: Otherwise."]
    left, _ = log.branches(SessionKey("table", "s1"))
    log.rewind(SessionKey("table", "s1"), f"version:{left.last}")
    assert lines(talk(log, "table", "s1")) == ["user: Why?", "assistant: So."]


def test_columns_that_are_not_there_are_named(log: Log, tmp_path: Path) -> None:
    path = table(tmp_path / "own.db", TOLD)
    with pytest.raises(Refused, match="no column 'nope': sid, messages_gz"):
        moved(log, path, history="nope")
    with pytest.raises(Refused, match="'colour' is nothing that is read"):
        moved(log, path, colour="sid")
    with pytest.raises(Refused, match="no table 'talks'; it has chats"):
        log.migrate(path, table="talks")
    with pytest.raises(Refused, match="--column history=NAME"):
        log.migrate(path, table="chats")


def test_a_row_without_an_id_is_told(log: Log, tmp_path: Path) -> None:
    summary = moved(log, table(tmp_path / "own.db", TOLD, sid=None))
    assert (summary.unread, summary.sessions) == (1, 0)


def test_what_the_log_does_not_take_hides_nothing(log: Log, tmp_path: Path) -> None:
    """One strange session must never keep the others from coming along."""
    path = tmp_path / "own.db"
    deep = '[{"role": "user", "content": ' + "[" * 3_000 + "]" * 3_000 + "}]"
    old = '[{"role": "user", "content": "x", "timestamp": "0001-01-01T00:00:00+14:00"}]'
    rows = [
        ("big", TOLD, json.dumps({"much": "x" * 200_000})),
        ("deep", deep, "{}"),
        ("old", old, "{}"),
        ("same", TOLD, "{}"),
        ("same", old, "{}"),
    ]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE sessions (session_id, history, metadata)")
        connection.executemany("INSERT INTO sessions VALUES (?, ?, ?)", rows)
    for new in (6, 0):
        summary = log.migrate(path)
        assert (summary.sessions, summary.recorded, summary.rewinds) == (4, new, 0)
    told = [thing.why for thing in log.migrate(path, project="again").unread_things]
    assert told[0].startswith("metadata of 200,0")
    assert told[1] == "another has the same id"
    assert log.verify().problems == ()


def test_names_are_never_taken_for_sql(log: Log, foreign: Foreign) -> None:
    """A table's name must never be more than a name."""
    path = foreign(
        "plain.db",
        'CREATE TABLE "x"" ; DROP TABLE sessions; --" (id, "his""tory")',
        'INSERT INTO "x"" ; DROP TABLE sessions; --" VALUES '
        """('q', '[{"role": "user", "content": "x"}]')""",
    )
    columns = {"history": 'his"tory'}
    summary = log.migrate(path, table='x" ; DROP TABLE sessions; --', columns=columns)
    assert summary.recorded == 1
    assert log.migrate(path).sessions == 3
