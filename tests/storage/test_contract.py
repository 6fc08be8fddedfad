"""What every store does, whatever it keeps its events in. The store in memory is the definition."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.storage.storing import (
    KEY,
    entry,
    found,
    key,
    opened,
    record,
    recorded,
    recording,
    renamed,
    running,
    started,
    turn,
    turns,
    uuid,
)
from turnlog.adapters.storage.contract import Source, Store, StoredFile, Summary, Transaction
from turnlog.domain.batch import Known, Memory
from turnlog.domain.entry import identity_of, message_identity
from turnlog.domain.events import SessionDeleted, SessionTagged, UsageRecorded
from turnlog.domain.keys import SessionKey
from turnlog.domain.lineage import Segment
from turnlog.domain.session import SessionState, fold
from turnlog.domain.usage import Usage
from turnlog.projections.sessions import Filter
from turnlog.projections.sessions.query import page
from turnlog.reading.finding import tables_in

THREADS = 16


class Refusal(Exception):
    """What a piece of work raises."""


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with opened(store_url) as opened_store:
        yield opened_store


def refused(transaction: Transaction) -> None:
    recording([started(), turn(1)])(transaction)
    raise Refusal


# -- versions and positions ------------------------------------------------------------------


def test_versions_begin_at_1_and_have_no_holes(store: Store) -> None:
    first = record(store, started(), *turns(1, 3))
    second = record(store, turn(4))
    assert (first.first_version, first.events) == (1, 4)
    assert (second.first_version, second.events) == (5, 1)
    assert [r.version for r in recorded(store)] == [1, 2, 3, 4, 5]
    assert found(store).version == 5


def test_positions_grow_over_the_whole_log(store: Store) -> None:
    for number in range(1, 4):
        record(store, started(key(number)), at=key(number))
    for number in range(3, 0, -1):
        record(store, *turns(1, 2), at=key(number))
    log = store.log(0, 100)
    positions = [r.position for r in log]
    assert positions == sorted(set(positions))
    assert [SessionKey.parse(r.stream) for r in log[3:]] == [key(n) for n in (3, 3, 2, 2, 1, 1)]
    assert store.log(log[4].position, 3) == log[5:8]
    assert store.log(log[-1].position, 3) == []
    with store.read() as reader:
        assert reader.last_position() == log[-1].position


def test_the_log_gives_the_events_themselves(store: Store) -> None:
    record(store, started(), *turns(1, 3), renamed("A title"))
    assert [r.event for r in store.log(0, 10)] == [started(), *turns(1, 3), renamed("A title")]
    assert store.log(0, 10) == recorded(store)


def test_a_new_stream_is_not_there_until_something_is_recorded(store: Store) -> None:
    with store.read() as reader:
        assert reader.find(KEY) is None
        assert reader.last_position() == 0
        assert list(reader.streams()) == []
    assert store.log(0, 10) == []


def test_a_stream_is_found_at_its_head(store: Store) -> None:
    memory = Memory(b"s" * 16, ("a", "b"), {"mode": "x"}, "prompt-id")
    store.write(recording([started(), turn(1)], memory=memory))
    record(store, renamed("A title"))
    stream = found(store)
    assert stream.key == KEY
    assert stream.state == fold(SessionState(KEY), [started(), turn(1), renamed("A title")])
    assert stream.memory == memory
    assert stream.chain == recorded(store)[-1].chain
    assert stream.recorded_at == recorded(store)[-1].recorded_at


def test_what_is_remembered_can_change_without_an_event(store: Store) -> None:
    record(store, started())
    memory = Memory(b"t" * 16, ("a",), {}, None)
    appended = store.write(recording([], memory=memory))
    assert appended.events == 0
    assert found(store).memory == memory
    assert len(store.log(0, 10)) == 1


def test_streams_are_listed_by_their_names(store: Store) -> None:
    subagent = SessionKey(KEY.project_key, KEY.session_id, "subagents/agent-a")
    longer = SessionKey(KEY.project_key, KEY.session_id + "0")
    for at in (longer, subagent, KEY):
        record(store, started(at), at=at)
    with store.read() as reader:
        assert set(reader.streams()) == {KEY, subagent, longer}
        assert reader.subkeys(KEY) == [subagent]
        assert reader.subkeys(subagent) == [subagent]
        assert reader.subkeys(longer) == []


# -- all or nothing --------------------------------------------------------------------------


def test_work_that_raises_leaves_nothing(store: Store) -> None:
    """A refused append must never leave a stream, an event or a row of a read model."""
    with pytest.raises(Refusal):
        store.write(refused)
    with store.read() as reader:
        assert reader.find(KEY) is None
        assert reader.query(page(tables_in(reader), Filter(), 10, None)) == []
    assert store.log(0, 10) == []
    assert record(store, started()).first_version == 1


def test_a_write_sees_what_it_wrote(store: Store) -> None:
    def work(transaction: Transaction) -> None:
        recording([started(), turn(1)])(transaction)
        stream = transaction.open(KEY)
        assert stream.version == 2
        assert [r.version for r in transaction.events(stream)] == [1, 2]
        assert transaction.known(stream, [identity_of(uuid(1))])
        recording([turn(2)])(transaction)
        assert transaction.known(transaction.open(KEY), [identity_of(uuid(2))])

    store.write(work)
    assert found(store).version == 3


def test_a_look_does_not_see_what_is_appended_meanwhile(store_url: str) -> None:
    if store_url == "sqlite://":
        pytest.skip("there one connection serves all: what a look finds may grow")
    with opened(store_url) as store:
        record(store, started())
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            record(store, turn(1))
            record(store, started(key(2)), at=key(2))
            assert reader.last_position() == 1
            assert [r.version for r in reader.events(stream)] == [1]
            assert reader.find(key(2)) is None


def test_one_may_append_while_reading(store: Store) -> None:
    """Whoever appends in the middle of a look must never wait for himself."""
    record(store, started(), *turns(1, 3))
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        for event in reader.events(stream, upto=4):
            record(store, turn(event.version + 10))
    assert found(store).version == 8


# -- what a decision asks for ----------------------------------------------------------------


def test_identities_are_known_within_the_present_life(store: Store) -> None:
    record(store, started(), *turns(1, 2))
    record(store, turn(3, place=2, before=2))
    wanted = [identity_of(uuid(number)) for number in (1, 3, 9)]
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        known = {wanted[0]: Known(2, 0, 2), wanted[1]: Known(4, 0, 2)}
        assert reader.known(stream, wanted) == known
        assert reader.versions(stream, wanted[0]) == [2]
        assert reader.versions(stream, wanted[2]) == []
    record(store, SessionDeleted(), started(), turn(1))
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        assert reader.known(stream, wanted) == {wanted[0]: Known(7, 0, 7)}
        assert reader.known(stream, wanted, life=0)[wanted[1]] == Known(4, 0, 2)
        assert reader.versions(stream, wanted[0]) == [2, 7]


def test_many_identities_are_looked_up_at_once(store: Store) -> None:
    record(store, started(), *turns(1, 700))
    wanted = [identity_of(uuid(number)) for number in range(1, 1000)]
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        assert len(reader.known(stream, wanted)) == 700


def test_the_same_content_is_told_from_another(store: Store) -> None:
    record(store, started(), turn(1, "as it was"))
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        assert reader.same(stream, Known(2, 0, 2), entry(1, "as it was"))
        assert not reader.same(stream, Known(2, 0, 2), entry(1, "changed"))


def test_of_a_response_the_best_counters_are_known(store: Store) -> None:
    def used(tokens: int, counted: int, finished: bool = False) -> UsageRecorded:
        return UsageRecorded.trusted(
            identity=message_identity("msg_1"),
            message_id="msg_1",
            turn=1,
            counters=Usage(3, tokens),
            counted=Usage(3, counted),
            finished=finished,
        )

    record(store, started(), used(5, 0))
    record(store, used(2, 5), used(40, 5, finished=True))
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        found_responses = reader.responses(stream, ["msg_1", "msg_2"])
    assert list(found_responses) == ["msg_1"]
    response = found_responses["msg_1"]
    assert (response.turn, response.counters, response.finished) == (1, Usage(3, 40), True)


# -- entries ---------------------------------------------------------------------------------


def _branches(store: Store) -> None:
    """Versions 2 and 3 on branch 0, 4 on branch 9, 5 late before 3, 6 on branch 0."""
    record(store, started(), *turns(1, 2))
    record(store, turn(3, branch=9), turn(4, place=3, before=3), turn(5))


def test_headers_by_branch_leave_out_what_came_late(store: Store) -> None:
    _branches(store)
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        assert [h.version for h in reader.all_heads(stream)] == [2, 3, 4, 5, 6]
        assert [h.version for h in reader.heads(stream, Segment(0, None))] == [2, 3, 6]
        assert [h.version for h in reader.heads(stream, Segment(0, 3))] == [2, 3]
        assert [h.version for h in reader.heads(stream, Segment(9, None))] == [4]
        late = reader.late_heads(stream)
    assert [(h.version, h.branch, h.before, h.place) for h in late] == [(5, 0, 3, 3)]


def test_bodies_by_branch_leave_out_what_came_late(store: Store) -> None:
    _branches(store)
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        bodies = list(reader.bodies(stream, Segment(0, None)))
        assert [(b.version, b.data) for b in bodies] == [
            (2, entry(1).body),
            (3, entry(2).body),
            (6, entry(5).body),
        ]
        assert [b.version for b in reader.bodies(stream, Segment(0, 2))] == [2]
        late = reader.late_bodies(stream)
        assert [(v, b.data) for v, b in late.items()] == [(5, entry(4).body)]
        objects = [o for portion in reader.entries(stream, Segment(0, 3)) for o in portion]
    assert [o["uuid"] for o in objects] == [uuid(1), uuid(2)]


def test_events_are_read_from_a_version_to_a_version(store: Store) -> None:
    record(store, started(), *turns(1, 600))
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        assert [r.version for r in reader.events(stream, 100, 500)] == list(range(101, 501))
        assert [r.version for r in reader.events(stream, 590)] == list(range(591, 602))
        without = next(iter(reader.events(stream, 0, 1, "none")))
        assert without.event.TOPIC == "SessionStarted.v1"


def test_a_body_of_any_size_comes_back(store: Store) -> None:
    large = os.urandom(3 << 20).hex()
    record(store, started(), turn(1, large), turn(2, "small"), turn(3, large))
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        sizes = [len(b.data) for b in reader.bodies(stream, Segment(0, None))]
    assert sizes == [len(entry(n, t).body) for n, t in ((1, large), (2, "small"), (3, large))]


# -- time ------------------------------------------------------------------------------------


def test_the_stores_clock_never_goes_back_within_a_stream(store_url: str) -> None:
    """A clock that is set back must never make an event older than the one before it."""
    times = iter([1000, 5000, 2000, 2000, 7000])
    with opened(store_url, clock=lambda: next(times)) as store:
        for number in range(1, 4):
            record(store, turn(number))
        record(store, started(key(2)), at=key(2))
        record(store, turn(4))
        assert [r.recorded_at for r in recorded(store)] == [1000, 5000, 5000, 7000]
        assert [r.recorded_at for r in recorded(store, key(2))] == [2000]
        with store.read() as reader:
            stream = reader.find(KEY)
            assert stream is not None
            asked = (999, 1000, 4999, 5000, 9000)
            assert [reader.version_at(stream, time) for time in asked] == [0, 1, 1, 3, 4]


def test_a_snapshot_is_the_state_at_its_version(store: Store) -> None:
    for number in range(20):
        record(store, *turns(number * 50 + 1, number * 50 + 50))
    with store.read() as reader:
        stream = reader.find(KEY)
        assert stream is not None
        for version in (1, 499, 500, 777, 1000):
            snapshot = reader.snapshot(stream, version)
            if snapshot is not None:
                assert snapshot.version <= version
                events = [r.event for r in reader.events(stream, 0, snapshot.version)]
                assert snapshot == fold(SessionState(KEY), events)


# -- what lies beside the events ---------------------------------------------------------------


def test_how_far_a_file_was_imported_is_kept(store: Store) -> None:
    first = Source("host:/a.jsonl", 10, 1, 2, 10, None)
    later = Source("host:/a.jsonl", 30, 3, 2, 20, b"identity")
    store.write(lambda transaction: transaction.keep_source(first))
    store.write(lambda transaction: transaction.keep_source(later))
    with store.read() as reader:
        assert reader.source("host:/a.jsonl") == later
        assert reader.source("host:/b.jsonl") is None


def test_a_files_content_is_kept_once(store: Store) -> None:
    file = StoredFile(b"d" * 32, 3, 0, b"abc")
    store.write(lambda transaction: transaction.keep_file(file))
    store.write(lambda transaction: transaction.keep_file(file._replace(data=b"xyz")))
    with store.read() as reader:
        assert reader.file(b"d" * 32) == file
        assert reader.file(b"e" * 32) is None


def test_the_sdks_summaries_are_kept_by_project_and_release(store: Store) -> None:
    def keep(transaction: Transaction) -> None:
        streams = [transaction.open(at) for at in (KEY, SessionKey("other", "s"))]
        for stream in streams:
            transaction.keep_summaries([Summary(stream.id, "0.2", 1, 0, 0, 0, b"old")])
            transaction.keep_summaries([Summary(stream.id, "0.2", 2, 0, 0, 0, b"new")])

    store.write(keep)
    number = found(store).id
    with store.read() as reader:
        assert reader.summaries(KEY.project_key, "0.2") == {
            number: Summary(number, "0.2", 2, 0, 0, 0, b"new")
        }
        assert reader.summaries(KEY.project_key, "0.3") == {}


# -- read models -----------------------------------------------------------------------------


def test_read_models_follow_in_the_same_transaction(store: Store) -> None:
    record(store, started(), renamed("One"))
    record(store, started(key(2)), renamed("Two"), at=key(2))
    with store.read() as reader:
        rows = reader.query(page(tables_in(reader), Filter(), 100, None))
    assert sorted(row[9] for row in rows) == ["One", "Two"]


def test_a_projection_that_fails_is_stale_and_the_append_stands(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read model that cannot be folded must never stop the log."""
    from turnlog.projections.sessions import Sessions

    before = record(store, started(), renamed("Before"))
    fold_well = Sessions.fold

    def fail(self: Sessions, cursor: Any, *args: Any) -> None:
        fold_well(self, cursor, *args)
        raise ValueError("this cannot be folded")

    monkeypatch.setattr(Sessions, "fold", fail)
    appended = record(store, renamed("After"))
    monkeypatch.undo()
    with store.read() as reader:
        assert reader.stale().keys() == {"sessions"}
        assert before.first_position + 1 < reader.stale()["sessions"] <= appended.first_position
        assert [row[9] for row in reader.query(page(tables_in(reader), Filter(), 9, None))] == [
            "Before"
        ]
    record(store, renamed("Later"))
    assert [r.version for r in recorded(store)] == [1, 2, 3, 4]
    with store.read() as reader:
        assert [row[9] for row in reader.query(page(tables_in(reader), Filter(), 9, None))] == [
            "Before"
        ]


def test_a_projection_that_breaks_the_database_s_own_rules_is_stale(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a projection does wrong in SQL must never undo the append."""
    from turnlog.projections.sessions import Sessions

    def fail(self: Sessions, cursor: Any, *args: Any) -> None:
        cursor.execute("INSERT INTO no_such_table VALUES (1)")

    monkeypatch.setattr(Sessions, "fold", fail)
    appended = record(store, started(), turn(1))
    with store.read() as reader:
        assert 1 <= reader.stale()["sessions"] <= appended.first_position
    assert found(store).version == 2


def test_what_a_refused_write_folded_is_undone_with_it(store: Store) -> None:
    record(store, started(), renamed("One"))

    def work(transaction: Transaction) -> None:
        recording([SessionTagged(tags=("x",)), renamed("Two")])(transaction)
        raise Refusal

    with pytest.raises(Refusal):
        store.write(work)
    with store.read() as reader:
        assert [row[9] for row in reader.query(page(tables_in(reader), Filter(), 9, None))] == [
            "One"
        ]


# -- many at once ----------------------------------------------------------------------------


def test_threads_that_append_to_one_stream_take_turns(store: Store) -> None:
    """Two appends at once must never take the same version."""

    def work(thread: int) -> None:
        for number in range(5):
            record(store, turn(thread * 100 + number))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    events = recorded(store)
    assert [r.version for r in events] == list(range(1, 5 * THREADS + 1))
    assert [r.position for r in events] == sorted({r.position for r in events})
    for thread in range(THREADS):
        mine = [identity_of(uuid(thread * 100 + number)) for number in range(5)]
        assert [r.event.identity for r in events if r.event.identity in mine] == mine
    with store.read() as reader:
        assert reader.check(KEY) == (5 * THREADS, None)
        assert reader.stale() == {}


def test_threads_that_append_to_many_streams_do_not_mix(store: Store) -> None:
    def work(thread: int) -> None:
        for number in range(5):
            record(store, turn(number), turn(number + 10), at=key(thread))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    for thread in range(THREADS):
        assert [r.version for r in recorded(store, key(thread))] == list(range(1, 11))
    log = store.log(0, 1000)
    assert len(log) == 10 * THREADS
    assert [r.position for r in log] == sorted({r.position for r in log})


def test_a_refused_append_does_not_undo_its_neighbours(store: Store) -> None:
    """One member of a group that is refused must never take the others with it."""
    together = threading.Barrier(THREADS)

    def work(thread: int) -> str:
        together.wait()
        try:
            if thread % 4 == 0:
                store.write(refused)
            record(store, started(key(thread)), turn(thread), at=key(thread))
        except Refusal:
            return "refused"
        return "kept"

    with ThreadPoolExecutor(THREADS) as pool:
        told = list(pool.map(work, range(THREADS)))
    assert told == ["refused" if thread % 4 == 0 else "kept" for thread in range(THREADS)]
    for thread in range(THREADS):
        assert len(recorded(store, key(thread))) == (0 if thread % 4 == 0 else 2)
    with store.read() as reader:
        assert reader.find(KEY) is None


def test_more_threads_than_a_group_takes_are_all_answered(store: Store) -> None:
    """An append must never come back before it was done."""
    from turnlog.adapters.storage.sqlite import together as sqlite

    def work(thread: int) -> int:
        return record(store, turn(thread)).first_version

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "LARGEST_GROUP", 3)
        with ThreadPoolExecutor(THREADS) as pool:
            versions = list(pool.map(work, range(THREADS)))
    assert sorted(versions) == list(range(1, THREADS + 1))


# -- news ------------------------------------------------------------------------------------


def test_waiting_ends_at_once_when_the_event_is_there(store: Store) -> None:
    appended = record(store, started())
    assert store.wait(appended.first_position - 1, 30)


def test_waiting_for_nothing_times_out(store: Store) -> None:
    appended = record(store, started())
    assert not store.wait(appended.first_position, 0)
    assert not store.wait(appended.first_position, 0.05)


def test_an_append_wakes_who_waits(store: Store) -> None:
    appended = record(store, started())
    with running(lambda: store.wait(appended.first_position, 30)) as waiting:
        record(store, turn(1))
        assert waiting.result()
