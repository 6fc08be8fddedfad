"""The log's own stream: nobody who reads sessions, or other aggregates, ever meets it."""

from __future__ import annotations

import shutil
from pathlib import Path

from eventsourcing.persistence import StoredEvent

import turnlog
from tests.formats.test_formats import HERE
from turnlog import SessionKey
from turnlog.adapters.storage.library.recorder import TurnlogApplicationRecorder
from turnlog.adapters.storage.library.stream_names import IdType
from turnlog.adapters.storage.stores import open_store

SHOP = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")


def test_readers_of_sessions_never_meet_a_seal(store_url: str) -> None:
    """A seal must never be given out for something that happened in a session."""
    with turnlog.open(store_url) as log:
        log.append(SHOP, [{"type": "note", "uuid": "n1"}])
        log.seal("ada")
        log.append(SHOP, [{"type": "note", "uuid": "n2"}])
        with log.store.read() as reader:
            assert list(reader.streams()) == [SHOP]
        followed = log.subscribe(stop=lambda: True)
        assert {recorded.key for recorded in followed} <= {SHOP}
        log.catch_up()
        assert [session.session_id for session in log.sessions()] == [SHOP.session_id]


def test_other_applications_never_meet_a_seal(durable_url: str) -> None:
    """An application of the eventsourcing library must never be given what it cannot read."""
    with turnlog.open(durable_url) as log:
        log.seal("ada")
    store = open_store(durable_url)
    try:
        for id_type, name in ((IdType.TEXT, "an aggregate"), (IdType.TEXT, "log")):
            recorder = TurnlogApplicationRecorder(store, id_type)
            recorder.insert_events([StoredEvent(name, 1, "Thing.v1", b"{}")])
        with turnlog.open(durable_url) as log:
            seal = log.seal("ada")
            assert seal.streams == 3
        found = TurnlogApplicationRecorder(store, IdType.TEXT).select_notifications(1, 10)
        assert [notification.originator_id for notification in found] == ["an aggregate", "log"]
    finally:
        store.close()
    with turnlog.open(durable_url) as log:
        assert log.verify(seal=seal).holds


def test_a_log_of_an_old_format_is_sealed(tmp_path: Path) -> None:
    """A log that was made before there were seals must take one, and keep its name from then on."""
    path = Path(shutil.copy(HERE / "schema-1.db", tmp_path / "old.db"))
    with turnlog.open(f"sqlite:///{path}") as log:
        first = log.seal()
        second = log.seal()
        assert first.log == second.log
        assert log.verify(seal=first).holds
        trail = tmp_path / "trail.jsonl"
        log.export_audit(trail)
        assert turnlog.verify_file(trail, second).holds
        assert log.audit()
