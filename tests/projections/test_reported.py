"""What the CLI says that a session cost: counters as they came, and one reading of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

import turnlog
from tests.projecting.logs import rows
from tests.support.transcripts import Transcript
from turnlog import Log, Refused, UnknownSession
from turnlog.domain.keys import SessionKey
from turnlog.projections.sessions.reported import Counter, gained

SAVED, RESULT = "cost-state", "result"
OLD, NEW = "2.1.276", "2.1.277"


@pytest.fixture
def log() -> Iterator[Log]:
    with turnlog.open("sqlite://") as log:
        yield log


class Message(NamedTuple):
    """A ``ResultMessage`` as far as it counts."""

    session_id: str
    total_cost_usd: float | None
    duration_api_ms: int = 0
    uuid: str | None = None
    duration_ms: int = 1_000
    num_turns: int = 1
    model_usage: dict[str, Any] | None = None


class Session:
    """One session, told in prompts; each answer by a release of the CLI."""

    def __init__(self, log: Log, release: str = NEW) -> None:
        self.log = log
        self.told = Transcript(version=release, seed=int(release.rpartition(".")[2]))
        self.key = SessionKey("-home-ada-shop", self.told.session_id)
        self.recorded = 0

    def ask(self) -> None:
        self.told.prompt("?")
        self.told.answer("!")
        self.append()

    def append(self) -> None:
        self.log.append(self.key, self.told.entries[self.recorded :])
        self.recorded = len(self.told.entries)

    def save(self, dollars: float, since: int | None = 1_000, api_ms: int | None = None) -> None:
        """The CLI ends, and writes its counter."""
        counters = {"startTime": since, "totalAPIDuration": api_ms, "totalCostUSD": dollars}
        self.told.line("cost-state", {n: v for n, v in counters.items() if v is not None})
        self.append()

    def result(self, dollars: float, api_ms: int = 0, **more: Any) -> bool:
        return self.log.record_result(Message(self.told.session_id, dollars, api_ms, **more))

    @property
    def reported(self) -> float:
        return self.log.session(self.told.session_id).reported_nano_usd / 1e9


def counter(source: str, total: int, release: str | None = NEW, **more: Any) -> Counter:
    return Counter(source, total, release, **more)


@pytest.mark.parametrize(
    ("now", "last", "saved", "resumed", "adds"),
    [
        pytest.param(counter(SAVED, 5), None, None, True, 5, id="the first"),
        pytest.param(counter(RESULT, 7), counter(RESULT, 5), None, False, 2, id="one process"),
        pytest.param(
            counter(SAVED, 7), counter(SAVED, 5), counter(SAVED, 5), False, 2, id="resumed, saved"
        ),
        pytest.param(
            counter(SAVED, 7, OLD), counter(SAVED, 5, OLD), counter(SAVED, 5, OLD), False, 7,
            id="resumed by a release that begins at zero",
        ),
        pytest.param(
            counter(RESULT, 4, OLD), counter(RESULT, 5, OLD), None, False, 4, id="smaller: anew"
        ),
        pytest.param(
            counter(RESULT, 4), counter(RESULT, 5), counter(SAVED, 3), False, 1,
            id="smaller than a result, and given what was saved before it",
        ),
        pytest.param(counter(RESULT, 7), counter(RESULT, 5), None, True, 7, id="moved, unsaved"),
        pytest.param(
            counter(RESULT, 7, OLD), counter(RESULT, 5, OLD), counter(SAVED, 3, OLD), True, 7,
            id="moved, and begins at zero",
        ),
        pytest.param(
            counter(SAVED, 7, since=20), counter(SAVED, 5, since=10), counter(SAVED, 5, since=10),
            False, 7, id="it says that it began again",
        ),
        pytest.param(
            counter(RESULT, 7, api_ms=3), counter(RESULT, 5, api_ms=9), None, False, 7,
            id="the time beside it is smaller",
        ),
        pytest.param(counter(RESULT, 0), counter(RESULT, 5), None, False, 0, id="an error's zero"),
        pytest.param(
            counter(SAVED, 5, native=False), None, None, True, 0, id="copied from another session"
        ),
        pytest.param(
            counter(SAVED, 7, None), counter(SAVED, 5, None), counter(SAVED, 5, None), False, 2,
            id="no release is told",
        ),
    ],
)  # fmt: skip
def test_what_a_counter_adds(
    now: Counter, last: Counter | None, saved: Counter | None, resumed: bool, adds: int
) -> None:
    assert gained(now, last, lambda: saved, resumed) == adds


def test_a_result_and_the_counter_saved_after_it_are_one(log: Log) -> None:
    """One process must never be counted as often as it tells its total."""
    s = Session(log)
    s.ask()
    assert s.result(0.25, 80)
    s.ask()
    assert s.result(0.5, 120)
    s.save(0.5, api_ms=120)
    assert s.reported == 0.5
    assert log.session(s.told.session_id).reports == 3


def test_a_result_that_comes_twice_is_recorded_once(log: Log) -> None:
    s = Session(log)
    s.ask()
    assert s.result(0.25, uuid="r1", model_usage={"opus": {"costUSD": 0.25, "x": "text"}})
    assert not s.result(0.25, uuid="r1")
    assert s.result(0.5, uuid="r2")
    assert s.reported == 0.5
    recorded = [r.event for r in log.events(s.key) if getattr(r.event, "source", "") == RESULT]
    assert [(e.total_cost_usd, e.cli_version) for e in recorded] == [("0.25", NEW), ("0.5", NEW)]  # type: ignore[attr-defined]
    assert recorded[0].model_usage == '{"opus":{"costUSD":0.25}}'  # type: ignore[attr-defined]


def test_what_begins_at_zero_depends_on_the_release(log: Log) -> None:
    """What an old CLI spent in a resumed process must never be taken for a part of the sum."""
    old, new = Session(log, OLD), Session(log, NEW)
    for s in (old, new):
        s.ask()
        s.save(0.5, since=None)
        s.ask()
        s.save(0.75, since=None)
    assert (old.reported, new.reported) == (1.25, 0.75)


def test_after_a_rewind_a_smaller_counter_is_no_reset(log: Log) -> None:
    """The CLI goes on from the counter that was handed out: nothing must be counted twice."""
    s = Session(log)
    for total in (1.0, 2.0, 3.0):
        s.ask()
        s.save(total)
    log.rewind(s.key, "prompt:1")
    s.ask()
    s.save(1.5)
    assert s.reported == 3.5


def test_an_old_cli_begins_at_zero_after_a_rewind_too(log: Log) -> None:
    s = Session(log, OLD)
    s.ask()
    s.result(1.0, 10)
    s.ask()
    s.result(2.0, 20)
    log.rewind(s.key, "prompt:1")
    s.ask()
    s.result(1.5, 30)
    assert s.reported == 3.5


def test_an_error_that_tells_zeros_resets_nothing(log: Log) -> None:
    s = Session(log)
    s.ask()
    s.result(1.0, 10)
    s.result(0.0, 0, uuid="failed")
    s.ask()
    s.result(1.25, 20)
    assert s.reported == 1.25


def test_who_hung_up_before_it_was_saved_is_counted_whole(log: Log) -> None:
    """A process that was given nothing must never be taken for the one before it."""
    s = Session(log)
    s.ask()
    s.result(1.0, 90)
    s.ask()
    s.result(1.5, 40)
    assert s.reported == 2.5


def test_a_fork_goes_on_from_what_it_took_over(log: Log) -> None:
    """What the origin cost must never be reported again for its fork."""
    s = Session(log)
    s.ask()
    s.save(1.0)
    s.ask()
    s.save(2.0)
    child = log.fork(s.key, "prompt:1").child
    log.append(child, [{"type": "cost-state", "totalCostUSD": 1.25, "startTime": 1_000}])
    assert log.session(child.session_id).reported_nano_usd == 250_000_000
    assert log.stats().reported_nano_usd == 2_250_000_000


def test_a_copy_that_the_cli_made_is_not_counted_again(log: Log) -> None:
    s = Session(log)
    s.ask()
    s.save(1.0)
    copy = SessionKey("-home-ada-shop", "a-copy")
    log.append(copy, s.told.entries)
    log.append(
        copy,
        [{"type": "cost-state", "totalCostUSD": 1.5, "startTime": 1_000, "sessionId": "a-copy"}],
    )
    assert log.session("a-copy").reported_nano_usd == 500_000_000


def test_a_result_is_an_entry_where_an_application_appends_it(log: Log) -> None:
    s = Session(log)
    s.ask()
    s.told.line("result", {"total_cost_usd": 0.125, "duration_api_ms": 7, "uuid": "r1"})
    s.append()
    assert s.reported == 0.125


@pytest.mark.parametrize("url", ["sqlite_url", "postgres_url"])
def test_a_rebuild_reads_the_counters_in_the_same_way(
    url: str, request: pytest.FixtureRequest
) -> None:
    """A reading that depends on when it is done must never be kept."""
    with turnlog.open(str(request.getfixturevalue(url))) as log:
        s = Session(log)
        for total in (0.25, 0.5, 0.75):
            s.ask()
            s.result(total, int(total * 100))
            s.save(total)
        log.rewind(s.key, "prompt:2")
        s.ask()
        s.save(0.625)
        child = log.fork(s.key, "prompt:1").child
        log.append(child, [{"type": "cost-state", "totalCostUSD": 0.5, "startTime": 1_000}])
        assert s.reported == 0.875
        assert log.session(child.session_id).reported_nano_usd == 250_000_000
        live = rows(log, "sessions")
        log.rebuild(name="sessions")
        assert rows(log, "sessions") == live


def test_what_is_no_result_is_refused(log: Log) -> None:
    s = Session(log)
    with pytest.raises(UnknownSession):
        s.result(1.0)
    s.ask()
    assert not log.record_result({"type": "result", "total_cost_usd": None}, s.key)
    with pytest.raises(Refused, match="is no result"):
        log.record_result({"type": "assistant"}, s.key)
    with pytest.raises(Refused, match="names no session"):
        log.record_result({"type": "result", "total_cost_usd": 1.0})
    with pytest.raises(UnknownSession):
        log.record_result(Message(s.told.session_id[:8], 1.0))
    log.delete(s.key)
    with pytest.raises(Refused, match="is deleted"):
        log.record_result(Message(s.told.session_id, 1.0), s.key)
    assert s.reported == 0
