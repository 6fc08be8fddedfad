"""Events of sessions as an eventsourcing application sees them."""

import sys
from collections import Counter
from datetime import UTC
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.cipher import AESCipher
from eventsourcing.domain import Aggregate, DomainEventProtocol
from eventsourcing.persistence import (
    DatetimeAsISO,
    JSONTranscoder,
    Mapper,
    StoredEvent,
    Tracking,
)
from eventsourcing.projection import ApplicationSubscription, Projection, ProjectionRunner
from eventsourcing.utils import Environment, register_topic

import turnlog
from tests.domain import samples
from tests.support.transcripts import Transcript
from turnlog.adapters.storage.encoding.rows import to_row
from turnlog.adapters.storage.library.errors import NotForTheLog
from turnlog.adapters.storage.library.event_state import checked_event, frame, state_of, unframe
from turnlog.adapters.storage.library.mapper import StreamEvent, TurnlogMapper
from turnlog.adapters.storage.library.tracking import TurnlogTrackingRecorder
from turnlog.adapters.storage.sql.transaction import SqlTransaction
from turnlog.domain.entry import message_identity
from turnlog.domain.errors import UnknownTopic
from turnlog.domain.events import SessionEvent, SessionTagged, UsageRecorded
from turnlog.domain.keys import SessionKey

KEY = SessionKey("project", "session")
RESPONSE = UsageRecorded(message_id="msg_1", identity=message_identity("msg_1"), turn=1)
SAMPLES = (*(s for s in samples.SAMPLES if not isinstance(s, UsageRecorded)), RESPONSE)


@pytest.fixture
def mapper() -> Mapper[Any]:
    transcoder = JSONTranscoder()
    transcoder.register(DatetimeAsISO())
    return TurnlogMapper(transcoder)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.TOPIC)
def test_an_event_comes_back_as_it_was(mapper: Mapper[Any], event: SessionEvent) -> None:
    given = StreamEvent("p/s", 3, event)
    stored = mapper.to_stored_event(given)
    assert (stored.originator_id, stored.originator_version) == ("p/s", 3)
    assert stored.topic == event.TOPIC
    assert mapper.to_domain_event(stored) == given
    assert checked_event(stored.topic, stored.state) == event


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.TOPIC)
def test_a_state_is_its_header_and_its_body_verbatim(event: SessionEvent) -> None:
    row, body, _ = to_row(event)
    assert unframe(state_of(event)) == (row, body)
    assert frame(row, b"\n\n\xff").endswith(b"}\n\n\n\xff")
    assert unframe(frame(row, b"\n\n\xff")) == (row, b"\n\n\xff")
    assert unframe(frame(row, None)) == (row, None)
    assert unframe(frame(row, b"")) == (row, b"")


def test_facts_may_speak_of_facts() -> None:
    """Whatever a title or an id says, it must never be taken for the frame around it."""
    row, _, _ = to_row(SAMPLES[0])
    odd = row._replace(facts='{"x":1,"facts":{"facts":2}}')
    assert unframe(frame(odd, b"{}")) == (odd, b"{}")


def test_an_event_that_would_lose_something_is_refused(mapper: Mapper[Any]) -> None:
    """A response is known again by its identity: without it the log would forget its name."""
    with pytest.raises(NotForTheLog, match="UsageRecorded"):
        mapper.to_stored_event(StreamEvent("p/s", 1, UsageRecorded(message_id="msg_1")))


def test_what_is_stored_names_no_module(mapper: Mapper[Any]) -> None:
    """A class that moves must never make a log unreadable."""
    for event in SAMPLES:
        stored = mapper.to_stored_event(StreamEvent("p/s", 1, event))
        assert ":" not in stored.topic
        assert b"turnlog" not in stored.state


def test_reading_an_unknown_topic_imports_nothing(mapper: Mapper[Any]) -> None:
    """What a database says must never decide which code runs."""
    assert "antigravity" not in sys.modules
    for topic in ("antigravity:geohash", "antigravity", "turnlog.nothing:Event", "Unheard.v1", ""):
        with pytest.raises(UnknownTopic, match="import"):
            mapper.to_domain_event(StoredEvent("a", 1, topic, b"{}"))
    assert "antigravity" not in sys.modules


class Opened(Aggregate.Created):
    TOPIC = "Opened.v1"


def test_classes_of_the_application_are_mapped_as_ever(mapper: Mapper[Any]) -> None:
    created = Aggregate().collect_events()[0]
    assert mapper.to_domain_event(mapper.to_stored_event(created)) == created
    register_topic(Opened.TOPIC, Opened)
    stored = StoredEvent(uuid4(), 1, Opened.TOPIC, b"{}")
    assert isinstance(mapper.to_domain_event(stored), Opened)


def test_a_cipher_is_refused_rather_than_left_out() -> None:
    """Nobody must believe that a session is encrypted when it is not."""
    environment = Environment(env={"CIPHER_KEY": AESCipher.create_key(16)})
    mapper: Mapper[Any] = TurnlogMapper(JSONTranscoder(), cipher=AESCipher(environment))
    with pytest.raises(NotForTheLog, match="CIPHER_KEY"):
        mapper.to_stored_event(StreamEvent("p/s", 1, SessionTagged(tags=("a",))))


# -- applications that follow a log ---------------------------------------------------------------


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """An application on an empty log."""
    return {
        "PERSISTENCE_MODULE": "turnlog.adapters.storage.library.factory",
        "TURNLOG_URL": request.getfixturevalue(request.param),
        "ORIGINATOR_ID_TYPE": "text",
    }


def conversation() -> list[dict[str, Any]]:
    transcript = Transcript(seed=1)
    transcript.prompt("Why is the checkout slow?")
    transcript.run("Read", {"file_path": "cart.py"}, "def total(cart): ...")
    transcript.answer("The total is computed once per row.")
    return transcript.entries


def test_an_application_reads_what_the_log_recorded(environment: dict[str, str]) -> None:
    with turnlog.open(environment["TURNLOG_URL"]) as log, Application[str](environment) as reader:
        log.append(KEY, conversation())
        recorded = list(log.events(KEY))
        found: list[Any] = list(reader.events.get(KEY.stream_id))
        assert [event.event for event in found] == [r.event for r in recorded]
        assert [event.originator_version for event in found] == [r.version for r in recorded]
        for event, r in zip(found, recorded, strict=True):
            assert event.timestamp.tzinfo is UTC
            assert round(event.timestamp.timestamp() * 1_000) == r.recorded_at
        section = reader.notification_log.select(1, 10)
        assert [n.id for n in section] == [r.position for r in recorded[:10]]


def test_a_subscribed_application_meets_every_event(environment: dict[str, str]) -> None:
    """No event must pass by, be it recorded before the subscription or after."""
    with turnlog.open(environment["TURNLOG_URL"]) as log, Application[str](environment) as reader:
        log.append(KEY, conversation())
        recorded = list(log.events(KEY))
        with ApplicationSubscription(reader) as subscription:
            for r in recorded:
                event, tracking = next(subscription)
                assert isinstance(event, StreamEvent)
                assert (event.event, tracking.notification_id) == (r.event, r.position)
            log.rename(KEY, "Checkout")
            event, _ = next(subscription)
            assert isinstance(event, StreamEvent)
            assert event.event.TOPIC == "SessionRenamed.v1"


class KindsView(TurnlogTrackingRecorder):
    """How often each kind of event happened, and how far it has looked."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.kinds: Counter[str] = Counter()

    def count(self, kind: str, tracking: Tracking) -> None:
        def work(transaction: SqlTransaction) -> None:
            self.track(transaction, tracking)

        self.write(work)
        self.kinds[kind] += 1


class Kinds(Projection[KindsView]):
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.count(domain_event.event.TOPIC, tracking)


def test_a_projection_runner_follows_a_log(environment: dict[str, str]) -> None:
    runner = ProjectionRunner(
        application_class=Application[str],
        projection_class=Kinds,
        view_class=KindsView,
        env=environment,
    )
    with turnlog.open(environment["TURNLOG_URL"]) as log, runner:
        log.append(KEY, conversation())
        recorded = list(log.events(KEY))
        runner.wait(recorded[-1].position, timeout=10)
        assert runner.view.kinds == Counter(r.topic for r in recorded)


def test_a_stream_event_is_a_domain_event() -> None:
    assert isinstance(StreamEvent("p/s", 1, SAMPLES[0]), DomainEventProtocol)
