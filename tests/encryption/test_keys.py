"""Keys that are wrong, lost, or those of another log; two that are made at once."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import stat
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import turnlog
from tests.encryption.conftest import Open
from tests.support.transcripts import Transcript
from turnlog import KeyFolder, KeyLost, KeysNeeded, Log, Refused, SessionKey
from turnlog.adapters.storage.encryption.key_folder import MASTER, STREAMS

KEY = SessionKey("p", "5e550000-0000-4000-8000-000000000001")
OTHER = SessionKey("p", "5e550000-0000-4000-8000-000000000002")
ENTRIES = Transcript(KEY.session_id, seed=1)
ENTRIES.prompt("Why?")


@pytest.fixture
def url(open_log: Open, sqlite_url: str) -> str:
    """An encrypted log with a session."""
    log = open_log(sqlite_url)
    log.append(KEY, ENTRIES.entries)
    log.rename(KEY, "Title")
    log.close()
    return sqlite_url


def says_what_is_lost(told: str) -> bool:
    return "titles" in told and "tokens, cost and the hash chain" in told


def test_the_folder_and_what_is_in_it_are_its_owners_alone(url: str, keys: Path) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (keys, *keys.iterdir())}
    assert modes == {keys: 0o700, keys / MASTER: 0o600, keys / STREAMS: 0o600}


def test_a_wrong_master_key_is_told(open_log: Open, url: str, keys: Path) -> None:
    """It must never give garbage, nor be taken for the key of a new log."""
    before = (keys / STREAMS).read_bytes()
    (keys / MASTER).write_text("00" * 32)
    with pytest.raises(KeysNeeded, match="not the one that wrapped") as told:
        open_log(url)
    assert says_what_is_lost(str(told.value))
    assert (keys / STREAMS).read_bytes() == before


def test_a_lost_master_key_is_told_and_none_is_made(open_log: Open, url: str, keys: Path) -> None:
    (keys / MASTER).unlink()
    with pytest.raises(KeysNeeded, match="the master key is missing") as told:
        open_log(url)
    assert says_what_is_lost(str(told.value))
    assert not (keys / MASTER).exists()


def test_lost_keys_are_told_and_none_are_made(open_log: Open, url: str, keys: Path) -> None:
    shutil.rmtree(keys)
    with pytest.raises(KeysNeeded, match="there are no keys in") as told:
        open_log(url)
    assert says_what_is_lost(str(told.value))
    assert not keys.exists()


@pytest.mark.parametrize("text", ["", "no key", "ab" * 16])
def test_a_file_that_is_no_master_key_is_told(
    open_log: Open, url: str, keys: Path, text: str
) -> None:
    (keys / MASTER).write_text(text)
    with pytest.raises(KeysNeeded, match="64 hexadecimal digits"):
        open_log(url)


def test_keys_that_are_no_database_are_told(open_log: Open, url: str, keys: Path) -> None:
    (keys / STREAMS).write_bytes(b"no database" * 100)
    with pytest.raises(KeysNeeded, match="cannot be used"):
        open_log(url)


def test_the_keys_of_another_log_are_told(open_log: Open, url: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    open_log(f"sqlite:///{tmp_path / 'other.db'}", keys=other)
    with pytest.raises(KeysNeeded, match="those of another log"):
        open_log(url, keys=other)


def test_keys_serve_one_log(open_log: Open, url: str, tmp_path: Path) -> None:
    """Destroying a session's key must never touch another log's."""
    with pytest.raises(Refused, match="the keys of another log"):
        open_log(f"sqlite:///{tmp_path / 'second.db'}")


def test_the_master_key_may_come_from_elsewhere(
    open_log: Open, sqlite_url: str, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "5a" * 32
    monkeypatch.setenv("TURNLOG_ENCRYPTION_KEYS", str(keys))
    monkeypatch.setenv("TURNLOG_ENCRYPTION_MASTER_KEY", secret)
    open_log(sqlite_url, keys=None).append(KEY, ENTRIES.entries)
    assert not (keys / MASTER).exists()
    assert open_log(sqlite_url, keys=KeyFolder(keys, secret)).load(KEY)
    monkeypatch.delenv("TURNLOG_ENCRYPTION_MASTER_KEY")
    with pytest.raises(KeysNeeded, match="the master key is missing"):
        open_log(sqlite_url)
    with pytest.raises(Refused, match="64 hexadecimal digits"):
        KeyFolder(keys, "5a")


def test_a_plain_log_is_not_written_to_as_if_it_were_encrypted(
    open_log: Open, sqlite_url: str
) -> None:
    """Who sets keys must never find plain text in the files."""
    open_log(sqlite_url, keys=None).append(KEY, ENTRIES.entries)
    with pytest.raises(Refused, match="is not encrypted, and keys were given"):
        open_log(sqlite_url)
    with pytest.raises(Refused, match="a log in memory"):
        open_log("memory:")


def test_redis_never_holds_what_the_log_encrypts(open_log: Open, sqlite_url: str) -> None:
    with pytest.raises(Refused, match="Redis would hold"):
        open_log(sqlite_url, redis_url="redis://127.0.0.1:1/0")


def test_without_keys_headers_are_read_and_nothing_is_written(url: str) -> None:
    with turnlog.open(url) as log:
        (found,) = log.sessions()
        assert (found.session_id, found.title, found.prompts) == (KEY.session_id, None, 1)
        assert log.stats().sessions == 1
        assert log.usage("model") == log.usage("model")
        assert log.state(KEY).live.prompts == 1
        assert log.verify().holds
        for refused in (
            lambda: log.load(KEY),
            lambda: log.append(KEY, ENTRIES.entries),
            lambda: log.rename(KEY, "x"),
            lambda: log.erase(KEY),
            lambda: log.destroy_keys(KEY),
            log.rebuild,
        ):
            with pytest.raises(KeysNeeded, match="its keys were not given"):
                refused()


def forgotten(keys: Path, stream: str) -> None:
    """As if the keys were restored from a copy that does not have this one."""
    with closing(sqlite3.connect(keys / STREAMS)) as connection:
        connection.execute("DELETE FROM keys WHERE stream = ?", (stream,))
        connection.commit()


def test_a_session_whose_key_is_lost_is_told_and_gets_no_new_one(
    open_log: Open, url: str, keys: Path
) -> None:
    """What was said must never be hidden behind a key that cannot open it."""
    log = open_log(url)
    log.append(OTHER, ENTRIES.entries)
    forgotten(keys, KEY.stream_id)
    with pytest.raises(KeyLost, match="restore the keys from a copy") as told:
        log.load(KEY)
    assert "times, counts, tokens, cost" in str(told.value)
    with pytest.raises(KeyLost):
        log.rename(KEY, "x")
    with closing(sqlite3.connect(keys / STREAMS)) as connection:
        held = connection.execute("SELECT stream FROM keys WHERE stream <> ''").fetchall()
    assert held == [(OTHER.stream_id,)]
    assert {found.title for found in log.sessions()} == {None, "Why?"}
    assert log.load(OTHER)
    assert not log.verify().holds


def test_processes_that_make_keys_at_once_make_the_same_ones(keys: Path) -> None:
    """What one process sealed must never be sealed with a key that another one threw away."""
    KeyFolder(keys).begin()
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
        found = list(pool.map(made, [keys] * 4))
    assert len(set(map(tuple, found))) == 1


def made(folder: Path) -> list[str]:
    keys = KeyFolder(folder)
    keys.unlock(name_of(folder))
    return [keys.make(f"stream {n}").secret.hex() for n in range(8)]


def name_of(folder: Path) -> str:
    with closing(sqlite3.connect(folder / STREAMS)) as connection:
        (row,) = connection.execute("SELECT value FROM about WHERE name = 'name'")
    return str(row[0])


def test_nobody_can_write_where_the_keys_cannot_be_kept(open_log: Open, tmp_path: Path) -> None:
    """A key that is not on the disk must never seal anything."""
    (tmp_path / "file").write_text("")
    with pytest.raises(KeysNeeded, match="cannot be used"):
        open_log(f"sqlite:///{tmp_path / 'x.db'}", keys=tmp_path / "file" / "keys")


def test_a_key_service_stands_behind_the_same_port(sqlite_url: str, keys: Path) -> None:
    class Service(KeyFolder):
        """Whatever has the methods of the port."""

        @property
        def place(self) -> str:
            return "the key service"

    with turnlog.open(sqlite_url, keys=Service(keys)) as log:
        log.append(KEY, ENTRIES.entries)
        assert log.encrypted
        assert log.load(KEY)


def keeps_no_trace(folder: Path) -> bool:
    return sorted(path.name for path in folder.iterdir()) == [MASTER, STREAMS]


def test_nothing_but_the_two_files_is_left(url: str, keys: Path, log: Log) -> None:
    log.append(OTHER, ENTRIES.entries)
    assert keeps_no_trace(keys)
