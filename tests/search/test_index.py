"""The index itself: what it holds, what it is rebuilt from, and how it forgets."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite

import turnlog
from tests.search.conftest import KEY, OTHER, Talk, texts
from tests.support.transcripts import Transcript
from turnlog import Log, MissingExtra
from turnlog.adapters.storage.encoding.json_bytes import decode
from turnlog.projections.search.index import SearchIndex
from turnlog.projections.search.tables import FIELD_SHIFT

SECRET = "wolpertinger"


def test_the_index_forgets_what_it_is_told(sqlite_url: str, tmp_path: Path, talk: Talk) -> None:
    """After an erasure no word of what was erased may be left in the file."""
    with turnlog.open(sqlite_url) as log:
        log.append(KEY, talk(f"the {SECRET} is here", "It is not."))
        log.append(KEY, talk("the cat is here"))
        assert texts(log, SECRET)
        erased = [r for r in log.events(KEY) if r.topic in SearchIndex.topics][:3]
    model = SearchIndex(sqlite.dialect(), "search_v1", decode)
    path = tmp_path / "turnlog.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        cursor = connection.cursor()
        assert _held(cursor, SECRET)
        cursor.execute("BEGIN")
        model.forget(cursor, [r.position for r in erased], [r.event for r in erased])
        cursor.execute("INSERT INTO search_v1_words (search_v1_words) VALUES ('optimize')")
        cursor.execute("COMMIT")
        assert not _held(cursor, SECRET)
        assert _held(cursor, "cat")
        cursor.execute("INSERT INTO search_v1_words (search_v1_words) VALUES ('integrity-check')")
        left = [row[0] for row in cursor.execute("SELECT position FROM search_v1_texts")]
        assert not set(left) & {r.position for r in erased}
    with turnlog.open(sqlite_url) as log:
        assert texts(log, SECRET) == []
        assert len(texts(log, "cat", ["prompts"])) == 1


def _held(cursor: sqlite3.Cursor, word: str) -> bool:
    blocks = cursor.execute("SELECT block FROM search_v1_words_data").fetchall()
    return any(word.encode() in block for (block,) in blocks)


def test_no_text_is_stored_twice(sqlite_url: str, tmp_path: Path, talk: Talk) -> None:
    with turnlog.open(sqlite_url) as log:
        log.append(KEY, talk("zebra yak xerus"))
        assert texts(log, "zebra")
    with closing(sqlite3.connect(tmp_path / "turnlog.db")) as connection:
        tables = "SELECT name FROM sqlite_master WHERE name LIKE 'search_v1_words%'"
        names = {name for (name,) in connection.execute(tables)}
        assert names == {"search_v1_words"} | {
            f"search_v1_words_{part}" for part in ("data", "idx", "config")
        }, "neither the contents nor their lengths"
        asked = "SELECT words FROM search_v1_words WHERE search_v1_words MATCH 'zebra'"
        assert connection.execute(asked).fetchall() == [(None,)]


def test_an_index_without_places_takes_no_phrases() -> None:
    """Why phrases are looked for in the texts: a fact of FTS5 with ``detail=none``."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE w USING fts5(t, content = '', detail = none)")
        connection.execute("INSERT INTO w (rowid, t) VALUES (1, 'one two')")
        with pytest.raises(sqlite3.OperationalError, match="phrase queries are not supported"):
            connection.execute("SELECT rowid FROM w WHERE w MATCH '\"one two\"'").fetchall()
        with pytest.raises(sqlite3.OperationalError, match="cannot DELETE from contentless"):
            connection.execute("DELETE FROM w WHERE rowid = 1")


def test_numbers_of_texts_tell_their_field_and_position() -> None:
    """A field must never run into the next, and every number fits into 64 bits."""
    assert (4 << FIELD_SHIFT) + (1 << FIELD_SHIFT) - 1 < 1 << 63
    assert 1 << FIELD_SHIFT > 1_000_000_000_000


def test_the_first_search_makes_the_index(log: Log, talk: Talk) -> None:
    """An index that is missing is made of the whole log when one first searches."""
    log.append(KEY, talk("red apples"))
    health = {h.name: h for h in log.projections()}["search"]
    assert (health.status, health.lifecycle) == ("behind", "caught up")
    assert texts(log, "apples") == ["red apples"]
    assert {h.name: h for h in log.projections()}["search"].status == "up to date"


def test_a_python_without_text_search_keeps_its_log(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, talk: Talk
) -> None:
    """What search needs must never keep anybody from recording."""
    monkeypatch.setattr("turnlog.adapters.storage.stores.has_fts5", lambda: False)
    with turnlog.open(sqlite_url) as log:
        log.append(KEY, talk("red apples"))
        with pytest.raises(MissingExtra, match=r"without FTS5.* PostgreSQL"):
            log.search("apples")
    monkeypatch.undo()
    with turnlog.open(sqlite_url) as log:
        assert texts(log, "apples", ["prompts"]) == ["red apples"]


def test_what_cannot_be_read_does_not_hide_the_rest(sqlite_url: str, tmp_path: Path) -> None:
    """A damaged block must never keep other texts from being found, nor go unnoticed."""
    path = tmp_path / "turnlog.db"
    damaged = Transcript(OTHER.session_id, seed=2)
    damaged.prompt("red apples")
    s = Transcript(KEY.session_id)
    s.prompt("green apples")
    with turnlog.open(sqlite_url) as log:
        log.append(OTHER, damaged.entries)
        log.append(KEY, s.entries)
    _damage(path, 1)
    with turnlog.open(sqlite_url) as log:
        assert texts(log, "apples") == ["green apples"]
        assert {h.name: h for h in log.projections()}["search"].set_aside > 0
    _damage(path, 2)
    with turnlog.open(sqlite_url) as log:
        found = log.search("apples")
        assert (found.hits, found.unreadable) == ((), 1)


def _damage(path: Path, stream: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO permits (purpose) VALUES ('damage')")
        entries = "UPDATE blocks SET data = x'00' WHERE stream = ? AND sort = 0"
        connection.execute(entries, (stream,))
        connection.execute("DELETE FROM permits")
        connection.commit()
