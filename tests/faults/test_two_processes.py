"""Two processes write at once: each entry is recorded once, and readers see one state."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

import turnlog
from tests.faults import children
from tests.faults.oracles import assert_whole, conversation, joined, with_uuid
from tests.faults.processes import Child, child
from turnlog.domain.errors import PointNotFound, StorageError
from turnlog.domain.keys import SessionKey

KEY = SessionKey("shop", "shared")


@pytest.fixture(params=["sqlite", "postgres"])
def shared_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty log that several processes can open."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@contextmanager
def writers_held_up(url: str) -> Iterator[Callable[[int], None]]:
    """Nobody can write meanwhile; gives a function that waits until so many are waiting to."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(str(make_url(url).database), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        try:
            # SQLite shows nobody who is waiting; who is not yet comes a moment later.
            yield lambda number: time.sleep(0.2)
        finally:
            connection.execute("ROLLBACK")
            connection.close()
        return
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as holder, psycopg.connect(plain, autocommit=True) as watcher:
        holder.execute("LOCK TABLE streams IN ACCESS EXCLUSIVE MODE")

        def are_waiting(number: int) -> None:
            waiting = (
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            end = time.monotonic() + 30
            while watcher.execute(waiting).fetchone() != (number,):
                assert time.monotonic() < end
                time.sleep(0.01)

        yield are_waiting
        holder.rollback()


@contextmanager
def two_writers(url: str, first: Any, second: Any) -> Iterator[tuple[Child, Child]]:
    """Two processes, ready to append batches to one session when they are told to."""
    with (
        child(children.append_when_told, url, KEY, first) as one,
        child(children.append_when_told, url, KEY, second) as other,
    ):
        assert (one.hear(), other.hear()) == ("ready", "ready")
        yield one, other


def test_overlapping_batches_that_wait_for_one_another(shared_url: str) -> None:
    """Two mirrors of one session must never record an entry twice, however they interleave."""
    batches = conversation(4)
    overlapping = [[*batches[0], *batches[1][:2]], [*batches[1], *batches[2]], batches[3]]
    turnlog.open(shared_url).close()
    with two_writers(shared_url, batches, overlapping) as writers:
        for _ in overlapping:
            with writers_held_up(shared_url) as are_waiting:
                for writer in writers:
                    writer.tell()
                are_waiting(2)
            for writer in writers:
                writer.hear()
        writers[0].tell()
        writers[0].hear()
    with turnlog.open(shared_url) as log:
        assert with_uuid(log.load(KEY) or []) == with_uuid(joined(batches))
        assert_whole(log)


def test_two_that_ask_at_once_get_one_session(shared_url: str) -> None:
    """A directory must never get two sessions because two agents began in it at once."""
    turnlog.open(shared_url).close()
    with (
        child(children.go_on_when_told, shared_url, "/srv/shop") as one,
        child(children.go_on_when_told, shared_url, "/srv/shop") as other,
    ):
        assert (one.hear(), other.hear()) == ("ready", "ready")
        with writers_held_up(shared_url) as are_waiting:
            one.tell("go on")
            other.tell("go on")
            are_waiting(2)
        begun = one.hear(), other.hear()
    assert begun[0].key == begun[1].key
    assert {b.created for b in begun} == {True, False}
    with turnlog.open(shared_url) as log:
        assert len(log.sessions()) == 1


def test_ids_that_tell_the_time_are_given_once(shared_url: str) -> None:
    """Two processes must never give one id, not even to sessions of two projects."""
    turnlog.open(shared_url).close()
    with (
        child(children.create_when_told, shared_url, "shop") as one,
        child(children.create_when_told, shared_url, "atlas") as other,
    ):
        assert (one.hear(), other.hear()) == ("ready", "ready")
        given = []
        for _ in range(3):
            with writers_held_up(shared_url) as are_waiting:
                one.tell("create")
                other.tell("create")
                are_waiting(2)
            given += [one.hear(), other.hear()]
    assert len(set(given)) == len(given) == 6


def test_overlapping_batches_at_random(shared_url: str) -> None:
    """Two mirrors of one session must never lose an entry to each other, at any pace."""
    batches, chance = conversation(30), random.Random(5)
    entries = joined(batches)
    ways = []
    for _ in range(2):
        at, way = 0, []
        while at < len(entries):
            size = chance.randint(1, 9)
            way.append(entries[max(0, at - chance.randint(0, 4)) : at + size])
            at += size
        ways.append(way)
    turnlog.open(shared_url).close()
    with (
        child(children.append_all, shared_url, KEY, ways[0]) as one,
        child(children.append_all, shared_url, KEY, ways[1]) as other,
    ):
        assert len(one.rest()) == len(ways[0])
        assert len(other.rest()) == len(ways[1])
    with turnlog.open(shared_url) as log:
        assert with_uuid(log.load(KEY) or []) == with_uuid(joined(batches))
        assert_whole(log)


@pytest.mark.parametrize("attempt", range(2))
def test_a_new_log_that_several_processes_open_at_once(shared_url: str, attempt: int) -> None:
    """Whoever opens a new log first must never make the others fail."""
    sessions = [SessionKey("shop", f"s{n}") for n in range(5)]
    (batch,) = conversation(1)
    openers = [Child(children.open_when_told, shared_url, key, batch) for key in sessions]
    try:
        assert {opener.hear() for opener in openers} == {"ready"}
        for opener in openers:
            opener.tell()
        assert [opener.hear() for opener in openers] == [len(batch)] * 5
    finally:
        for opener in openers:
            opener.kill()
    with turnlog.open(shared_url) as log:
        assert all(log.load(key) == batch for key in sessions)
        assert_whole(log)


def test_a_reader_in_the_middle_of_a_session_sees_one_state(shared_url: str) -> None:
    """A session that is streamed must never be a mixture of before and after a rewind."""
    batches = conversation(200)
    with turnlog.open(shared_url) as log:
        for start in range(0, 200, 20):
            log.append(KEY, joined(batches[start : start + 20]))
        stream, trail = log.iter_entries(KEY), log.events(KEY)
        read = [next(stream) for _ in range(5)]
        told = [next(trail) for _ in range(5)]
        version = log.state(KEY).version
        with child(children.append_and_rewind, shared_url, KEY, conversation(5, seed=9)) as writer:
            writer.rest()
            assert writer.ended_well
        assert len(log.load(KEY) or []) == len(batches[0])
        read += stream
        told += trail
    assert read == joined(batches)
    assert [recorded.version for recorded in told] == list(range(1, version + 1))


def test_lists_are_right_at_every_moment_of_another_process(shared_url: str) -> None:
    """A list must never show a session whose log it cannot load, nor figures ahead of it."""
    sizes = [len(joined(conversation(30)[:n])) for n in range(31)]
    with turnlog.open(shared_url) as log:
        log.append(KEY, conversation(1)[0])
        with child(children.append_all, shared_url, KEY, conversation(30)) as writer:
            ended = threading.Event()
            listener = threading.Thread(target=lambda: (writer.rest(), ended.set()))
            listener.start()
            while not ended.is_set():
                (before,) = log.sessions()
                loaded = log.load(KEY) or []
                (after,) = log.sessions()
                assert before.entries in sizes
                assert before.entries <= len(loaded) <= after.entries
            listener.join()
        assert_whole(log)


def test_a_database_that_another_process_does_not_let_go_of(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A held database must never be an error without a name, nor spoil the appends after it."""
    monkeypatch.setattr("turnlog.adapters.storage.sqlite.store.BUSY_SECONDS", 0.1)
    batches = conversation(2)
    with turnlog.open(sqlite_url) as log:
        log.append(KEY, batches[0])
        with writers_held_up(sqlite_url):
            with pytest.raises(StorageError, match="another process holds the database"):
                log.append(KEY, batches[1])
            assert log.load(KEY) == batches[0]
        log.append(KEY, batches[1])
        assert log.load(KEY) == joined(batches)
        assert_whole(log)


def test_one_refusal_in_a_commit_that_many_share(shared_url: str) -> None:
    """A command that is refused must never undo the appends that waited with it."""
    (batch,) = conversation(1)
    keys = [SessionKey("shop", f"s{n}") for n in range(8)]
    told: list[object] = []
    with turnlog.open(shared_url) as log:
        log.append(KEY, batch)

        def work(key: SessionKey) -> None:
            try:
                if key in keys[::3]:
                    log.rewind(KEY, "prompt:7")
                else:
                    log.append(key, batch)
            except Exception as problem:
                told.append(problem)

        threads = [threading.Thread(target=work, args=(key,)) for key in keys]
        with writers_held_up(shared_url) as are_waiting:
            for thread in threads:
                thread.start()
            are_waiting(8)
        for thread in threads:
            thread.join()
        assert [type(problem) for problem in told] == [PointNotFound] * 3
        assert [log.load(key) for key in keys[::3]] == [None] * 3
        assert all(log.load(key) == batch for key in keys if key not in keys[::3])
        assert_whole(log)
