"""The active sessions in Redis are those of the log, whatever happened, and in whatever order."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest
import redis

import turnlog
from tests.redis.conftest import OpenLog, at_hand, in_database, in_redis, put, talk
from tests.support.forks import copy_rows
from tests.support.transcripts import Transcript
from turnlog import Log, SessionKey
from turnlog.active import following, keeping
from turnlog.active.rows import row_of, session_of
from turnlog.adapters.redis.active import Row, Standing

USERS = ("ada", "grace", None)


@pytest.mark.parametrize("seed", range(2))
def test_redis_holds_what_the_log_says(open_log: OpenLog, seed: int) -> None:
    """A list from Redis must never be another than the log's own."""
    chance = random.Random(seed)
    log = open_log()
    known: list[tuple[SessionKey, Transcript]] = []
    most = 0
    for step in range(18):
        _happen(chance, log, known, seed * 100 + step)
        if step % 3 == 0:
            continue  # several at once
        user = chance.choice(USERS)
        assert in_redis(log, user) == in_database(log, user)
        most = max(most, len(in_redis(log)))
    assert most > 1


def _happen(
    chance: random.Random, log: Log, known: list[tuple[SessionKey, Transcript]], seed: int
) -> None:
    if len(known) < 2 or chance.random() < 0.3:
        s = talk(seed, calls=chance.random() < 0.7)
        if known and chance.random() < 0.4:  # a copy: what it is billed may move
            s = copy_rows(chance.choice(known)[1], None)
            s.prompt("And now?")
            s.answer("Look here.", tools=[("Read", {"file_path": "a.py"})])
        known.append((put(log, s, chance.choice(USERS)), s))
        return
    key, s = chance.choice(known)
    status = chance.choice(("active", "complete", "abandoned"))
    what = [
        lambda: log.set_status(key, status),  # type: ignore[arg-type]
        lambda: log.rename(key, f"Title {seed}"),
        lambda: log.tag(key, ["shop", f"t{seed}"]),
        lambda: log.delete(key),
        lambda: log.undelete(key),
        lambda: log.rewind(key, "prompt:0"),
        lambda: (s.prompt("Go on"), put(log, s)),
    ]
    with suppress(turnlog.TurnlogError):  # such a thing may make no sense of this one now
        chance.choice(what)()


def test_postgres_has_a_redis_beside_it(open_log: OpenLog, postgres_log_url: str) -> None:
    log = open_log(postgres_log_url)
    first = put(log, talk(1), "ada")
    second = put(log, talk(2), "grace")
    assert in_redis(log) == in_database(log)
    assert {s.session_id for s in in_redis(log)} == {first.session_id, second.session_id}
    log.set_status(second, "complete")
    assert in_redis(log) == in_database(log)
    assert [s.session_id for s in in_redis(log, "ada")] == [first.session_id]
    assert in_redis(log, "grace") == []


def test_a_long_list_comes_page_by_page(open_log: OpenLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_log()
    monkeypatch.setattr(log.store.store, "_clock", lambda: 1000)  # type: ignore[attr-defined]
    for number in range(7):  # without times of their own, all of them are active at once
        key = SessionKey("p", f"s-{number}")
        log.append(key, [{"type": "user", "message": {"role": "user", "content": "Hello"}}])
    expected = [f"s-{number}" for number in reversed(range(7))]
    assert [s.session_id for s in in_redis(log)] == expected
    found, after = [], None
    while page := at_hand(log).page(None, 2, after):
        found += [session.session_id for session in page]
        after = page[-1].cursor
    assert found == expected
    assert log.active_sessions(limit=3, after=page[-1].cursor if page else after) == []


def test_of_older_ones_the_database_is_asked(
    open_log: OpenLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list must never end where Redis has no room for more."""
    monkeypatch.setattr(following, "MOST", 3)
    log = open_log()
    keys = [put(log, talk(number)) for number in range(6)]
    at_hand(log).follower.make_anew()
    assert in_redis(log, limit=3) == in_database(log, limit=3)
    assert at_hand(log).page(None, 4, None) is None
    assert len(log.active_sessions(limit=10)) == len(keys)
    assert at_hand(log).active.count() == 3


def test_a_row_comes_back_as_it_was(open_log: OpenLog) -> None:
    log = open_log()
    key = put(log, talk(1), "ada 🧱\0")
    log.tag(key, ["a", "b"])
    (session,) = log.active_sessions()
    assert session_of(row_of(session)) == session
    assert in_redis(log, "ada 🧱\0") == [session]
    with pytest.raises(ValueError, match="no row of a session"):
        session_of({"stream": 1})


def test_what_is_lost_is_made_again(open_log: OpenLog, redis_url: str) -> None:
    """Redis is never the truth: losing it must lose nothing."""
    log = open_log()
    for number in range(4):
        put(log, talk(number))
    expected = in_redis(log)
    assert len(expected) == 4
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        assert in_redis(log) == expected
        client.delete(*client.keys("*:rows"))
        assert log.active_sessions() == expected
        assert in_redis(log) == expected


def test_what_others_recorded_is_caught_up(open_log: OpenLog, sqlite_url: str) -> None:
    """A process that knows nothing of Redis must never make its list wrong."""
    log = open_log(sqlite_url)
    first = put(log, talk(1))
    assert len(in_redis(log)) == 1
    with turnlog.open(sqlite_url) as other:
        put(other, talk(2))
        other.set_status(first, "complete")
    assert in_redis(log) == in_database(log)
    assert [s.session_id for s in log.active_sessions()] == [talk(2).session_id]


def test_far_behind_it_is_made_anew(open_log: OpenLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FAR", 5)
    log = open_log()
    put(log, talk(1))
    at_hand(log).follower.catch_up()
    put(log, talk(2))
    assert in_redis(log) == in_database(log)


def test_who_was_overtaken_changes_nothing(open_log: OpenLog) -> None:
    """An older list must never be written over a newer one."""
    log = open_log()
    put(log, talk(1))
    active = at_hand(log).active
    before = at_hand(log).follower.catch_up()
    assert before is not None
    put(log, talk(2))
    after = at_hand(log).follower.catch_up()
    assert after is not None
    stale = Standing(before.position + 1, before.model, "0" * 16)
    assert not active.change(before, stale, [Row(1), Row(2)])
    assert not active.make_anew(before, stale, [], newest=False)
    assert active.standing() == after
    assert len(in_redis(log)) == 2


def test_a_copy_of_the_log_has_a_list_of_its_own(
    open_log: OpenLog, tmp_path: Path, redis_url: str
) -> None:
    """A copy, or a backup that was restored, must never show the sessions of the other."""
    path, copy = tmp_path / "log.db", tmp_path / "copy.db"
    with turnlog.open(f"sqlite:///{path}", redis_url=redis_url) as log:
        put(log, talk(1))
        in_redis(log)
    copy.write_bytes(path.read_bytes())
    log, other = open_log(f"sqlite:///{path}"), open_log(f"sqlite:///{copy}")
    put(log, talk(2))
    put(other, talk(3))
    for _ in range(2):
        assert in_redis(log) == in_database(log)
        assert in_redis(other) == in_database(other)
    assert {s.session_id for s in in_redis(log)} != {s.session_id for s in in_redis(other)}


def test_other_tables_make_another_list(open_log: OpenLog) -> None:
    """What a rebuild prices anew must never go on being shown as it was."""
    log = open_log()
    put(log, talk(1))
    before = at_hand(log).follower.catch_up()
    log.rebuild(name="sessions")
    assert in_redis(log) == in_database(log)
    assert at_hand(log).active.standing() != before


def test_what_is_erased_leaves_redis(open_log: OpenLog, redis_url: str) -> None:
    """An erased text must never be left in Redis."""
    log = open_log()
    s = Transcript(seed=5)
    s.prompt("The passphrase is xyzzy-plugh")
    key = put(log, s, "ada")
    put(log, talk(1), "ada")
    with redis.Redis.from_url(redis_url) as client:

        def held() -> bytes:
            at_hand(log).follower.catch_up()
            return b"".join(b"".join(client.hgetall(k).values()) for k in client.keys("*:rows"))

        assert b"xyzzy" in held()
        log.erase(key)
        assert b"xyzzy" not in held()
        assert all(client.pttl(name) > 0 for name in client.keys("*"))
    assert [s.session_id for s in in_redis(log, "ada")] == [talk(1).session_id]


def test_two_logs_share_a_redis(open_log: OpenLog) -> None:
    one, other = open_log(), open_log()
    put(one, talk(1))
    put(other, talk(2))
    assert [s.session_id for s in in_redis(one)] == [talk(1).session_id]
    assert [s.session_id for s in in_redis(other)] == [talk(2).session_id]


def test_redis_is_told_without_being_asked(
    open_log: OpenLog, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads Redis alone must see what happened."""
    monkeypatch.setattr(keeping, "GATHER", 0.0)
    log = turnlog.open("memory:", redis_url=redis_url)
    key = put(log, talk(1))
    log.rename(key, "Tiles")
    active = at_hand(log).active
    log.close()  # which waits for what is not told yet
    page = keeping.ActiveList(keeping.Server(redis_url), active.log_id).page(None, 10, None)
    assert page is not None
    assert [row["title"] for row in page.rows] == ["Tiles"]
