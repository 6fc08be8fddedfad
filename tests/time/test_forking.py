"""Forks: what they take over, and what no longer reaches them."""

from __future__ import annotations

import pytest

from tests.support.transcripts import Transcript
from tests.time.conftest import CHILD, KEY, Talk, output
from turnlog import Log
from turnlog.domain.errors import PointNotFound


def test_a_fork_goes_on_by_itself(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("one?", 1) + talk("two?", 2))
    log.fork(KEY, "prompt:1", into=CHILD)
    s.leaf = s.entries[1]["uuid"]
    log.append(CHILD, talk("another?", 4))
    assert log.load(CHILD) == s.entries[:2] + s.entries[4:]
    assert log.load(KEY) == s.entries[:4]
    assert log.state(CHILD).live[:3] == (2, 2, 4)
    assert log.state(CHILD).live.usage.output_tokens == 5
    assert log.stats().billed.usage.output_tokens == 7, "what the origin spent is spent once"


@pytest.mark.parametrize("at", [None, "prompt:2"])
def test_what_comes_late_to_the_origin_does_not_reach_its_fork(
    log: Log, s: Transcript, talk: Talk, at: str | None
) -> None:
    """A fork must never change by what happens to its origin."""
    log.append(KEY, talk("one?"))
    lost = talk("two?")
    later = talk("three?")
    log.append(KEY, later)
    log.fork(KEY, at, into=CHILD)
    taken = log.load(CHILD)
    log.append(KEY, lost)
    assert log.load(KEY) == s.entries
    assert log.load(CHILD) == taken == s.entries[:2] + later
    assert log.state(CHILD).live.entries == 4
    assert log.at(CHILD, "prompt:2").live.entries == 4


def test_what_came_late_before_a_fork_is_taken_over(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("one?"))
    lost = talk("two?")
    log.append(KEY, talk("three?"))
    log.append(KEY, lost)
    log.fork(KEY, into=CHILD)
    assert log.load(CHILD) == s.entries
    log.rewind(CHILD, f"message:{lost[-1]['uuid']}")
    assert log.load(CHILD) == s.entries[:4]
    assert log.state(CHILD).live[:3] == (2, 2, 4)


def test_a_fork_never_reaches_what_its_origin_did_later(log: Log, talk: Talk) -> None:
    """A rewind of a fork must never bring in entries that it did not take over."""
    log.append(KEY, talk("one?"))
    log.fork(KEY, into=CHILD)
    later = talk("two?")
    log.append(KEY, later)
    with pytest.raises(PointNotFound):
        log.rewind(CHILD, f"message:{later[-1]['uuid']}")


def test_a_fork_is_rewound_into_what_it_took_over(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("one?", 1) + talk("two?", 2))
    log.fork(KEY, into=CHILD)
    log.append(CHILD, talk("three?", 4))
    log.rewind(CHILD, "prompt:1")
    assert log.load(CHILD) == s.entries[:2]
    assert log.state(CHILD).live.usage.output_tokens == 1
    log.rewind(CHILD, "prompt:0")
    assert log.load(CHILD) in ([], None)
    log.rewind(CHILD, f"message:{s.entries[-1]['uuid']}")
    assert log.load(CHILD) == s.entries


def test_a_fork_of_a_fork(log: Log, s: Transcript, talk: Talk) -> None:
    grandchild = CHILD._replace(session_id="5e550000-0000-4000-8000-000000000003")
    log.append(KEY, talk("one?", 1))
    log.fork(KEY, into=CHILD)
    log.append(CHILD, talk("two?", 2))
    log.fork(CHILD, into=grandchild)
    log.append(grandchild, talk("three?", 4))
    assert log.load(grandchild) == s.entries
    assert log.state(grandchild).live.usage.output_tokens == 7
    log.rewind(grandchild, "prompt:2")
    assert log.load(grandchild) == s.entries[:4]
    log.rewind(grandchild, "prompt:1")
    assert log.load(grandchild) == s.entries[:2]


def test_a_fork_stays_when_its_origin_is_deleted(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("one?"))
    log.fork(KEY, into=CHILD)
    log.delete(KEY)
    assert log.load(KEY) is None
    assert log.load(CHILD) == s.entries
    log.append(KEY, talk("two?"))
    assert log.load(CHILD) == s.entries[:2]


def test_the_row_of_a_fork_shows_what_its_events_show(log: Log, talk: Talk) -> None:
    """The row must never show another live total than the events."""
    log.append(KEY, talk("one?", 1))
    log.fork(KEY, into=CHILD)
    log.append(CHILD, talk("two?", 2))
    assert output(log, CHILD) == (2, log.state(CHILD).live.usage.output_tokens)


def test_a_fork_that_went_back_into_what_it_took_over_knows_its_leaf_again(
    log: Log, s: Transcript, talk: Talk
) -> None:
    """The entry at its head has a number in the origin's stream: never is that one of its own."""
    for question in ("one?", "two?", "three?"):
        log.append(KEY, talk(question))
    log.fork(KEY, into=CHILD)
    for to, leaf in ((f"message:{s.entries[-3]['uuid']}", 4), ("version:1", 6)):
        log.rewind(CHILD, to)
        assert log.append(CHILD, [s.entries[leaf - 1]])[:3] == (0, 1, 0)
        assert log.load(CHILD) == s.entries[:leaf]
    assert log.verify().holds


def test_turns_of_a_fork_go_on_behind_those_it_took_over(
    log: Log, s: Transcript, talk: Talk
) -> None:
    """Its own first turn has the number that the origin's first one has: they are two."""
    log.append(KEY, talk("one?") + talk("two?"))
    log.fork(KEY, into=CHILD)
    log.append(CHILD, talk("three?"))
    log.append(CHILD, talk("four?"))
    log.rewind(CHILD, "turn:3")
    assert log.load(CHILD) == s.entries[:6]
    assert log.state(CHILD).live[:3] == (3, 3, 6)
    assert log.at(CHILD, "turn:1").live.entries == 2
