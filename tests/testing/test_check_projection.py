"""`turnlog.testing` finds what would make a rebuild differ, and says where."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from turnlog.domain import events
from turnlog.domain.errors import InvalidProjection, Refused
from turnlog.domain.usage import Usage
from turnlog.projections.engine.projection import Projection
from turnlog.projections.engine.table import Table
from turnlog.projections.engine.working_set import Rows
from turnlog.testing import check_projection, given, recorded, sample


class Titles(Projection):
    """The last title of each session, and how often it changed."""

    name = "titles"
    wants = (events.SessionRenamed, events.SessionErased)
    tables: ClassVar = {
        "titles": Table(key={"session": str}, columns={"title": str | None, "changes": int})
    }

    def fold(self, rows: Rows, recorded: Any) -> None:
        session = recorded.key.session_id
        if isinstance(recorded.event, events.SessionErased):
            rows.delete("titles", session)
            return
        rows.set("titles", session, title=recorded.event.title)
        rows.add("titles", session, changes=1)


def stamped(stamp: Callable[[], Any]) -> type[Projection]:
    """The same, with something of its own in each row."""

    class Stamped(Titles):
        def fold(self, rows: Rows, recorded: Any) -> None:
            rows.set("titles", recorded.key.session_id, title=str(stamp()))

    return Stamped


def test_a_pure_projection_passes() -> None:
    check_projection(Titles)


def test_the_sample_holds_every_kind_of_event() -> None:
    """A projection of whatever events must find something to be tried on."""
    happened = sample()
    assert {r.topic for r in happened} == set(events.EVENTS)
    assert [r.position for r in happened] == list(range(1, len(happened) + 1))
    for stream in {r.stream for r in happened}:
        own = [r for r in happened if r.stream == stream]
        assert [r.version for r in own] == list(range(1, len(own) + 1))
        assert isinstance(own[0].event, events.SessionStarted)
        assert own[0].event.session_id == own[0].key.session_id


@pytest.mark.parametrize("kind", events.EVENTS.values(), ids=lambda kind: kind.TOPIC)
def test_any_event_can_be_wanted_with_all_its_content(kind: type[events.SessionEvent]) -> None:
    class Counts(Projection):
        name = "counts"
        wants = (kind,)
        content = "all"
        tables: ClassVar = {"counts": Table(key={"topic": str}, columns={"events": int})}

        def fold(self, rows: Rows, recorded: Any) -> None:
            assert type(recorded.event) is kind
            rows.add("counts", recorded.topic, events=1)

    check_projection(Counts)


@pytest.mark.parametrize(
    ("stamp", "told"),
    [
        (time.time, "time.time()"),
        (time.time_ns, "time.time_ns()"),
        (time.monotonic, "time.monotonic()"),
        (lambda: datetime.now(UTC), "datetime.now()"),
        (datetime.today, "datetime.today()"),
        (date.today, "date.today()"),
        (random.random, "random.random()"),
        (lambda: random.choice("ab"), "random."),
        (uuid.uuid4, "posix.urandom()"),
        (lambda: os.urandom(2), "posix.urandom()"),
        (lambda: Path(__file__).read_text(), "io.open()"),
    ],
)
def test_who_asks_the_clock_or_chance_is_found(stamp: Callable[[], Any], told: str) -> None:
    """A rebuild must never give other rows because it ran on another day."""
    with pytest.raises(InvalidProjection, match="is not pure") as found:
        check_projection(stamped(stamp))
    assert told in str(found.value)
    assert "line" in str(found.value)


def test_a_clock_that_a_collection_reads_is_not_the_folds() -> None:
    """A pure fold must never be refused for what somebody else does when memory is collected."""
    before = gc.get_threshold()

    def measure(*_: object) -> None:
        time.perf_counter()

    gc.callbacks.append(measure)
    gc.set_threshold(1)
    try:
        check_projection(Titles)
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(measure)


def test_times_of_the_event_and_seeded_chance_are_pure() -> None:
    check_projection(stamped(lambda: datetime.fromtimestamp(0, UTC)))
    check_projection(stamped(lambda: random.Random(3).random()))


def test_what_is_kept_beside_the_rows_is_found() -> None:
    """A count kept in memory must never pass: it is lost at the next start."""
    seen: list[int] = []

    def count() -> int:
        seen.append(1)
        return len(seen)

    with pytest.raises(InvalidProjection, match="gives other rows") as found:
        check_projection(stamped(count))
    assert "'titles' has {'session'" in str(found.value)


def test_what_depends_on_the_batch_is_found() -> None:
    class Batches(Titles):
        def fold(self, rows: Rows, recorded: Any) -> None:
            first = not self.__dict__.setdefault("seen", [])
            self.__dict__["seen"].append(recorded)
            rows.add("titles", "batches", changes=int(first))

    with pytest.raises(InvalidProjection, match="one event at a time, gives other rows"):
        check_projection(Batches)


def test_who_changes_an_event_is_found() -> None:
    """What a fold does to an event must never reach the projection after it."""

    class Meddling(Projection):
        name = "meddling"
        wants = (events.MetadataChanged,)
        tables: ClassVar = {"seen": Table(key={"n": int})}

        def fold(self, rows: Rows, recorded: Any) -> None:
            recorded.event.metadata["seen"] = True

    with pytest.raises(InvalidProjection, match="events never change"):
        check_projection(Meddling, [events.MetadataChanged(metadata={"a": 1})])


def test_a_fold_that_raises_names_the_event() -> None:
    class Wrong(Titles):
        def fold(self, rows: Rows, recorded: Any) -> None:
            rows.put("sessions", "a", n=1 if recorded.event.title else 2)

    with pytest.raises(InvalidProjection) as found:
        check_projection(Wrong, [events.SessionTagged(tags=()), events.SessionRenamed(title="a")])
    assert "no table 'sessions', and reads and writes its own alone: titles" in str(found.value)
    assert "the SessionRenamed.v1 at position 2, version 2" in str(found.value)


def test_nothing_is_not_proved() -> None:
    """A check over events that the projection does not want must never pass."""
    with pytest.raises(InvalidProjection, match="none of the 1 events is of a kind it wants"):
        check_projection(Titles, [events.SessionArchived()])


def test_who_forgot_to_ask_for_the_entries_is_told() -> None:
    """A fold over entries that are never read must not pass for one that found nothing."""

    class Texts(Projection):
        name = "texts"
        wants = (events.TurnRecorded,)
        tables: ClassVar = {"kinds": Table(key={"type": str}, columns={"entries": int})}

        def fold(self, rows: Rows, recorded: Any) -> None:
            if kind := recorded.event.entry.get("type"):
                rows.add("kinds", kind, entries=1)

    with pytest.raises(InvalidProjection, match="unless its content is 'all'"):
        check_projection(Texts)
    check_projection(type("All", (Texts,), {"content": "all"}))


def test_given_when_then() -> None:
    happened = given([events.SessionRenamed(title="Tiles")])
    assert happened.rows(Titles) == [{"session": "session", "title": "Tiles", "changes": 1}]
    later = happened.when([events.SessionRenamed(title="Tiles, again")])
    assert later.rows(Titles, "titles") == [
        {"session": "session", "title": "Tiles, again", "changes": 2}
    ]
    assert later.when([events.SessionErased()]).rows(Titles) == []
    assert happened.rows(Titles)[0]["changes"] == 1


def test_events_are_given_sessions_and_times() -> None:
    happened = given(
        [
            *recorded(events.SessionRenamed(title="a"), events.SessionArchived(), session="one"),
            *recorded(events.SessionRenamed(title="b"), session="two", at=5),
            events.SessionRenamed(title="c"),
        ]
    )
    placed = [(r.position, r.key.session_id, r.version) for r in happened.events]
    assert placed == [(1, "one", 1), (2, "one", 2), (3, "two", 1), (4, "session", 1)]
    assert happened.events[2].recorded_at == 5
    assert [row["session"] for row in happened.rows(Titles)] == ["one", "session", "two"]


def test_events_of_a_log_keep_their_places() -> None:
    [first] = recorded(events.SessionRenamed(title="a"))
    placed = first._replace(position=40, version=7)
    [one, two] = given([placed, events.SessionRenamed(title="b")]).events
    assert (one.position, one.version, two.position, two.version) == (40, 7, 41, 8)
    with pytest.raises(Refused, match="position 40 comes after the one at 41"):
        given([placed, events.SessionRenamed(title="b"), placed])


def test_events_are_given_as_the_projection_reads_them() -> None:
    """A test must never pass on content that the log does not read for the projection."""

    class Ids(Projection):
        name = "ids"
        wants = (events.UsageRecorded, events.TurnRecorded)
        tables: ClassVar = {"ids": Table(key={"id": str}, columns={"size": int})}

        def fold(self, rows: Rows, recorded: Any) -> None:
            event = recorded.event
            if isinstance(event, events.UsageRecorded):
                rows.put("ids", event.message_id or "?", size=event.gained.output_tokens)
            else:
                rows.put("ids", "turn", size=len(event.entry.get("message", "")))

    turn = events.TurnRecorded(body=b'{"message":"four"}\nas it came', kind="user")
    used = events.UsageRecorded(message_id="msg_1", counters=Usage(output_tokens=7))
    [message, entry] = given([turn, used]).rows(Ids)
    assert (message, entry) == ({"id": "msg_1", "size": 7}, {"id": "turn", "size": 0})
    with_all = type("WithAll", (Ids,), {"content": "all"})
    assert given([turn]).rows(with_all) == [{"id": "turn", "size": 4}]


def test_a_table_that_is_not_there_is_named() -> None:
    with pytest.raises(Refused, match="has no table 'title'; name one of titles"):
        given([]).rows(Titles, "title")


def test_it_needs_no_test_framework() -> None:
    """Whoever tests with something else must never need pytest."""
    code = "import sys, turnlog.testing; print('pytest' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
