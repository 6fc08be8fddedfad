"""How an eventsourcing application names its log."""

from pathlib import Path

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import JSONTranscoder, Mapper

from turnlog.adapters.storage.library.factory import InvalidEnvironment, TurnlogFactory
from turnlog.adapters.storage.library.mapper import TurnlogMapper
from turnlog.domain.errors import InvalidURL

MODULE = "turnlog.adapters.storage.library.factory"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "TURNLOG_URL is not set"),
        ({"TURNLOG_URL": ""}, "TURNLOG_URL is not set"),
        ({"TURNLOG_URL": "sqlite://", "ORIGINATOR_ID_TYPE": "int"}, "'uuid' or 'text'"),
        ({"TURNLOG_URL": "sqlite://", "CREATE_TABLE": "perhaps"}, "'yes' or 'no'"),
    ],
)
def test_a_setting_that_means_nothing_is_named(settings: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidEnvironment, match=told):
        TurnlogFactory(settings)


def test_an_application_may_have_settings_of_its_own() -> None:
    with pytest.raises(InvalidEnvironment, match="ORDERS_TURNLOG_URL or TURNLOG_URL"):
        _application("Orders", {"PERSISTENCE_MODULE": MODULE})
    settings = {"PERSISTENCE_MODULE": MODULE, "ORDERS_TURNLOG_URL": "sqlite://"}
    with _application("Orders", settings) as orders:
        assert isinstance(orders.factory, TurnlogFactory)


def _application(called: str, settings: dict[str, str]) -> Application[str]:
    class Named(Application[str]):
        name = called

    return Named(settings)


def test_the_store_without_a_database_is_refused() -> None:
    with pytest.raises(InvalidURL, match="sqlite://"):
        TurnlogFactory({"TURNLOG_URL": "memory:"})


def test_no_file_is_made_where_tables_may_not_be(tmp_path: Path) -> None:
    missing = tmp_path / "missing.db"
    with pytest.raises(InvalidURL, match="no log"):
        TurnlogFactory({"TURNLOG_URL": f"sqlite:///{missing}", "CREATE_TABLE": "no"})
    assert not missing.exists()


def test_a_recorder_of_another_sort_is_refused() -> None:
    settings = {
        "TURNLOG_URL": "sqlite://",
        "TRACKING_RECORDER_TOPIC": "eventsourcing.popo:POPOTrackingRecorder",
    }
    with TurnlogFactory(settings) as factory:
        with pytest.raises(InvalidEnvironment, match="TRACKING_RECORDER_TOPIC"):
            factory.tracking_recorder()
        factory.close()


def test_the_mapper_may_be_named() -> None:
    ours = TurnlogFactory({"TURNLOG_URL": "sqlite://"})
    named = {"TURNLOG_URL": "sqlite://", "MAPPER_TOPIC": "eventsourcing.persistence:Mapper"}
    theirs = TurnlogFactory(named)
    assert type(ours.mapper(JSONTranscoder())) is TurnlogMapper
    assert type(theirs.mapper(JSONTranscoder())) is Mapper
