"""A batch lands twice, late, in part, after a rewind, after a deletion."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

import turnlog
from tests.faults.oracles import (
    assert_whole,
    conversation,
    joined,
    read_models,
    streams,
    with_uuid,
)
from turnlog.domain.keys import SessionKey

KEY = SessionKey("shop", "again")


@pytest.fixture
def log(store_url: str) -> Iterator[turnlog.Log]:
    """An empty log in every store in turn."""
    log = turnlog.open(store_url)
    yield log
    assert_whole(log)
    log.close()


def unchanged(log: turnlog.Log) -> tuple[object, ...]:
    """What must stay the same where nothing new came."""
    return log.load(KEY), list(log.events(KEY)), read_models(log)


def test_a_batch_that_lands_twice_or_in_part(log: turnlog.Log) -> None:
    """What is there must never be recorded again, nor move what the lists show."""
    batches = conversation(3)
    for batch in batches:
        log.append(KEY, batch)
    before = unchanged(log)
    others = [with_uuid(joined(batches)), with_uuid([*batches[1], *batches[0]])]
    for part in (*batches, batches[2][:2], batches[0][1:3], *others):
        appended = log.append(KEY, part)
        assert (appended.recorded, appended.conflicts) == (0, 0)
    assert unchanged(log) == before


def test_a_batch_that_lands_after_the_next_one(log: turnlog.Log) -> None:
    """A late batch must never stand at the end, where the agent would take it for the newest."""
    batches = conversation(4)
    for number in (0, 2, 3, 1):
        log.append(KEY, batches[number])
    assert log.load(KEY) == joined(batches)
    before = unchanged(log)
    for number in (1, 3):
        log.append(KEY, batches[number])
    assert unchanged(log) == before


def test_batches_of_which_each_may_land_late(log: turnlog.Log) -> None:
    """A batch that lands some batches later must never change the order of the conversation."""
    chance, entries = random.Random(7), with_uuid(joined(conversation(12)))
    parts = [entries[at : at + 3] for at in range(0, len(entries), 3)]
    landing = parts[:1]
    for at in range(1, len(parts), 4):
        late, *others = parts[at : at + 4]
        others.insert(chance.randint(0, len(others)), late)
        landing += others
    for part in landing:
        log.append(KEY, part)
    assert landing != parts
    assert log.load(KEY) == entries


def test_batches_that_land_in_any_order_and_any_number_of_times(log: turnlog.Log) -> None:
    """The order of arrival must never lose an entry, nor record one twice."""
    chance, entries = random.Random(8), with_uuid(joined(conversation(12)))
    parts = [entries[at : at + 3] for at in range(0, len(entries), 3)]
    landing = [*parts, *chance.sample(parts, 8)]
    chance.shuffle(landing)
    for part in landing:
        log.append(KEY, part)
    loaded = log.load(KEY) or []
    assert sorted(loaded, key=uuid) == sorted(entries, key=uuid)


def uuid(entry: dict[str, Any]) -> str:
    """An entry's uuid."""
    return str(entry["uuid"])


def test_a_batch_that_lands_after_a_rewind(log: turnlog.Log) -> None:
    """What was rewound must never come back because it is sent again, or sent on."""
    batches = conversation(4)
    for batch in batches[:3]:
        log.append(KEY, batch)
    log.rewind(KEY, "prompt:1")
    kept, billed = log.load(KEY), log.session("again").billed
    log.append(KEY, with_uuid(batches[2]))
    assert log.load(KEY) == kept == batches[0]
    assert log.session("again").billed == billed
    log.append(KEY, with_uuid(batches[3]))
    assert log.load(KEY) == kept
    assert log.session("again").billed.usage.output_tokens > billed.usage.output_tokens
    assert log.session("again").live.usage == log.at(KEY, "prompt:1").live.usage


def test_a_batch_that_lands_after_a_deletion(log: turnlog.Log) -> None:
    """A new life must never be refused what the old one held, nor bring the old one back."""
    batches = conversation(2)
    for batch in batches:
        log.append(KEY, batch)
    log.delete(KEY)
    assert log.load(KEY) is None
    assert log.sessions() == []
    log.append(KEY, batches[1])
    assert log.load(KEY) == batches[1]
    assert [session.session_id for session in log.sessions()] == ["again"]
    before = unchanged(log)
    log.append(KEY, batches[1])
    assert unchanged(log) == before


def test_a_subagents_batch_that_lands_before_and_after_all_of_its_session(log: turnlog.Log) -> None:
    """A subagent must never be lost because its session is not there yet, or is there no more."""
    batches, agent = conversation(2), KEY._replace(subpath="subagents/agent-1")
    log.append(agent, batches[0])
    assert log.load(agent) == batches[0]
    log.append(KEY, batches[1])
    assert log.subkeys(KEY) == [agent]
    log.delete(KEY)
    assert log.load(agent) is None
    log.append(agent, batches[1])
    log.append(KEY, batches[1])
    assert log.load(agent) == batches[1]
    assert streams(log) == [KEY, agent]


def test_a_copied_response_in_two_lives_of_two_sessions(log: turnlog.Log) -> None:
    """A response must never be billed twice because a copy of it began a new life."""
    (batch,) = conversation(1)
    copy = SessionKey("shop", "copy")
    log.append(copy, batch)
    billed = log.stats().billed
    for key in (KEY, copy, KEY):
        log.append(key, batch)
        log.delete(key)
        log.append(key, batch)
        assert log.stats().billed == billed


def test_copies_of_which_another_grows(log: turnlog.Log) -> None:
    """A copy's greatest counters must never be forgotten because a smaller one grew."""
    small, large, larger = (
        {
            "type": "assistant",
            "uuid": f"u{tokens}",
            "requestId": "r",
            "message": {
                "id": "m",
                "model": "claude-sonnet-4-5",
                "usage": {"output_tokens": tokens},
            },
        }
        for tokens in (1, 100, 50)
    )
    log.append(KEY, [large])
    log.append(SessionKey("shop", "copy"), [small])
    log.append(SessionKey("shop", "copy"), [larger])
    assert log.stats().billed.usage.output_tokens == 100


def test_another_content_under_a_known_uuid(log: turnlog.Log) -> None:
    """A conflict must never replace what was there, nor be dropped."""
    (batch,) = conversation(1)
    log.append(KEY, batch)
    other = {**batch[0], "message": {"role": "user", "content": "Something else"}}
    assert log.append(KEY, [other]).conflicts == 1
    assert log.append(KEY, [other]).conflicts == 0
    assert log.load(KEY) == batch
    bodies = [e.event.body for e in log.events(KEY) if e.topic == "EntryConflicted.v1"]
    assert len(bodies) == 1
    assert b"Something else" in bodies[0]
