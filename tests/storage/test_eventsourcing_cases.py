"""The eventsourcing library's own test cases, on every SQL store."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest import TestCase
from uuid import uuid4

import pytest
from eventsourcing.persistence import Tracking
from eventsourcing.tests import application, persistence, projection
from eventsourcing.utils import Environment, get_topic
from sqlalchemy.engine import URL

from tests.support import servers
from turnlog.adapters.storage.library.factory import TurnlogFactory
from turnlog.adapters.storage.library.recorder import (
    TurnlogAggregateRecorder,
    TurnlogApplicationRecorder,
    TurnlogProcessRecorder,
)
from turnlog.adapters.storage.library.snapshot_recorder import TurnlogSnapshotRecorder
from turnlog.adapters.storage.library.stream_names import IdType
from turnlog.adapters.storage.library.tracking import TurnlogTrackingRecorder
from turnlog.adapters.storage.sql.transaction import SqlTransaction

FACTORY = "turnlog.adapters.storage.library.factory"


class _Place(TestCase):
    """A place to keep a log in, and an environment that names it."""

    url: str
    id_type = IdType.UUID

    @pytest.fixture(autouse=True)
    def _environment(self, _log: None, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = {
            "PERSISTENCE_MODULE": FACTORY,
            "TURNLOG_URL": self.url,
            "ORIGINATOR_ID_TYPE": self.id_type,
        }
        for name, value in self.settings.items():
            monkeypatch.setenv(name, value)

    def open(self) -> Any:
        factory = TurnlogFactory(self.settings)
        others = set(threading.enumerate())

        def close() -> None:
            # Some cases leave threads behind that are reading still.
            for thread in set(threading.enumerate()) - others:
                thread.join()
            factory.close()

        self.addCleanup(close)
        return factory


class InSqliteFile(_Place):
    @pytest.fixture
    def _log(self, sqlite_url: str) -> None:
        self.url = sqlite_url


class InSqliteMemory(_Place):
    @pytest.fixture
    def _log(self) -> None:
        self.url = "sqlite://"


class InPostgres(_Place):
    @pytest.fixture
    def _log(self, postgres_url: str) -> None:
        self.url = postgres_url


class InOnePostgres(_Place):
    """One database for a whole class, whose cases need not find the log empty."""

    @pytest.fixture(scope="class")
    @classmethod
    def _database(cls, postgres_server: URL) -> Iterator[str]:
        with servers.fresh_database(postgres_server) as url:
            yield url.render_as_string(hide_password=False)

    @pytest.fixture
    def _log(self, _database: str) -> None:
        self.url = _database


EMPTY = (InSqliteFile, InSqliteMemory, InPostgres)
ANY = (InSqliteFile, InSqliteMemory, InOnePostgres)


def everywhere(
    cases: type[TestCase], *places: type[_Place]
) -> Callable[[type[object]], type[object]]:
    """Run a library's case, completed by a class, in each place."""

    def define(completion: type[object]) -> type[object]:
        for place in places or EMPTY:
            name = f"{completion.__name__}{place.__name__}"
            globals()[name] = type(name, (completion, place, cases), {"__module__": __name__})
        return completion

    return define


@everywhere(persistence.AggregateRecorderTestCase, *ANY)
class AggregateEvents:
    def create_recorder(self) -> TurnlogAggregateRecorder:
        return self.open().aggregate_recorder()


@everywhere(persistence.AggregateRecorderTestCase, *ANY)
class Snapshots:
    def create_recorder(self) -> TurnlogSnapshotRecorder:
        return self.open().aggregate_recorder("snapshots")


@everywhere(persistence.ApplicationRecorderTestCase)
class ApplicationEvents:
    def create_recorder(self) -> TurnlogApplicationRecorder:
        return self.open().application_recorder()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


@everywhere(persistence.ApplicationRecorderTestCase, InSqliteFile, InPostgres)
class ApplicationEventsUnderTextIds(ApplicationEvents):
    id_type = IdType.TEXT

    def new_originator_id(self) -> str:
        return f"order-{uuid4()}"


@everywhere(persistence.TrackingRecorderTestCase)
class Marks:
    def create_recorder(self) -> TurnlogTrackingRecorder:
        return self.open().tracking_recorder()


@everywhere(persistence.ProcessRecorderTestCase)
class ProcessEvents:
    def create_recorder(self) -> TurnlogProcessRecorder:
        return self.open().process_recorder()


@everywhere(persistence.NonInterleavingNotificationIDsBaseCase)
class PositionsOfOneAppend:
    def create_recorder(self) -> TurnlogApplicationRecorder:
        return self.open().application_recorder()


class MarksOfOurOwn(TurnlogTrackingRecorder):
    """A subclass, as the factory's cases ask for one."""


@everywhere(persistence.InfrastructureFactoryTestCase, *ANY)
class Factory:
    def setUp(self) -> None:
        self.env = Environment("TestCase", self.settings)
        super().setUp()

    def expected_factory_class(self) -> type[TurnlogFactory]:
        return TurnlogFactory

    def expected_aggregate_recorder_class(self) -> type[TurnlogAggregateRecorder]:
        return TurnlogAggregateRecorder

    def expected_application_recorder_class(self) -> type[TurnlogApplicationRecorder]:
        return TurnlogApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[TurnlogTrackingRecorder]:
        return TurnlogTrackingRecorder

    def tracking_recorder_subclass(self) -> type[TurnlogTrackingRecorder]:
        return MarksOfOurOwn

    def expected_process_recorder_class(self) -> type[TurnlogProcessRecorder]:
        return TurnlogProcessRecorder


@everywhere(application.ExampleApplicationTestCase)
class ExampleApplication:
    expected_factory_topic = get_topic(TurnlogFactory)


@everywhere(application.ApplicationTestCase, InSqliteFile, InPostgres)
class Applications:
    pytestmark = pytest.mark.filterwarnings("default:'log' is deprecated")  # it is what one tests


class EventCounters(TurnlogTrackingRecorder, projection.EventCountersView):
    """A view with a table beside its mark."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.write(
            lambda transaction: transaction.cursor.execute(
                "CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL)"
            )
        )

    def get_created_event_counter(self) -> int:
        return self._read("created")

    def get_subsequent_event_counter(self) -> int:
        return self._read("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._increment("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._increment("subsequent", tracking)

    def _read(self, name: str) -> int:
        with self.read() as reader:
            reader.cursor.execute(f"SELECT n FROM counters WHERE name = '{name}'")
            found = reader.cursor.fetchone()
        return found[0] if found else 0

    def _increment(self, name: str, tracking: Tracking) -> None:
        def work(transaction: SqlTransaction) -> None:
            transaction.cursor.execute(
                f"INSERT INTO counters VALUES ('{name}', 1) "
                "ON CONFLICT (name) DO UPDATE SET n = counters.n + 1"
            )
            self.track(transaction, tracking)

        self.write(work)


@everywhere(projection.EventCountersViewTestCase)
class EventCountersView:
    def construct_event_counters_view(self) -> EventCounters:
        return self.open().tracking_recorder(EventCounters)


@everywhere(projection.AggregateEventCountersProjectionTestCase)
class EventCountersProjection:
    view_class = EventCounters


@everywhere(projection.EventSourcedProjectionTestCase)
class EventSourcedProjection:
    def setUp(self) -> None:
        # Applications of one log share a sequence: this one would follow what it writes itself.
        self.env = {"COUNTERS_TURNLOG_URL": "sqlite://"}
