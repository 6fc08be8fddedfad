"""An encrypted log says what a plain one says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest
from eventsourcing.persistence import StoredEvent

import turnlog
from tests.encryption.conftest import Open
from tests.encryption.words import Words, found_in, imported, record
from tests.support.contents import contents
from tests.support.transcripts import Transcript
from turnlog import Filter, Log, Refused, SessionKey
from turnlog.adapters.storage.library.recorder import TurnlogApplicationRecorder
from turnlog.adapters.storage.library.snapshot_recorder import TurnlogSnapshotRecorder
from turnlog.adapters.storage.library.stream_names import IdType
from turnlog.projections.engine.projection import Projection


@pytest.fixture
def both(open_log: Open, tmp_path: Path) -> tuple[Log, Log]:
    """The same history in an encrypted log and in a plain one."""
    sealed = open_log(f"sqlite:///{tmp_path / 'a.db'}")
    logs = sealed, open_log(f"sqlite:///{tmp_path / 'b.db'}", keys=None)
    for number, log in enumerate(logs):
        words = Words("kw")
        record(log, words)
        imported(log, words, tmp_path / f"claude{number}")
    return logs


def test_states_entries_lists_and_figures_are_those_of_a_plain_log(both: tuple[Log, Log]) -> None:
    sealed, plain = both
    assert contents(sealed) == contents(plain)
    sealed.rebuild()
    assert contents(sealed) == contents(plain)
    for by in ("day", "model", "user", "project", "branch", "session"):
        assert _without_cursors(sealed.usage(by)) == _without_cursors(plain.usage(by))
    told = [[(d.kind, d.actor, d.user_id) for d in log.audit(limit=100)] for log in both]
    assert told[0] == told[1]
    assert {actor for _, actor, _ in told[0]} > {None}
    sealed.close()
    plain.close()


def _without_cursors(rows: list[Any]) -> list[Any]:
    return [row._replace(cursor=None) for row in rows]


def test_a_rebuild_gives_the_same_rows(open_log: Open, tmp_path: Path) -> None:
    """What is kept in place of a text must never depend on when it was folded, or by whom."""
    path = tmp_path / "a.db"
    log = open_log(f"sqlite:///{path}")
    record(log, Words("kw"))
    before = _rows(path)
    log.rebuild()
    assert _rows(path) == before


def _rows(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB '*_v[0-9]*_*'"
        tables = sorted(name for (name,) in connection.execute(names))
        return {
            name.split("_", 2)[2]: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr)
            for name in tables
        }


def test_lists_are_filtered_by_names_and_not_by_parts_of_texts(log: Log) -> None:
    words = Words("kw")
    key = record(log, words)
    record(log, words, seed=2)
    state = log.state(key)
    for asked in (
        Filter(user_id=state.user_id),
        Filter(tags=state.tags[:1]),
        Filter(directory=state.working_dir),
    ):
        assert [found.session_id for found in log.sessions(asked)] == [key.session_id]
    assert log.sessions(Filter(user_id="nobody")) == []
    odd = "o\0d\ud800d, ☃"
    log.update(key, user_id=odd)
    assert [found.user_id for found in log.sessions(Filter(user_id=odd))] == ["o␀d\ufffdd, ☃"]
    with pytest.raises(Refused, match="encrypted"):
        log.sessions(Filter(text=(state.title or "")[:3]))
    with pytest.raises(Refused, match="encrypted"):
        log.search(words.all[0])


def test_the_past_is_listed_with_the_titles_of_then(log: Log) -> None:
    s = Transcript()
    s.prompt("Why?")
    log.append({"project_key": "p", "session_id": s.session_id}, s.entries)
    key = {"project_key": "p", "session_id": s.session_id}
    log.rename(key, "Former")
    position = max(recorded.position for recorded in log.events(key))
    log.rename(key, "Present")
    assert [found.title for found in log.sessions()] == ["Present"]
    assert [found.title for found in log.sessions(at=position)] == ["Former"]


def test_labels_are_shown(log: Log) -> None:
    key = record(log, words := Words("kw"))
    assert {row.label for row in log.checkpoints(key)} - {None} <= set(words.all)
    assert any(row.label for row in log.checkpoints(key))


def test_a_session_is_packed_rewound_forked_and_verified(log: Log) -> None:
    s = Transcript()
    for number in range(3):
        s.prompt(f"Question {number}")
        s.answer(f"Answer {number}")
    key = SessionKey("p", s.session_id)
    for start in range(0, len(s.entries), 2):
        log.append(key, s.entries[start : start + 2])
    loaded = log.load(key)
    fork = log.fork(key)
    log.archive(key)
    assert log.load(key) == loaded
    assert log.load(fork.child) == loaded
    assert log.verify().holds
    log.undelete(key)
    log.rewind(key, "prompt:1")
    entries = log.load(key)
    assert entries is not None
    assert loaded is not None
    assert len(entries) < len(loaded)
    assert log.verify().holds


def test_what_is_redacted_is_gone_and_the_rest_is_there(log: Log) -> None:
    s = Transcript()
    s.prompt("the word is swordfish")
    s.answer("noted")
    key = {"project_key": "p", "session_id": s.session_id}
    log.append(key, s.entries)
    log.redact(key, texts=["swordfish"])
    assert "swordfish" not in str(log.load(key))
    assert "noted" in str(log.load(key))
    assert log.verify().holds


class Titles(Projection):
    """A projection of one's own that asks for texts."""

    name = "titles"
    version = 1
    wants = (turnlog.events.SessionRenamed,)
    tables: ClassVar = {"titles": turnlog.Table(key={"title": str}, columns={"times": int})}

    def fold(self, rows: Any, recorded: Any) -> None:
        raise NotImplementedError


def test_a_projection_of_ones_own_that_asks_for_texts_is_refused(
    open_log: Open, sqlite_url: str
) -> None:
    """Its tables would hold them as they are."""
    with pytest.raises(Refused, match="'titles' asks for what people wrote"):
        open_log(sqlite_url, projections=[Titles])


def test_the_sessions_of_a_plain_log_are_brought_over_with_their_chain(
    open_log: Open, tmp_path: Path
) -> None:
    plain = open_log(f"sqlite:///{tmp_path / 'plain.db'}", keys=None)
    words = Words("kw")
    key = record(plain, words)
    imported(plain, words, tmp_path / "claude")
    plain.export_sessions(tmp_path / "all.jsonl")
    sealed = open_log(f"sqlite:///{tmp_path / 'sealed.db'}")
    sealed.import_sessions(tmp_path / "all.jsonl")
    assert contents(sealed).loaded == contents(plain).loaded
    assert contents(sealed).states == contents(plain).states
    chains = [[event.chain for event in log.events(key)] for log in (plain, sealed)]
    assert chains[0] == chains[1]
    assert found_in(words.all, list(tmp_path.glob("sealed.db*"))) == []
    sealed.export_sessions(tmp_path / "again.jsonl")
    assert found_in(words.all[:8], [tmp_path / "again.jsonl"]), "what is exported is plain"


def test_the_library_s_own_aggregates_and_snapshots_are_sealed_too(
    open_log: Open, tmp_path: Path
) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'a.db'}")
    event = StoredEvent("dog", 1, "dogs:Registered.v1", b'{"name": "swordfish"}')
    snapshot = StoredEvent("dog", 1, "dogs:Snapshot.v1", b'{"tricks": "swordfish"}')
    events = TurnlogApplicationRecorder(log.store, IdType.TEXT)
    snapshots = TurnlogSnapshotRecorder(log.store, IdType.TEXT)
    events.insert_events([event])
    snapshots.insert_events([snapshot])
    assert list(events.select_events("dog")) == [event]
    assert list(snapshots.select_events("dog")) == [snapshot]
    assert found_in(["swordfish"], list(tmp_path.glob("a.db*"))) == []
