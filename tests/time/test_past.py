"""Lists and figures as they were: what the log said once, it says of that moment for ever."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant

import turnlog
from tests.support.log_machine import Machine
from tests.support.transcripts import Transcript
from tests.time.conftest import CHILD, KEY, Talk
from turnlog import (
    Filter,
    InvalidPoint,
    Log,
    PointNotFound,
    Refused,
    StorageError,
    UnknownSession,
    events,
)
from turnlog.adapters.storage.stores import open_store
from turnlog.domain.moments import Moment
from turnlog.time.past import as_of

EVERYTHING = Filter(presence=("present", "archived", "deleted", "erased"))


def position(log: Log) -> int:
    with log.store.read() as reader:
        return reader.last_position()


KINDS = ("day", "model", "branch", "session")


def told(log: Log, kinds: tuple[str, ...] = ()) -> Any:
    """What the log tells of all its sessions."""
    usage = [log.usage(kind, tz="UTC") for kind in kinds]
    return log.stats(), log.spent_by_model(), log.sessions(EVERYTHING), usage


def told_then(log: Log, at: Any, kinds: tuple[str, ...] = ()) -> Any:
    """The same as of a moment."""
    with as_of(log.store, Moment.of(at)) as past:
        return told(Log(past), kinds)


class Remembering(Machine):
    """A log of which every answer is kept, with the position and the time it was given at."""

    def __init__(self) -> None:
        super().__init__()
        self.log.close()
        self.now = 1_700_000_000_000
        self.log = Log(open_store("sqlite://", clock=self.tick))
        self.answers: dict[int, tuple[int, Any]] = {}
        self.erased = 0

    def tick(self) -> int:
        self.now += 1
        return self.now

    @invariant()
    def what_it_tells_is_kept(self) -> None:
        erased = sum(writer.plain.erased for writer in self.everyone)
        if erased != self.erased:
            self.answers.clear()  # what was erased, the past does not tell either
            self.erased = erased
        self.answers[position(self.log)] = self.now, told(self.log)

    def teardown(self) -> None:
        ends = list(self.answers)
        for end in [*ends[:: max(len(ends) // 3, 1)], ends[-1]]:
            now, answer = self.answers[end]
            for moment in (Moment("position", end), Moment("recorded", now)):
                assert told_then(self.log, moment) == answer
        self.log.close()


TestWhatWasTold = Remembering.TestCase
TestWhatWasTold.settings = settings(
    max_examples=6,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def test_every_kind_of_change_is_seen_as_it_was(store_url: str) -> None:
    """A figure of the past must never be told with what came later."""
    with turnlog.open(store_url) as log:
        answers = {}

        def step(what: Any) -> None:
            answers[position(log)] = told(log, KINDS)
            what()

        origin = Transcript(KEY.session_id)
        for n in range(4):
            origin.prompt(f"Question {n}?")
            origin.run("Bash", {"command": "ls"}, "a.py")
            origin.answer("Done.")
        copy = origin.fork()
        copy.prompt("Another way?")
        copy.answer("Yes.")
        fork = CHILD._replace(session_id=copy.session_id)
        # The copy arrives before its origin, so what it owns moves to the origin later.
        step(lambda: log.append(fork, copy.entries, user_id="ada"))
        step(lambda: log.append(KEY, origin.entries[:6]))
        step(lambda: log.append(KEY, origin.entries[6:]))
        step(lambda: log.rename(KEY, "Checkout"))
        step(lambda: log.tag(KEY, ["shop"]))
        step(lambda: log.rewind(KEY, "prompt:1"))
        step(lambda: log.rewind(KEY, "prompt:0"))
        step(lambda: log.fork(fork, "prompt:2", into=CHILD))
        step(lambda: log.delete(fork))
        step(lambda: log.append(fork, copy.entries))
        step(lambda: log.undelete(KEY) if log.delete(KEY) else None)
        step(lambda: None)
        for end, answer in answers.items():
            assert told_then(log, end, KINDS) == answer


def test_the_first_moment_is_an_empty_log(log: Log, talk: Talk) -> None:
    empty = told(log)
    log.append(KEY, talk("Hello?"))
    for at in (0, "position:0", "1970-01-01", "recorded:1970-01-01", datetime(1970, 1, 1)):
        assert told_then(log, at) == empty
        assert log.stats(at=at) == empty[0]
        assert log.spent_by_model(at=at) == log.sessions(at=at) == log.usage(at=at) == []


def test_a_session_that_was_not_there_yet_is_unknown(log: Log, talk: Talk) -> None:
    log.append(KEY, talk("Hello?"))
    end = position(log)
    log.append(CHILD, talk("And you?"))
    assert log.spent_by_model(KEY, at=end) == log.spent_by_model(KEY)
    with pytest.raises(UnknownSession):
        log.spent_by_model(CHILD, at=end)


def test_a_position_past_the_end_is_refused(log: Log, talk: Talk) -> None:
    log.append(KEY, talk("Hello?"))
    with pytest.raises(PointNotFound, match=f"the log ends at position {position(log)}"):
        log.stats(at=position(log) + 1)


@pytest.mark.parametrize("at", ["prompt:1", "time:2026-01-30", "soon", "-1", "2026-02-30"])
def test_what_is_no_moment_is_refused(log: Log, at: str) -> None:
    with pytest.raises(InvalidPoint):
        log.sessions(at=at)


def test_the_pages_of_the_past_hold_every_session_once(log: Log) -> None:
    for n in range(7):
        transcript = Transcript(seed=n)
        transcript.prompt("Hello?")
        log.append(KEY._replace(session_id=transcript.session_id), transcript.entries)
    end, then = position(log), log.sessions()
    for session in then[::2]:
        log.delete(KEY._replace(session_id=session.session_id))
    found = log.sessions(limit=3, at=end)
    while page := log.sessions(limit=3, after=found[-1].cursor, at=end):
        found += page
    assert found == then


def test_the_past_gives_lists_and_figures_alone(log: Log, talk: Talk) -> None:
    """Whatever cannot be told as it was must be refused, never be told as it is."""
    log.append(KEY, talk("Hello?"))
    with as_of(log.store, Moment.of(position(log))) as past:
        with pytest.raises(Refused, match="lists and figures"):
            Log(past).append(KEY, talk("More?"))
        with pytest.raises(Refused, match="lists and figures"):
            Log(past).load(KEY)


def test_the_past_takes_the_memory_of_a_cache_however_long_the_log_is(log: Log) -> None:
    """Read models of the past must never be held in memory as a whole."""
    with as_of(log.store, Moment.of(0)) as past, past.read() as reader:
        tables: Any = reader
        [(_, _, path)] = tables._tables._connection.execute("PRAGMA database_list").fetchall()
        assert path == "", "a file without a name, not :memory:"


class Renamed(turnlog.Projection):
    """How often each session was renamed, and at which position last."""

    name = "renamed"
    wants = (events.SessionRenamed,)
    tables: ClassVar = {
        "sessions": turnlog.Table(key={"session": str}, columns={"times": int, "last": int})
    }

    def fold(self, rows: turnlog.Rows, recorded: turnlog.Recorded) -> None:
        session = (recorded.key.session_id,)
        rows.add("sessions", session, times=1)
        rows.set("sessions", session, last=recorded.position)


def test_the_rows_of_ones_own_projections_are_told_as_they_were_too(talk: Talk) -> None:
    with turnlog.open("sqlite://", projections=[Renamed]) as log:
        log.append(KEY, talk("Hello?"))
        answers = {}
        for title in ("One", "Two", "Three"):
            log.rename(KEY, title)
            answers[position(log)] = log.rows(Renamed, "sessions")
        for end, answer in answers.items():
            with as_of(log.store, Moment.of(end)) as past:
                assert Log(past).rows(Renamed, "sessions") == answer


@pytest.mark.parametrize("room", [1, 8, 16])
def test_a_past_that_finds_no_room_is_told(log: Log, talk: Talk, room: int) -> None:
    """A full disk must never be told as figures of a part of the log."""
    for n in range(60):
        log.append(KEY._replace(session_id=f"session-{n}"), talk(f"Question {n}? " * 20))
    with as_of(log.store, Moment.of(position(log))) as past, past.read() as reader:
        tables: Any = reader
        tables._tables._connection.execute(f"PRAGMA max_page_count = {room}")
        with pytest.raises(StorageError, match=r"full.*TMPDIR"):
            Log(past).stats()
