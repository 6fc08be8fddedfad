"""Going back into the middle of entries that came late, and what becomes of them then."""

from __future__ import annotations

from typing import Any

import pytest

import turnlog
from tests.support.transcripts import Transcript
from tests.time.conftest import CHILD, KEY, Talk, output
from turnlog import Log
from turnlog.domain.entry import uuid_text
from turnlog.domain.evolving import fold
from turnlog.domain.session import SessionState


@pytest.fixture
def lost(log: Log, talk: Talk) -> list[list[dict[str, Any]]]:
    """Three questions that come late, before a fourth that is there, and behind a first."""
    log.append(KEY, talk("one?", 1))
    parts = [talk("two?", 2), talk("three?", 4), talk("four?", 8)]
    log.append(KEY, talk("five?", 16))
    return parts


def leaf(log: Log) -> str:
    state = log.state(KEY)
    assert state.leaf is not None
    return uuid_text(state.leaf)


def agree(log: Log) -> None:
    """The row shows what the state says, and both what the events add up to; also when rebuilt."""
    state = log.state(KEY)
    events = [recorded.event for recorded in log.events(KEY)]
    assert fold(SessionState(KEY), events) == state
    for _ in range(2):
        assert output(log)[1] == state.live.usage.output_tokens
        log.rebuild(name="sessions")
    assert log.verify().holds


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1)])
@pytest.mark.parametrize("end", range(1, 8))
def test_all_that_stands_up_to_a_message_is_kept_and_no_more(
    log: Log, s: Transcript, lost: list[Any], order: tuple[int, ...], end: int
) -> None:
    """Whatever order it came in: what stands before a message must never be dropped by going back
    to it, and what stands behind must never stay."""
    for number in order:
        log.append(KEY, lost[number])
    assert log.load(KEY) == s.entries
    log.rewind(KEY, f"message:{s.entries[end]['uuid']}")
    assert log.load(KEY) == s.entries[: end + 1]
    assert leaf(log) == s.entries[end]["uuid"]
    assert log.state(KEY).status == ("complete" if end % 2 else "active")
    agree(log)
    log.rewind(KEY, f"message:{s.entries[-1]['uuid']}")
    assert log.load(KEY) == s.entries
    assert output(log) == (31, 31)


@pytest.mark.parametrize("point", ["prompt:2", "turn:2"])
def test_what_was_left_of_it_stays_left(
    log: Log, s: Transcript, lost: list[Any], talk: Talk, point: str
) -> None:
    """A second rewind to the same point must never bring back what the first one left."""
    for part in lost:
        log.append(KEY, part)
    for _ in range(2):
        log.rewind(KEY, point)
        assert log.load(KEY) == s.entries[:4]
        assert output(log) == (31, 3)
    log.rewind(KEY, "prompt:1")
    assert log.load(KEY) == s.entries[:2]
    agree(log)


def test_what_comes_later_still_goes_with_what_it_stands_before(
    log: Log, s: Transcript, lost: list[Any]
) -> None:
    """A repaired loss must never be missing where what it belongs before is there, nor show behind
    the head."""
    two, three, four = lost
    log.append(KEY, three + four)
    log.rewind(KEY, f"message:{three[-1]['uuid']}")
    assert log.load(KEY) == s.entries[:2] + three
    log.append(KEY, two)
    assert log.load(KEY) == s.entries[:2] + two + three
    assert output(log) == (31, 7)
    agree(log)
    log.rewind(KEY, f"message:{s.entries[-1]['uuid']}")
    assert log.load(KEY) == s.entries


def test_what_comes_later_before_something_left_is_left(
    log: Log, s: Transcript, lost: list[Any], talk: Talk
) -> None:
    """A repaired loss must never show behind the head."""
    two, three, four = lost
    log.append(KEY, two + three[:1])
    log.append(KEY, four)
    log.rewind(KEY, f"message:{two[-1]['uuid']}")
    log.append(KEY, three)
    assert log.load(KEY) == s.entries[:2] + two
    agree(log)
    everything = list(s.entries)
    s.leaf = two[-1]["uuid"]
    more = talk("another?", 32)
    log.append(KEY, more)
    assert log.load(KEY) == [*s.entries[:2], *two, *more]
    agree(log)
    log.rewind(KEY, f"message:{everything[-1]['uuid']}")
    assert log.load(KEY) == everything


def test_a_fork_from_there_holds_the_same(log: Log, s: Transcript, lost: list[Any]) -> None:
    """A fork must never hold more or less than the point it began from, whatever comes later."""
    two, three, four = lost
    log.append(KEY, three + four)
    log.fork(KEY, f"message:{three[-1]['uuid']}", into=CHILD)
    expected = s.entries[:2] + three
    assert log.load(CHILD) == expected
    assert log.state(CHILD).live.usage.output_tokens == 5
    log.append(KEY, two)
    assert log.load(CHILD) == expected
    log.rewind(CHILD, f"message:{three[0]['uuid']}")
    assert log.load(CHILD) == s.entries[:2] + three[:1]
    log.rewind(CHILD, f"message:{three[-1]['uuid']}")
    assert log.load(CHILD) == expected
    assert output(log, CHILD)[1] == log.state(CHILD).live.usage.output_tokens
    assert log.verify().holds


def test_a_message_saved_behind_it_hangs_on_it(log: Log, s: Transcript, lost: list[Any]) -> None:
    """What is said next must never hang on another entry than the last one of ``load``."""
    log.append(KEY, lost[0] + lost[1])
    log.rewind(KEY, "prompt:2")
    log.conversation(KEY).record("user", "And then?")
    loaded = log.load(KEY)
    assert loaded is not None
    assert loaded[-1]["parentUuid"] == s.entries[3]["uuid"]


def test_a_subagent_called_there_counts_while_its_call_is_kept(log: Log, s: Transcript) -> None:
    """A subagent must never count whose call was left, nor be missing whose call is kept."""
    s.prompt("one?")
    s.answer("One.", usage={"output_tokens": 1})
    log.append(KEY, s.entries)
    agents, lost = [], []
    for number, name in enumerate(("two", "three")):
        first = len(s.entries)
        s.prompt(f"{name}?")
        call = s.answer(tools=[("Task", {"prompt": "Look.", "subagent_type": "Explore"})])
        agent = s.subagent(call.tools[0])
        agent.answer("Seen.", usage={"output_tokens": 100 * (number + 1)})
        s.subagent_result(agent, "Seen.")
        agents.append(agent)
        lost += s.entries[first:]
    end = len(s.entries) // 2
    first = len(s.entries)
    s.prompt("four?")
    s.answer("Four.")
    log.append(KEY, s.entries[first:])
    log.append(KEY, lost)
    for number, agent in enumerate(agents):
        key = KEY._replace(subpath=f"subagents/agent-{number}")
        log.append(key, [{"type": "agent_metadata", **agent.meta}, *agent.entries])
    log.rewind(KEY, "prompt:2")
    for _ in range(2):
        counted = [agent.counted for agent in log.subagents(KEY)]
        assert counted == [True, False]
        log.rebuild(name="sessions")
    assert [key.subpath for key in log.subkeys(KEY)] == ["subagents/agent-0"]
    assert end < len(log.load(KEY) or []) < len(s.entries)


def test_it_is_the_same_in_a_log_that_is_opened_again(
    tmp_path: Any, s: Transcript, talk: Talk
) -> None:
    """A cut must never be forgotten: not by a snapshot, nor by a process that comes later."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    with turnlog.open(url) as log:
        log.append(KEY, talk("one?", 1))
        lost = talk("two?", 2) + talk("three?", 4)
        log.append(KEY, talk("four?", 8))
        log.append(KEY, lost)
        log.rewind(KEY, "prompt:2")
        before = log.state(KEY)
    with turnlog.open(url) as log:
        assert log.state(KEY) == before
        assert log.load(KEY) == s.entries[:4]
        assert log.at(KEY, before.version).live == before.live
