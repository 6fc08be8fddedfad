"""Whose key is destroyed is erased from every copy of the log, and nobody else is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import turnlog
from tests.encryption.conftest import Open
from tests.encryption.words import Words, found_in, imported
from tests.support.transcripts import Transcript
from turnlog import KeyDestroyed, KeyFolder, KeyLost, Log, Refused, SessionKey
from turnlog.adapters.storage.encryption.key_folder import STREAMS
from turnlog.retention.sharing import SharedContent

GONE = SessionKey("-home-project", "5e550000-0000-4000-8000-000000000001")
KEPT = SessionKey("-home-project", "5e550000-0000-4000-8000-000000000002")


def append(log: Log, key: SessionKey, *texts: str) -> None:
    s = Transcript(key.session_id, seed=int(key.session_id[-1]))
    for text in texts:
        s.prompt(text)
        s.answer(f"About {text}.")
    log.append(key, s.entries, user_id=f"user of {texts[0]}")
    log.rename(key, f"Title of {texts[0]}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turnlog.db"


@pytest.fixture
def log(open_log: Open, path: Path) -> Log:
    log = open_log(f"sqlite:///{path}")
    append(log, GONE, "apples", "pears")
    append(log, KEPT, "plums")
    return log


def copied(path: Path) -> str:
    """A copy of the database as it is now, its write-ahead log included."""
    place = path.with_name("copy.db")
    for suffix in ("", "-wal", "-shm"):
        if (file := path.with_name(path.name + suffix)).exists():
            shutil.copy(file, place.with_name(place.name + suffix))
    return f"sqlite:///{place}"


Destroy = Callable[[Log], object]
WAYS: dict[str, Destroy] = {
    "erase": lambda log: log.erase(GONE),
    "destroy_keys": lambda log: log.destroy_keys(GONE),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_taken_before_is_read_no_more_for_that_session(
    log: Log, path: Path, open_log: Open, way: str
) -> None:
    """What was erased must never come back from a backup."""
    spent, url = log.stats(), copied(path)
    WAYS[way](log)
    copy = open_log(url)
    with pytest.raises(KeyDestroyed, match="gone for good"):
        copy.load(GONE)
    assert "plums" in str(copy.load(KEPT))
    assert copy.stats() == spent
    titles = {found.session_id: found.title for found in copy.sessions()}
    assert titles == {GONE.session_id: None, KEPT.session_id: "Title of plums"}
    assert copy.verify().holds
    copy.rebuild()
    assert copy.stats() == spent
    assert {row.key for row in copy.usage("user")} >= {"user of plums"}
    assert "apples" not in str(copy.usage("user"))


def test_an_erased_session_is_as_an_erased_one_is_in_a_plain_log(log: Log, keys: Path) -> None:
    log.erase(GONE)
    assert log.load(GONE) is None
    assert log.state(GONE).presence == "erased"
    assert log.verify().holds
    assert "plums" in str(log.load(KEPT))
    folder = KeyFolder(keys)
    assert folder.standing() == (2, 1)
    assert log.erase(GONE).streams == ()
    assert folder.standing() == (2, 1)


def test_a_key_that_is_destroyed_is_nowhere_in_its_file(log: Log, keys: Path) -> None:
    """Whoever reads the file later must never find it."""
    with closing(sqlite3.connect(keys / STREAMS)) as connection:
        asked = "SELECT wrapped FROM keys WHERE stream = ?"
        ((wrapped,),) = connection.execute(asked, (GONE.stream_id,)).fetchall()
    assert wrapped in (keys / STREAMS).read_bytes()
    log.destroy_keys(GONE)
    for file in keys.iterdir():
        assert wrapped[21:] not in file.read_bytes()


def test_another_process_that_has_the_log_open_reads_it_no_more(
    log: Log, path: Path, open_log: Open
) -> None:
    """A key that somebody remembers must never outlive its destruction."""
    other = open_log(f"sqlite:///{path}")
    assert other.load(GONE)
    assert other.sessions(turnlog.Filter(user_id="user of apples"))[0].title == "Title of apples"
    log.destroy_keys(GONE)
    with pytest.raises(KeyDestroyed):
        other.load(GONE)
    assert {found.title for found in other.sessions()} == {None, "Title of plums"}
    assert log.destroy_keys(GONE).keys == 0


def test_nothing_is_added_to_a_session_without_keys_and_it_can_be_erased(log: Log) -> None:
    """What came would be readable, what was before not: nobody must take it for the whole."""
    log.destroy_keys(GONE)
    with pytest.raises(KeyLost, match="turnlog erase"):
        append(log, GONE, "cherries")
    assert log.erase(GONE).streams == (GONE,)
    assert log.load(GONE) is None
    assert log.verify().holds


def test_a_fork_needs_the_keys_of_the_session_it_was_taken_from(log: Log) -> None:
    """A fork must never lose what it shows without a word."""
    fork = log.fork(GONE).child
    with pytest.raises(SharedContent, match=fork.session_id):
        log.destroy_keys(GONE)
    assert "apples" in str(log.load(fork))
    log.destroy_keys(GONE, forks="erase")
    for key in (GONE, fork):
        with pytest.raises(KeyDestroyed):
            log.load(key)


def test_subagents_go_with_their_session(log: Log, tmp_path: Path, path: Path) -> None:
    key = imported(log, words := Words("kw"), tmp_path / "claude")
    (agent,) = log.subagents(key)
    log.destroy_keys(key)
    for gone in (key, SessionKey.parse(agent.name)):
        with pytest.raises(KeyDestroyed):
            log.load(gone)
    assert found_in(words.all, list(path.parent.glob("turnlog.db*"))) == []


def test_a_write_that_fails_destroys_no_key(
    log: Log, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is still there must never lose its key."""
    from turnlog.retention import erasing

    def fail(*_: object) -> None:
        raise RuntimeError("a power cut")

    monkeypatch.setattr(erasing.retention, "erase", fail)
    with pytest.raises(RuntimeError):
        log.erase(GONE)
    monkeypatch.undo()
    monkeypatch.setattr(erasing, "sweep", fail)
    with pytest.raises(RuntimeError):
        log.store.write(
            lambda transaction: (transaction.remove_bodies(transaction.open(GONE)), fail())
        )
    assert log.store.destroy_unused_keys() == 0
    assert "apples" in str(log.load(GONE))
    append(log, KEPT, "plums", "quinces")
    monkeypatch.undo()
    log.erase(GONE)
    assert KeyFolder(keys).standing() == (2, 2)


def test_what_was_left_undone_is_done_with_the_next_erasure(
    log: Log, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the commit and the key's end must never leave the key for good."""
    from turnlog.retention import erasing

    monkeypatch.setattr(erasing, "sweep", lambda store: None)
    log.erase(GONE)
    assert KeyFolder(keys).standing() == (2, 0)
    monkeypatch.undo()
    log.erase(GONE)
    assert KeyFolder(keys).standing() == (2, 1)


def test_a_log_that_is_not_encrypted_has_no_keys_to_destroy(open_log: Open, tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'plain.db'}", keys=None)
    append(log, GONE, "apples")
    with pytest.raises(Refused, match="not encrypted"):
        log.destroy_keys(GONE)
    assert not log.encrypted


def test_on_postgresql_an_erased_sessions_key_is_destroyed_too(
    open_log: Open, postgres_url: str, keys: Path
) -> None:
    log = open_log(postgres_url)
    append(log, GONE, "apples")
    append(log, KEPT, "plums")
    log.erase(GONE)
    assert KeyFolder(keys).standing() == (2, 1)
    assert log.load(GONE) is None
    log.destroy_keys(KEPT)
    with pytest.raises(KeyDestroyed):
        log.load(KEPT)
    assert log.verify().holds
    assert log.stats().sessions == 1
