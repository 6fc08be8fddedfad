"""A process is killed while it writes: what was acknowledged stays, nothing is half-written."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.faults import children
from tests.faults.oracles import assert_whole, conversation, joined, read_models
from tests.faults.processes import child
from tests.projecting.logs import rows
from turnlog.domain.keys import SessionKey

KEY = SessionKey("shop", "killed")


@pytest.fixture(params=["sqlite", "postgres"])
def durable_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty log that outlives the process that writes to it."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def assert_prefix(log: turnlog.Log, key: SessionKey, batches: list[Any], told: int) -> int:
    """The log holds the acknowledged batches, and perhaps the one on its way; gives how many."""
    found = log.load(key) or []
    sizes = [len(joined(batches[:count])) for count in (told, told + 1)]
    assert len(found) in sizes
    assert found == joined(batches)[: len(found)]
    return told + sizes.index(len(found))


def test_what_was_acknowledged_outlives_a_kill_at_any_moment(durable_url: str) -> None:
    """An acknowledged batch must never be lost, nor any batch be there in part."""
    batches, there, chance = conversation(400), 0, random.Random(1)
    for _ in range(5):
        with child(children.append_all, durable_url, KEY, batches[there:]) as writer:
            writer.hear()  # it has opened the log and appends as fast as it can
            time.sleep(chance.uniform(0, 0.06))
            told = 1 + len(writer.kill())
            assert writer.was_killed
        with turnlog.open(durable_url) as log:
            there = assert_prefix(log, KEY, batches, there + told)
            assert log.verify().holds
    with turnlog.open(durable_url) as log:
        assert_whole(log)
        log.append(KEY, batches[there])
        assert log.load(KEY) == joined(batches[: there + 1])


def test_a_kill_before_any_statement_of_an_append_leaves_all_of_it_or_nothing(
    durable_url: str,
) -> None:
    """An append must never be recorded in part, wherever in its transaction the process dies."""
    batches, there, statement = conversation(120), 0, -1
    while True:
        statement += 2  # every other one: each takes a process of its own
        batch = batches[there]
        with child(children.append_and_die, durable_url, KEY, batch, statement) as writer:
            lived = writer.rest()
        with turnlog.open(durable_url) as log:
            assert log.verify().holds
            there = assert_prefix(log, KEY, batches, there + len(lived))
        if lived:
            break
        assert writer.was_killed
    assert statement > 8
    with turnlog.open(durable_url) as log:
        log.append(KEY, batches[there])
        assert log.load(KEY) == joined(batches[: there + 1])
        assert_whole(log)


def test_a_kill_within_a_statement_leaves_all_of_an_append_or_nothing(sqlite_url: str) -> None:
    """An append must never be recorded in part where the process dies in mid-statement."""
    batches = conversation(30)
    with child(children.append_and_die_within, sqlite_url, KEY, batches[0], 0) as writer:
        (steps,) = writer.rest()
    there, chance = 1, random.Random(2)
    for _ in range(20):
        instruction = chance.randrange(1, steps)
        with child(
            children.append_and_die_within, sqlite_url, KEY, batches[there], instruction
        ) as writer:
            told = len(writer.rest())
        with turnlog.open(sqlite_url) as log:
            assert log.verify().holds
            there = assert_prefix(log, KEY, batches, there + told)
    with turnlog.open(sqlite_url) as log:
        assert_whole(log)


def test_concurrent_appends_that_share_a_commit_outlive_a_kill(durable_url: str) -> None:
    """What shares a commit must never be acknowledged before it, nor undone by a neighbour."""
    sessions = [(SessionKey("shop", f"s{n}"), conversation(60, seed=n)) for n in range(8)]
    with child(children.append_from_threads, durable_url, sessions) as writer:
        heard = [writer.hear() for _ in range(100)]
        heard += writer.kill()
    with turnlog.open(durable_url) as log:
        for number, (key, batches) in enumerate(sessions):
            told = sum(session == number for session, _ in heard)
            assert_prefix(log, key, batches, told)
        assert_whole(log)


def test_a_kill_while_the_read_models_are_rebuilt_leaves_live_ones_and_it_goes_on(
    durable_url: str,
) -> None:
    """A list must never be empty, or in part, because a rebuild was killed."""
    with turnlog.open(durable_url) as log:
        for batch in conversation(4):
            log.append(KEY, batch)
        before = read_models(log)
    with child(children.rebuild_and_die, durable_url, 0) as writer:
        (statements,) = writer.rest()
    killed = 0
    for statement in range(1, statements + 1, max(1, statements // 8)):
        with child(children.rebuild_and_die, durable_url, statement) as writer:
            writer.rest()  # what goes on where another was killed may come to its end
            killed += writer.was_killed
        with turnlog.open(durable_url) as log:
            assert read_models(log) == before
    assert killed > 2
    with turnlog.open(durable_url) as log:
        log.rebuild()
        assert read_models(log) == before
        assert {health.rebuilding for health in log.projections()} == {None}
        assert_whole(log)


def test_a_kill_while_read_models_catch_up_folds_nothing_twice_and_nothing_never(
    durable_url: str,
) -> None:
    """What a read model counted must never be more, or less, because its runner was killed."""
    with turnlog.open(durable_url) as log:
        for batch in conversation(3):
            log.append(KEY, batch)
    with child(children.catch_up_and_die, durable_url, 0) as runner:
        (statements,) = runner.rest()
    with turnlog.open(durable_url) as log:
        for batch in conversation(9)[3:]:
            log.append(KEY, batch)
    for statement in range(1, statements, max(1, statements // 6)):
        with child(children.catch_up_and_die, durable_url, statement) as runner:
            runner.rest()
    with turnlog.open(durable_url) as log:
        log.catch_up()
        live = {name: rows(log, name) for name in ("audit", "sessions")}
        log.rebuild()
        assert {name: rows(log, name) for name in live} == live
        assert any(live["audit"].values())


def test_a_kill_while_a_log_is_made_leaves_one_that_opens(durable_url: str) -> None:
    """A log must never be unusable because the process that first opened it was killed."""
    statement, told = 0, list[int]()
    while not told:
        statement += 9
        with child(children.open_and_die, durable_url, statement) as maker:
            told = maker.rest()
        assert maker.was_killed or told
    assert statement > 20
    with turnlog.open(durable_url) as log:
        log.append(KEY, conversation(1)[0])
        assert log.load(KEY) == conversation(1)[0]
        assert_whole(log)


@pytest.mark.parametrize("tail", [b"", b"\0" * 5_000, b"\xff" * 5_000], ids=["cut", "nul", "ones"])
def test_a_write_ahead_log_that_a_power_cut_left_in_part_gives_whole_batches(
    tmp_path: Path, tail: bytes
) -> None:
    """After a power cut a batch must never be there in part, nor a synced one be missing."""
    path, batches = tmp_path / "turnlog.db", conversation(6)
    ahead = Path(f"{path}-wal")
    synced = []
    with turnlog.open(f"sqlite:///{path}") as log:
        for batch in batches:
            log.append(KEY, batch)
            synced.append(ahead.stat().st_size)
        main, written = path.read_bytes(), ahead.read_bytes()
    chance = random.Random(3)
    cuts = {*synced, *(size - 1 for size in synced), *chance.sample(range(32, synced[-1]), 12)}
    for cut in sorted(cuts):
        path.write_bytes(main)
        ahead.write_bytes(written[:cut] + tail)
        Path(f"{path}-shm").unlink(missing_ok=True)
        with turnlog.open(f"sqlite:///{path}") as log:
            held = sum(size <= cut for size in synced)
            assert (log.load(KEY) or []) == joined(batches[:held])
            assert_whole(log)


def test_every_commit_is_synced_before_it_is_acknowledged(sqlite_url: str) -> None:
    """By default no acknowledgement must ever wait in the operating system's memory alone."""
    with turnlog.open(sqlite_url) as log:
        cursor = children.sqlite_connection(log).cursor()
        pragmas = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}
