"""Whose turn it is to write: nobody is left waiting, and those who write at once share a commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from turnlog.adapters.storage.sqlite.together import Together, Turn

LONG = 60.0


class Line:
    """A line of writers, and the groups that were written."""

    def __init__(self) -> None:
        self.together: Together[Turn] = Together()
        self.groups: list[list[Turn]] = []
        self.pool = ThreadPoolExecutor(8)

    def write(self, job: Turn, work: Callable[[], object] = lambda: None) -> None:
        with self.together.turn(job) as leads:
            if leads:
                group = self.together.gather()
                work()
                self.groups.append(list(group))
                for member in group:
                    member.done = True

    def start(self, job: Turn, work: Callable[[], object] = lambda: None) -> Future[Any]:
        return self.pool.submit(self.write, job, work)

    def until_waiting(self, *jobs: Turn) -> None:
        while not set(jobs) <= set(self.together._waiting):
            pass


@pytest.fixture
def line() -> Line:
    return Line()


def test_those_that_come_during_a_commit_share_the_next_one(line: Line) -> None:
    first, *others = [Turn() for _ in range(4)]
    go_on = threading.Event()
    started = [line.start(first, go_on.wait)]
    while not line.together._group:
        pass
    started += [line.start(other) for other in others]
    line.until_waiting(*others)
    go_on.set()
    for one in started:
        one.result(LONG)
    assert [len(group) for group in line.groups] == [1, 3]


def test_a_leader_lets_those_come_first_who_were_there_the_last_time(line: Line) -> None:
    """Of many that append one after the other, commits must not carry one or two each."""
    test_those_that_come_during_a_commit_share_the_next_one(line)
    line.together._patience = LONG
    jobs = [Turn() for _ in range(3)]
    started = [line.start(job) for job in jobs]
    for one in started:
        one.result(LONG)
    assert [len(group) for group in line.groups] == [1, 3, 3]


def test_who_writes_alone_waits_for_nobody(line: Line) -> None:
    line.together._patience = LONG
    for _ in range(3):
        line.start(Turn()).result(1)
    assert [len(group) for group in line.groups] == [1, 1, 1]


def test_waiting_in_vain_happens_once(line: Line) -> None:
    test_those_that_come_during_a_commit_share_the_next_one(line)
    line.start(Turn()).result(LONG)
    line.together._patience = LONG
    line.start(Turn()).result(1)
    assert [len(group) for group in line.groups] == [1, 3, 1, 1]


def test_who_wants_to_be_alone_is_alone(line: Line) -> None:
    first, one, alone, other = Turn(), Turn(), Turn(alone=True), Turn()
    go_on = threading.Event()
    started = [line.start(first, go_on.wait)]
    while not line.together._group:
        pass
    for job in (one, alone, other):
        started.append(line.start(job))
        line.until_waiting(job)
    go_on.set()
    for future in started:
        future.result(LONG)
    assert line.groups == [[first], [one], [alone], [other]]


def test_what_a_leader_that_was_interrupted_took_is_led_by_the_next(line: Line) -> None:
    """Nobody may wait for ever because somebody else was interrupted."""

    def interrupted() -> None:
        line.until_waiting(other)
        line.together.gather()
        raise KeyboardInterrupt

    leader, other = Turn(), Turn()
    led = line.start(leader, interrupted)
    while not line.together._group:
        pass
    done = line.start(other)
    done.result(LONG)
    with pytest.raises(KeyboardInterrupt):
        led.result(LONG)
    assert line.groups == [[other]]


def test_who_is_interrupted_while_waiting_leaves_the_line(line: Line) -> None:
    """The lead must never be handed to somebody who is no longer there."""

    class Interrupted(Turn):
        def wait(self) -> None:
            line.until_waiting(self, behind)
            raise KeyboardInterrupt

    first, behind = Turn(), Turn()
    gone = Interrupted()
    go_on = threading.Event()
    started = line.start(first, go_on.wait)
    while not line.together._group:
        pass
    left = line.start(gone)
    line.until_waiting(gone)
    done = line.start(behind)
    with pytest.raises(KeyboardInterrupt):
        left.result(LONG)
    go_on.set()
    started.result(LONG)
    done.result(LONG)
    assert line.groups == [[first], [behind]]
