"""A process is killed while it packs or erases: the session is as it was, or as it should be."""

from __future__ import annotations

import pytest
from sqlalchemy import select

import turnlog
from tests.faults import children
from tests.faults.oracles import assert_whole, conversation, joined
from tests.faults.processes import child
from turnlog.adapters.storage.encoding.blocks import Block
from turnlog.adapters.storage.sql.schema import blocks, permits
from turnlog.domain.keys import SessionKey

TRIED, KEY = SessionKey("shop", "tried"), SessionKey("shop", "killed")
BATCHES, OTHERS = conversation(8), conversation(8, seed=2)


def held(log: turnlog.Log, key: SessionKey) -> tuple[int, set[bool]]:
    """How many blocks a session has, and whether those of its entries are packed."""
    with log.store.read() as reader:
        stream = reader.find(key)
        assert stream is not None
        assert reader.query(select(permits.c.id)) == []
        rows = reader.query(select(blocks).where(blocks.c.stream == stream.id))
    found = [Block._make(row) for row in rows]
    return len(found), {block.is_packed for block in found if block.sort == 0}


def record(url: str) -> None:
    with turnlog.open(url) as log:
        for batch, other in zip(BATCHES, OTHERS, strict=True):
            log.append(KEY, batch)
            log.append(TRIED, other)


def statements(url: str, what: str) -> int:
    """How many statements it takes to do it to a session like the one that is at stake."""
    with child(children.change_and_die, url, TRIED, what, 0) as trying:
        (count,) = trying.rest()
    return int(count)


@pytest.mark.parametrize(
    ("durable_url", "parts"),
    [("sqlite", (0.3, 0.7)), ("postgres", (0.5,))],
    indirect=["durable_url"],
)
def test_a_kill_while_packing_leaves_the_old_blocks_or_the_new(
    durable_url: str, parts: tuple[float, ...]
) -> None:
    """Never may a session be packed in part, lose a body, or leave a permit behind."""
    record(durable_url)
    count = statements(durable_url, "archive")
    assert count > 10
    for part in parts:
        fatal = round(count * part)
        with child(children.change_and_die, durable_url, KEY, "archive", fatal) as writer:
            lived = writer.rest()
        assert not lived
        with turnlog.open(durable_url) as log:
            assert held(log, KEY)[1] == {False}
            assert held(log, KEY)[0] >= len(BATCHES)
            assert log.load(KEY) == joined(BATCHES)
            assert log.verify().problems == ()
            assert log.state(KEY).presence == "present"
    with turnlog.open(durable_url) as log:
        assert held(log, TRIED)[1] == {True}
        log.archive(KEY)
        assert held(log, KEY)[1] == {True}
        assert log.load(KEY) == joined(BATCHES)
        assert log.load(TRIED) == joined(OTHERS)
        assert_whole(log)


def test_a_kill_while_erasing_leaves_all_of_a_session_or_nothing(sqlite_url: str) -> None:
    """Never may a part of a session be gone without an event that says so."""
    record(sqlite_url)
    count = statements(sqlite_url, "erase")
    seen = set()
    for part in (0.1, 0.3, 0.6):
        with child(
            children.change_and_die, sqlite_url, KEY, "erase", round(count * part)
        ) as writer:
            assert not writer.rest()
        with turnlog.open(sqlite_url) as log:
            erased = log.state(KEY).presence == "erased"
            assert log.load(KEY) == (None if erased else joined(BATCHES))
            assert (held(log, KEY)[0] == 0) == erased
            assert log.verify().problems == ()
            seen.add(erased)
    assert False in seen
    with turnlog.open(sqlite_url) as log:
        log.erase(KEY)
        assert log.load(KEY) is None
        assert_whole(log)
