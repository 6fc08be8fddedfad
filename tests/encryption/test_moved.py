"""What is sealed for one place is refused in another, and what is plain is refused anywhere."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.encryption.conftest import Open
from tests.support.transcripts import Transcript
from turnlog import Log, SessionKey, StorageError
from turnlog.domain.errors import DamagedEvent, NotEncrypted

A, B = (SessionKey("p", f"5e550000-0000-4000-8000-00000000000{n}") for n in (1, 2))


@pytest.fixture
def path(open_log: Open, tmp_path: Path) -> Path:
    """The file of a log with two sessions of one length, each in blocks of its own."""
    path = tmp_path / "turnlog.db"
    log = open_log(f"sqlite:///{path}")
    for key in (A, B):
        s = Transcript(key.session_id, seed=1)
        s.prompt("first")
        log.append(key, s.entries)
        s.answer("second")
        log.append(key, s.entries[-1:])
    log.close()
    return path


def change(path: Path, *statements: str) -> None:
    """Change a log by hand, past what keeps it from being changed."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO permits (purpose) VALUES ('by hand')")
        for statement in statements:
            connection.execute(statement)
        connection.execute("DELETE FROM permits")


def rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def is_refused(log: Log, key: SessionKey) -> str:
    with pytest.raises(DamagedEvent) as told:
        log.load(key)
    assert not log.verify().holds
    return str(told.value)


@pytest.mark.parametrize(
    "column", ["stream = 2 WHERE stream = 1", "first = first + 1, last = last + 1 WHERE stream = 1"]
)
def test_a_block_that_was_moved_is_refused(open_log: Open, path: Path, column: str) -> None:
    """Another session's content, or another version's, must never be taken for this one's."""
    change(path, f"UPDATE blocks SET {column}")
    log = open_log(f"sqlite:///{path}")
    assert "sealed for another place" in is_refused(log, B if "stream = 2" in column else A)


def test_contents_that_were_swapped_are_refused(open_log: Open, path: Path) -> None:
    ((first, one), (second, two)) = rows(
        path, "SELECT id, hex(data) FROM blocks WHERE sort = 0 AND stream = 1 ORDER BY id"
    )
    change(
        path,
        f"UPDATE blocks SET data = x'{two}' WHERE id = {first}",
        f"UPDATE blocks SET data = x'{one}' WHERE id = {second}",
    )
    is_refused(open_log(f"sqlite:///{path}"), A)


def test_a_plain_block_is_an_error_that_names_the_event(open_log: Open, path: Path) -> None:
    """What anybody could have written must never be read as what was recorded."""
    ((number, first, last),) = rows(
        path, "SELECT id, first, last FROM blocks WHERE sort = 0 AND stream = 1 ORDER BY id LIMIT 1"
    )
    change(path, f"UPDATE blocks SET codec = 0, data = x'01015b005d' WHERE id = {number}")
    log = open_log(f"sqlite:///{path}")
    told = is_refused(log, A)
    assert f"versions {first} to {last}" in told
    assert "plain in a log where everything is encrypted" in told
    with pytest.raises(NotEncrypted):
        log.load(A)
    assert log.load(B)


def test_a_head_that_was_moved_or_set_back_is_refused(open_log: Open, path: Path) -> None:
    """An older state must never be taken for the present one."""
    ((before,),) = rows(path, "SELECT hex(state) FROM streams WHERE id = 1")
    log = open_log(f"sqlite:///{path}")
    log.rename(A, "Renamed")
    log.close()
    change(path, f"UPDATE streams SET state = x'{before}' WHERE id = 1")
    log = open_log(f"sqlite:///{path}")
    with pytest.raises(StorageError, match="sealed for another place"):
        log.state(A)
    assert not log.verify().holds
    change(path, "UPDATE streams SET state = '{}' WHERE id = 1")
    with pytest.raises(NotEncrypted, match="head"):
        log.state(A)


def test_a_bit_that_was_changed_is_found(open_log: Open, path: Path) -> None:
    ((number, data),) = rows(path, "SELECT id, data FROM blocks WHERE sort = 0 LIMIT 1")
    changed = data[:-1] + bytes([data[-1] ^ 1])
    change(path, f"UPDATE blocks SET data = x'{changed.hex()}' WHERE id = {number}")
    is_refused(open_log(f"sqlite:///{path}"), A)


def test_an_encrypted_block_in_a_plain_log_is_an_error(
    open_log: Open, path: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.db"
    log = open_log(f"sqlite:///{plain}", keys=None)
    s = Transcript(A.session_id, seed=1)
    s.prompt("first")
    log.append(A, s.entries)
    log.close()
    ((data,),) = rows(path, "SELECT hex(data) FROM blocks WHERE sort = 0 AND stream = 1 LIMIT 1")
    change(plain, f"UPDATE blocks SET codec = codec + 16, data = x'{data}' WHERE sort = 0")
    assert "encrypted in a log that is not" in is_refused(
        open_log(f"sqlite:///{plain}", keys=None), A
    )
