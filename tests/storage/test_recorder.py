"""The eventsourcing library's recorders beside the sessions of a log."""

import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, ProgrammingError, StoredEvent, Tracking

import turnlog
from tests.support.transcripts import Transcript
from turnlog.adapters.storage.library.errors import NotForTheLog, Unavailable
from turnlog.adapters.storage.library.recorder import (
    TurnlogApplicationRecorder,
    TurnlogProcessRecorder,
)
from turnlog.adapters.storage.library.snapshot_recorder import TurnlogSnapshotRecorder
from turnlog.adapters.storage.library.storing import store_events
from turnlog.adapters.storage.library.stream_names import IdType
from turnlog.adapters.storage.sql.checking import check
from turnlog.adapters.storage.sql.transaction import SqlTransaction
from turnlog.domain.errors import InvalidKey
from turnlog.domain.keys import SessionKey

KEY = SessionKey("project", "session")
NOTE = "Order.Noted"
PATIENCE = 10.0  # seconds: a test that waits longer has found a bug


@pytest.fixture(params=["memory", "file", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty log in a SQL database of each kind."""
    if request.param == "memory":
        return "sqlite://"
    name = {"file": "sqlite_url", "postgres": "postgres_url"}[request.param]
    found: str = request.getfixturevalue(name)
    return found


@pytest.fixture
def log(url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(url) as log:
        yield log


def recorder(log: turnlog.Log, ids: str = "text") -> TurnlogApplicationRecorder:
    store: Any = log.store
    return TurnlogApplicationRecorder(store, IdType(ids))


def note(originator: Any, version: int, text: str = "", topic: str = NOTE) -> StoredEvent:
    return StoredEvent(originator, version, topic, text.encode())


def conversation(seed: int = 1) -> list[dict[str, Any]]:
    transcript = Transcript(seed=seed)
    transcript.prompt("Why is the checkout slow?")
    transcript.run("Read", {"file_path": "cart.py"}, "def total(cart): ...")
    transcript.answer("The total is computed once per row.")
    return transcript.entries


# -- sessions through the library -----------------------------------------------------------------


def test_events_of_a_session_can_be_taken_to_another_log(log: turnlog.Log) -> None:
    """What passed through the library must be the same session: entries, lists, chain."""
    entries = conversation()
    log.append(KEY, entries)
    log.rename(KEY, "Checkout")
    log.rewind(KEY, "turn:1")
    taken = recorder(log).select_notifications(None, 1_000)
    with turnlog.open("sqlite://") as other:
        events = [
            StoredEvent(t.originator_id, t.originator_version, t.topic, t.state) for t in taken
        ]
        positions = recorder(other).insert_events(events)
        assert positions == list(range(1, len(events) + 1))
        assert other.load(KEY) == log.load(KEY)
        assert other.state(KEY) == log.state(KEY)
        assert [s.title for s in other.sessions()] == ["Checkout"]
        assert [e.event for e in other.events(KEY)] == [e.event for e in log.events(KEY)]
        assert other.verify().holds
        given = recorder(other).select_events(KEY.stream_id)
        assert [event.state for event in given] == [event.state for event in events]


def test_a_session_written_by_the_library_takes_appends(log: turnlog.Log) -> None:
    entries = conversation()
    with turnlog.open("sqlite://") as source:
        source.append(KEY, entries[:3])
        taken = recorder(source).select_events(KEY.stream_id)
    recorder(log).insert_events(
        [StoredEvent(t.originator_id, t.originator_version, t.topic, t.state) for t in taken]
    )
    appended = log.append(KEY, entries)
    assert (appended.recorded, appended.duplicates) == (len(entries) - 3, 3)
    assert log.load(KEY) == entries


def test_a_stale_writer_of_a_session_is_refused(log: turnlog.Log) -> None:
    """An event decided on an old version must never slip in behind newer ones."""
    log.append(KEY, conversation())
    ours = recorder(log)
    last = ours.select_events(KEY.stream_id, desc=True, limit=1)[0]
    for version in (last.originator_version, last.originator_version + 2):
        again = StoredEvent(KEY.stream_id, version, last.topic, last.state)
        with pytest.raises(IntegrityError, match="decide anew"):
            ours.insert_events([again])
    assert log.verify().holds


def test_sessions_take_no_foreign_events(log: turnlog.Log) -> None:
    """A reader of a session must never meet an event it cannot understand."""
    ours = recorder(log)
    with pytest.raises(NotForTheLog, match="slash"):
        ours.insert_events([note(KEY.stream_id, 1)])
    with pytest.raises(NotForTheLog, match="names no session"):
        ours.insert_events([note("order-1", 1, topic="TurnRecorded.v1")])
    assert ours.max_notification_id() is None


@pytest.mark.parametrize(
    "state",
    [b"", b"[]", b"not json\n{}", b'{"marks":"many"}\n{}', b'{"nonsense":1}\n{}', b'{"branch": 0}'],
)
def test_the_state_of_a_sessions_event_is_checked(state: bytes) -> None:
    """Bytes that a session's event does not consist of must never become its header."""
    with turnlog.open("sqlite://") as log:
        with pytest.raises(NotForTheLog):
            recorder(log).insert_events([StoredEvent(KEY.stream_id, 1, "TurnRecorded.v1", state)])
        assert log.load(KEY) is None


# -- other aggregates beside the sessions ---------------------------------------------------------


def test_foreign_streams_stay_out_of_the_sessions_readers(log: turnlog.Log) -> None:
    """Whoever asks for sessions must never meet a stream that is none."""
    ids = ["order-1", "a/b/c/d", "ä/ö", "a b/c", "%2f/x", "", "!/x|y", '"', "/"]
    recorder(log).insert_events([note(each, 1, each) for each in ids])
    recorder(log, "uuid").insert_events([note(uuid4(), 0), note(uuid4(), 1)])
    log.append(KEY, conversation())
    assert [s.session_id for s in log.sessions()] == ["session"]
    assert log.rebuild().streams == 1
    assert log.verify().holds
    with log.store.read() as reader:
        assert list(reader.streams()) == [KEY]
    assert {recorded.stream for recorded in log.store.log(0, 1_000)} == {KEY.stream_id}
    for each in ids:
        assert recorder(log).select_events(each) == [note(each, 1, each)]
    with pytest.raises(InvalidKey):
        SessionKey.parse("!torder-1")


def test_a_foreign_stream_is_chained(log: turnlog.Log) -> None:
    ours = recorder(log)
    for version in range(3):
        ours.insert_events([note("order-1", version, "x" * version)])
    with ours.read() as reader:
        reader.cursor.execute("SELECT id, version, chain FROM streams")
        number, version, chain = reader.cursor.fetchone()
        assert check(reader, number, "!torder-1", (version, bytes(chain))) == (2, None)


def test_large_states_lie_in_several_blocks(log: turnlog.Log) -> None:
    ours = recorder(log)
    events = [note("order-1", n, "x" * 400_000 + str(n)) for n in range(1, 8)]
    ours.insert_events(events)
    assert ours.select_events("order-1") == events
    assert ours.select_events("order-1", gt=2, lte=4) == events[2:4]
    assert ours.select_events("order-1", desc=True, limit=2) == events[:-3:-1]


def test_each_sort_of_ids_has_its_sequence(log: turnlog.Log) -> None:
    order, text, ids = uuid4(), recorder(log), recorder(log, "uuid")
    ids.insert_events([note(order, 1)])
    log.append(KEY, [{"type": "note"}])
    text.insert_events([note("order-1", 1)])
    assert [n.originator_id for n in ids.select_notifications(None, 99)] == [order]
    assert ids.max_notification_id() == 1
    streams = [n.originator_id for n in text.select_notifications(None, 99)]
    assert set(streams) == {KEY.stream_id, "order-1"}
    assert text.max_notification_id() == streams.index("order-1") + 2
    for wrong, ids_of in ((text, order), (ids, "order-1")):
        with pytest.raises(NotForTheLog, match="ORIGINATOR_ID_TYPE"):
            wrong.insert_events([note(ids_of, 1)])


def test_an_id_that_is_too_long_is_refused() -> None:
    with turnlog.open("sqlite://") as log, pytest.raises(NotForTheLog, match=r"1,024"):
        recorder(log).insert_events([note("x" * 2_000, 1)])


def test_events_of_several_streams_are_recorded_in_the_order_given(log: turnlog.Log) -> None:
    ours = recorder(log)
    events = [note("b", 1), note("a", 1), note("b", 2), note("c", 0), note("a", 2)]
    assert ours.insert_events(events) == [1, 2, 3, 4, 5]
    found = ours.select_notifications(None, 99)
    assert [(n.originator_id, n.originator_version) for n in found] == [
        (event.originator_id, event.originator_version) for event in events
    ]


def test_nothing_of_a_refused_batch_is_kept(log: turnlog.Log) -> None:
    ours = recorder(log)
    with pytest.raises(IntegrityError):
        ours.insert_events([note("a", 1), note("b", 2)])
    assert ours.select_events("a") == []
    assert ours.max_notification_id() is None
    assert ours.insert_events([note("a", 1)])


def test_a_topic_of_a_refused_batch_never_lends_its_number(sqlite_url: str) -> None:
    """A number learned from a transaction that was undone must never stand for another topic."""
    with turnlog.open(sqlite_url) as log:
        with pytest.raises(IntegrityError):
            recorder(log).insert_events([note("a", 5, topic="Refused")])
        with turnlog.open(sqlite_url) as other:
            recorder(other).insert_events([note("b", 1, topic="Elsewhere")])
        recorder(log).insert_events([note("a", 1, topic="Refused")])
        found = recorder(log).select_notifications(None, 9)
    assert [n.topic for n in found] == ["Elsewhere", "Refused"]


def test_a_closed_log_is_told_in_the_librarys_words(log: turnlog.Log) -> None:
    ours = recorder(log)
    ours.insert_events([note("a", 1)])
    log.close()
    with pytest.raises(Unavailable, match="closed"):
        ours.insert_events([note("a", 2)])
    with pytest.raises(Unavailable, match="closed"):
        ours.select_events("a")
    with pytest.raises(Unavailable, match="closed"), ours.subscribe(gt=1) as subscription:
        next(subscription)


def test_a_log_that_is_dropped_lets_go_of_its_connections(postgres_url: str) -> None:
    """The library forgets the factory of a view without closing it: none must stay connected."""
    with turnlog.open(postgres_url) as log:

        def connections() -> int:
            with recorder(log).read() as reader:
                reader.cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                )
                return int(reader.cursor.fetchone()[0])

        alone = connections()
        dropped = turnlog.open(postgres_url)
        dropped.store.wait(0, 0)
        assert connections() > alone
        del dropped
        gc.collect()
        while connections() > alone:  # the server takes a moment to notice
            pass


def test_snapshots_have_holes_and_purposes(log: turnlog.Log) -> None:
    store: Any = log.store
    snapshots = TurnlogSnapshotRecorder(store, IdType.TEXT)
    other = TurnlogSnapshotRecorder(store, IdType.TEXT, "drafts")
    snapshots.insert_events([note("a", 7), note("a", 3)])
    other.insert_events([note("a", 7)])
    with pytest.raises(IntegrityError, match="version 3"):
        snapshots.insert_events([note("a", 9), note("a", 3)])
    assert snapshots.select_events("a") == [note("a", 3), note("a", 7)]
    assert log.store.wait(0, 0) is False


def test_events_and_mark_are_one_transaction(log: turnlog.Log) -> None:
    """An event must never be processed twice, nor its outcome be lost."""
    store: Any = log.store
    process = TurnlogProcessRecorder(store, IdType.TEXT)
    process.insert_events([note("a", 1)], tracking=Tracking("upstream", 5))
    with pytest.raises(IntegrityError, match="processed"):
        process.insert_events([note("a", 2)], tracking=Tracking("upstream", 5))
    with pytest.raises(IntegrityError, match="decide anew"):
        process.insert_events([note("a", 1)], tracking=Tracking("upstream", 6))
    assert process.max_tracking_id("upstream") == 5
    assert process.select_events("a") == [note("a", 1)]


def test_a_view_writes_its_rows_with_its_mark(log: turnlog.Log) -> None:
    store: Any = log.store
    view = TurnlogProcessRecorder(store, IdType.TEXT)

    def work(transaction: SqlTransaction) -> None:
        transaction.cursor.execute("CREATE TABLE seen (n INTEGER)")
        view.track(transaction, Tracking("upstream", 1))
        view.track(transaction, Tracking("upstream", 1))

    with pytest.raises(IntegrityError):
        view.write(work)
    assert view.max_tracking_id("upstream") is None
    view.write(lambda transaction: transaction.cursor.execute("CREATE TABLE seen (n INTEGER)"))


def test_following_sessions_skips_foreign_events_once(
    log: turnlog.Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that nobody sees must never keep whoever follows busy, nor hide a later one."""
    recorder(log).insert_events([note("a", version) for version in range(1, 1_200)])
    log.append(KEY, [{"type": "note"}])
    newest = [recorded.position for recorded in log.events(KEY)][-1]
    recorder(log).insert_events([note("b", version) for version in range(1, 1_200)])
    waited: list[int] = []
    monkeypatch.setattr(log.store, "wait", lambda position, timeout: waited.append(position))
    found = list(log.subscribe(stop=lambda: bool(waited)))
    assert [recorded.stream for recorded in found] == [KEY.stream_id] * len(found)
    assert found[-1].position == newest
    assert waited == [newest + 1_199]


# -- subscriptions --------------------------------------------------------------------------------


@pytest.fixture
def waiting() -> Iterator[Callable[[Any], "Waiting"]]:
    """Whoever waits in a thread of his own; stopped after the test."""
    with ExitStack() as stack:
        yield lambda subscription: stack.enter_context(Waiting(subscription))


class Waiting:
    """Takes what a subscription gives, in a thread."""

    def __init__(self, subscription: Any) -> None:
        self.subscription = subscription
        self.found: list[Any] = []
        self.news = threading.Semaphore(0)
        self.thread = threading.Thread(target=self._take, daemon=True)

    def _take(self) -> None:
        with self.subscription:
            for notification in self.subscription:
                self.found.append(notification)
                self.news.release()

    def expect(self, count: int) -> None:
        for _ in range(count):
            assert self.news.acquire(timeout=PATIENCE)

    def __enter__(self) -> "Waiting":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.subscription.stop()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


def test_a_subscription_follows_appends(
    log: turnlog.Log, waiting: Callable[[Any], Waiting]
) -> None:
    """What the log records must reach whoever follows it, without a nudge from the library."""
    entries = conversation()
    log.append(KEY, entries[:1])
    already = len(list(log.events(KEY)))
    follower = waiting(recorder(log).subscribe())
    follower.expect(already)
    log.append(KEY, entries)
    follower.expect(len(list(log.events(KEY))) - already)
    assert [n.id for n in follower.found] == [r.position for r in log.events(KEY)]


def test_a_subscription_sees_what_another_process_appends(
    url: str, log: turnlog.Log, waiting: Callable[[Any], Waiting]
) -> None:
    if url == "sqlite://":
        pytest.skip("a log in memory has one process")
    follower = waiting(recorder(log).subscribe())
    with turnlog.open(url) as other:
        other.append(KEY, [{"type": "note"}])
    follower.expect(1)


def test_the_newest_event_is_told_when_none_can_come_before_it(postgres_url: str) -> None:
    """Who follows from there on must never miss one whose writer drew its position early."""
    with turnlog.open(postgres_url) as log, ThreadPoolExecutor(2) as pool:
        ours = recorder(log)
        ours.insert_events([note("slow", 1)])
        drawn, commit = threading.Event(), threading.Event()

        def late(transaction: SqlTransaction) -> None:
            store_events(ours.store, transaction, [note("slow", 2)], IdType.TEXT)
            drawn.set()
            assert commit.wait(PATIENCE)

        writing = pool.submit(ours.write, late)
        try:
            assert drawn.wait(PATIENCE)
            assert ours.insert_events([note("fast", 1)]) == [3]
            asking = pool.submit(ours.max_notification_id)
            while not someone_waits(log):
                assert not asking.done()
        finally:
            commit.set()
        writing.result(PATIENCE)
        assert asking.result(PATIENCE) == 3


def someone_waits(log: turnlog.Log) -> bool:
    with recorder(log).read() as reader:
        reader.cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        )
        return bool(reader.cursor.fetchone()[0])


def test_a_subscription_to_topics_looks_at_nothing_twice(log: turnlog.Log) -> None:
    """A filter that lets nothing through must never make each look start from the beginning."""
    ours = recorder(log)
    for version in range(1, 6):
        ours.insert_events([note("a", version)])
    assert ours.scan(0, 10, topics=["Never"]) == ([], 5)
    assert ours.scan(0, 10, topics=[NOTE])[1] == 5
    assert ours.scan(0, 2, topics=[NOTE])[1] == 2
    assert ours.scan(5, 10) == ([], 5)
    assert ours.scan(2, 10, stop=4)[1] == 4


def test_a_stopped_subscription_ends_while_it_waits(
    log: turnlog.Log, waiting: Callable[[Any], Waiting]
) -> None:
    """Stopping must never wait for an event to come."""
    follower = waiting(recorder(log).subscribe(gt=0))
    follower.subscription.stop()
    follower.thread.join(PATIENCE)
    assert not follower.thread.is_alive()
    with pytest.raises(ProgrammingError):
        follower.subscription.__enter__()
