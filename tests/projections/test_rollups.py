"""The rollups: what was spent by quarters of an hour, and wider spans, for each dimension."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

import turnlog
from tests.support.rollups import kept, rollups_agree
from tests.support.transcripts import Transcript
from turnlog import Log
from turnlog.domain.keys import SessionKey


@pytest.fixture
def log() -> Iterator[Log]:
    with turnlog.open("sqlite://") as log:
        yield log


def shop(s: Transcript) -> SessionKey:
    return SessionKey("-home-ada-shop", s.session_id)


def test_a_response_counts_once_in_every_dimension(log: Log) -> None:
    s = Transcript(branch="fix/checkout")
    s.prompt("?")
    s.answer("!", usage={"output_tokens": 7})
    log.append(shop(s), s.entries, user_id="ada")
    widest = {
        (kind, value): sums for (kind, span, _, value), sums in kept(log).items() if span > 96
    }
    assert {value for _, value in widest} == {
        "main",
        s.model,
        "ada",
        "-home-ada-shop",
        "fix/checkout",
    }
    assert {sums[1] for sums in widest.values()} == {7}
    rollups_agree(log)


def test_a_branch_that_is_checked_out_counts_from_there_on(log: Log) -> None:
    s = Transcript(branch="main")
    s.prompt("?")
    s.answer("!", usage={"output_tokens": 1})
    s.branch = "fix"
    s.prompt("And?")
    s.answer("!", usage={"output_tokens": 2})
    s.branch = "main"
    s.prompt("And?")
    s.answer("!", usage={"output_tokens": 4})
    log.append(shop(s), s.entries)
    found = {
        value: sums[1] for (k, span, _, value), sums in kept(log).items() if (k, span) == (4, 3072)
    }
    assert found == {"main": 5, "fix": 2}


@pytest.mark.parametrize("order", ["origin first", "copy first"])
@pytest.mark.parametrize("by", ["cli", "sdk"])
def test_a_fork_gives_the_same_figures_whenever_it_comes(order: str, by: str) -> None:
    """What was spent must never depend on the order in which sessions were imported."""
    found = []
    for first in (True, False):
        origin = Transcript(seed=1)
        origin.prompt("one?")
        origin.answer("One.", usage={"output_tokens": 1})
        copy = origin.fork(by=by)  # type: ignore[arg-type]
        copy.prompt("two?")
        copy.answer("Two.", usage={"output_tokens": 2})
        arriving = [
            (SessionKey("origin", origin.session_id), origin),
            (SessionKey("elsewhere", copy.session_id), copy),
        ]
        with turnlog.open("sqlite://") as log:
            for key, transcript in arriving if first else reversed(arriving):
                log.append(key, transcript.entries)
            rollups_agree(log)
            found.append((kept(log), log.stats()))
    assert found[0] == found[1]
    assert found[0][1].billed.usage.output_tokens == 3
    assert found[0][1].live == found[0][1].billed, "each once, however many sessions hold it"


def test_what_is_rewound_stays_billed_and_is_undone(log: Log) -> None:
    s = Transcript()
    s.prompt("one?")
    s.answer("One.", usage={"output_tokens": 1})
    s.prompt("two?")
    s.answer("Two.", usage={"output_tokens": 2})
    log.append(shop(s), s.entries)
    log.rewind(shop(s), "prompt:1")
    stats = log.stats()
    assert (stats.billed.usage.output_tokens, stats.live.usage.output_tokens) == (3, 1)
    rollups_agree(log)
    log.delete(shop(s))
    stats = log.stats()
    assert (stats.billed.usage.output_tokens, stats.live.usage.output_tokens) == (3, 0)
    rollups_agree(log)
    log.undelete(shop(s))
    assert log.stats().live.usage.output_tokens == 1
    rollups_agree(log)


def test_a_response_without_a_time_is_counted_all_the_same(log: Log) -> None:
    s = Transcript()
    s.prompt("?")
    s.answer("!", usage={"output_tokens": 7})
    log.append(shop(s), [{k: v for k, v in e.items() if k != "timestamp"} for e in s.entries])
    assert log.stats().live.usage.output_tokens == 7
    rollups_agree(log)


def test_a_branch_with_a_name_of_any_length_has_its_row(log: Log) -> None:
    """A transcript must never make an append fail: not by a name no index takes."""
    for name in ("b" * 5_000, "b" * 4_999, "\0\ud800", "🌊" * 900):
        s = Transcript(branch=name, seed=len(name))
        s.prompt("?")
        s.answer("!")
        log.append(shop(s), s.entries)
    assert log.store.read() is not None
    rollups_agree(log)
    assert sum(span == 3072 and kind == 4 for kind, span, *_ in kept(log)) == 4


# -- subagents that only their session knows -------------------------------------------------------


def told(s: Transcript, agent: Transcript, call: str) -> list[dict[str, object]]:
    """What the main transcript of an older CLI repeats of a subagent."""
    return [
        {
            "type": "progress",
            "uuid": s.ids.uuid(),
            "parentUuid": s.leaf,
            "sessionId": s.session_id,
            "timestamp": entry["timestamp"],
            "parentToolUseID": call,
            "data": {
                "type": "agent_progress",
                "agentId": agent.agent_id,
                "message": {
                    "type": "assistant",
                    "message": entry["message"],
                    "requestId": entry["requestId"],
                },
            },
        }
        for entry in agent.entries
        if entry["type"] == "assistant"
    ]


def result(entry: dict[str, object], agent: Transcript) -> dict[str, object]:
    """The result of a subagent, with the counters of its last response."""
    usage = agent.entries[-1]["message"]["usage"]
    return entry | {"toolUseResult": {"agentId": agent.agent_id, "usage": usage}}


@pytest.mark.parametrize("when", ["before", "after", "never"])
@pytest.mark.parametrize("progress", [False, True])
def test_a_subagent_is_billed_by_one_source(log: Log, when: str, progress: bool) -> None:
    """What a subagent used must never be billed twice, in whatever order its sources come."""
    s = Transcript()
    s.prompt("two?")
    call = s.answer(tools=[("Task", {"prompt": "Who?"})], usage={"output_tokens": 1}).tools[0]
    agent = s.subagent(call)
    agent.answer("One file.", usage={"output_tokens": 2})
    agent.answer("Two files.", usage={"output_tokens": 4})
    answered = result(s.subagent_result(agent, "Two files."), agent)
    main = [*s.entries[:-1], *(told(s, agent, call) if progress else []), answered]
    key = shop(s)._replace(subpath=f"subagents/agent-{agent.agent_id}")
    own = [{"type": "agent_metadata", **agent.meta}, *agent.entries]
    if when == "before":
        log.append(key, own)
    log.append(shop(s), main)
    if when == "after":
        log.append(key, own)
    expected = 7 if progress or when != "never" else 5
    stats, session = log.stats(), log.session(s.session_id)
    assert stats.billed.usage.output_tokens == expected
    assert stats.live.usage.output_tokens == expected
    assert session.billed.usage.output_tokens == expected
    assert session.live.usage.output_tokens == expected
    rollups_agree(log)
    log.rebuild()
    assert log.stats() == stats
    rollups_agree(log)


def test_postgresql_keeps_the_same_rollups(postgres_url: str) -> None:
    s = Transcript(branch="main")
    s.prompt("one?")
    s.answer("One.", usage={"output_tokens": 1})
    s.prompt("two?")
    s.answer("Two.", usage={"output_tokens": 2})
    copy = s.fork()
    copy.prompt("three?")
    copy.answer("Three.", usage={"output_tokens": 4})
    found = []
    for url in ("sqlite://", postgres_url):
        with turnlog.open(url) as log:
            log.append(SessionKey("copy", copy.session_id), copy.entries, user_id="ada")
            log.append(shop(s), s.entries)
            log.rewind(shop(s), "prompt:1")
            log.rewind(SessionKey("copy", copy.session_id), "prompt:1")
            rollups_agree(log)
            dimensions = ("day", "month", "model", "user", "project", "branch", "session")
            zones = ("UTC", "Asia/Kathmandu")
            rows = {(by, tz): log.usage(by, tz=tz) for by in dimensions for tz in zones}
            since = datetime(2020, 1, 1, tzinfo=UTC)
            rows |= {(by, "since"): log.usage(by, since=since) for by in dimensions}
            told = {asked: [row._replace(cursor=None) for row in of] for asked, of in rows.items()}
            found.append((kept(log), log.stats(), told))
    assert found[0] == found[1]
    assert found[0][1].billed.usage.output_tokens == 7
    assert found[0][1].live.usage.output_tokens == 1
