"""An exported session in another log is the same session."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import turnlog
from tests.exchange.conftest import AGENT, ATLAS, CHILD, KEY, conversation, fill
from tests.support.contents import contents
from turnlog import AsyncLog, Filter, Log, Refused, SessionKey, UnknownSession
from turnlog.domain.errors import DamagedEvent, InvalidEvidence
from turnlog.importing.keeping import kept_content, kept_files

EVERYTHING = Filter(presence=("present", "archived", "deleted", "erased"))


def events_of(log: Log, key: SessionKey) -> list[Any]:
    """With their times and their hashes; positions are a log's own."""
    return [recorded._replace(position=0) for recorded in log.events(key)]


def carried(log: Log, other: Log, path: Path, sessions: Any = EVERYTHING) -> None:
    log.export_sessions(path, sessions, overwrite=True)
    other.import_sessions(path)
    assert other.verify().holds, other.verify().problems


def test_a_session_is_the_same_in_another_log(filled: Log, other: Log, tmp_path: Path) -> None:
    """An event, a hash, a figure or a point in time must never differ after the journey."""
    carried(filled, other, tmp_path / "all.jsonl")
    assert contents(other) == contents(filled)
    for key in (KEY, AGENT, CHILD, ATLAS):
        found = events_of(other, key)
        assert found == events_of(filled, key)
        assert other.load(key) == filled.load(key)
        for recorded in found[::5]:
            point = f"version:{recorded.version}"
            assert other.at(key, point) == filled.at(key, point)
    for point in ("prompt:1", "turn:2", "checkpoint:good"):
        assert other.at(KEY, point) == filled.at(KEY, point)
    [file] = kept_files(other.store, KEY)
    assert kept_content(other.store, file.digest) == b"total = 1\n"
    assert [len(b.prompts) for b in other.branches(KEY)] == [
        len(b.prompts) for b in filled.branches(KEY)
    ]


def test_it_comes_to_every_store(other: Log, log: Log, tmp_path: Path) -> None:
    """A log in memory, on a disk or on a server must never take in less than another."""
    fill(other)
    carried(other, log, tmp_path / "all.jsonl")
    assert contents(log) == contents(other)
    carried(log, other, tmp_path / "back.jsonl")
    assert log.import_sessions(tmp_path / "back.jsonl").recorded == 0


@pytest.mark.parametrize("id", ["nul\0", "\ud800", "nul␀", "../up", "..", " "])
def test_whatever_its_id_it_is_exported(log: Log, other: Log, tmp_path: Path, id: str) -> None:
    """An id that no text column takes as it is must never leave a session out, or stop the rest."""
    odd, plain = SessionKey("p\0", id), SessionKey("p", "plain")
    for key in (odd, plain):
        log.conversation(key).record("user", "Why?", id=f"q of {key.session_id!r}")
        log.conversation(key._replace(subpath="subagents/agent-1")).record("user", "Look.")
    assert {session.key for session in log.sessions()} == {odd, plain}
    carried(log, other, tmp_path / "all.jsonl")
    assert other.load(odd) == log.load(odd)
    for format in ("html", "markdown"):
        written = log.export_sessions(tmp_path / format, format=format)
        assert len(list((tmp_path / format).glob("*/*"))) == written.sessions == 2


def test_a_key_may_be_a_mapping(log: Log, other: Log, tmp_path: Path) -> None:
    """A key as the SDK writes it must never be taken for a list of keys."""
    fill(log)
    done = log.export_sessions(tmp_path / "one.jsonl", KEY._asdict() | {"subpath": None})
    assert (done.sessions, done.subagents) == (1, 1)


def test_subagents_without_their_session_are_counted(log: Log, other: Log, tmp_path: Path) -> None:
    """An export must never tell of fewer subagents than the other log takes in."""
    log.append(AGENT, [{"type": "user", "message": {"role": "user", "content": "Look."}}])
    log.conversation(ATLAS).record("user", "Why?")
    done = log.export_sessions(tmp_path / "all.jsonl")
    taken = other.import_sessions(tmp_path / "all.jsonl")
    assert (done.sessions, done.subagents, taken.subagents) == (1, 1, 1)


def test_what_is_here_is_not_taken_in_again(read_only: Log, other: Log, tmp_path: Path) -> None:
    """A second import must never record anything twice."""
    path = tmp_path / "all.jsonl"
    carried(read_only, other, path)
    before = contents(other)
    again = other.import_sessions(path)
    assert (again.recorded, again.sessions, again.subagents) == (0, 3, 1)
    assert again.known == sum(map(len, before.events.values()))
    assert contents(other) == before


def test_what_came_since_is_added(full: Log, other: Log, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    carried(full, other, path)
    full.tag(KEY, ["later"])
    full.append(ATLAS, conversation(ATLAS.session_id, 11).entries)
    full.export_sessions(path, EVERYTHING, overwrite=True)
    assert other.import_sessions(path).recorded > 1
    assert contents(other) == contents(full)


def test_a_session_goes_on_where_it_was_taken_in(full: Log, other: Log, tmp_path: Path) -> None:
    """An entry that is there already must never be recorded twice after the journey."""
    carried(full, other, tmp_path / "all.jsonl")
    again = conversation(ATLAS.session_id, 9)
    assert other.append(ATLAS, again.entries, source="import").recorded == 0
    again.prompt("More?")
    again.answer("More.")
    for log in (full, other):
        assert log.append(ATLAS, again.entries[-2:]).recorded == 2
    assert other.load(ATLAS) == full.load(ATLAS)
    assert other.verify().holds


def test_histories_that_parted_are_never_mixed(full: Log, other: Log, tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    carried(full, other, path)
    other.tag(KEY, ["here"])
    full.tag(KEY, ["there"])
    full.tag(ATLAS, ["new"])
    before = contents(other)
    full.export_sessions(path, EVERYTHING, overwrite=True)
    with pytest.raises(Refused, match="another history"):
        other.import_sessions(path)
    assert contents(other) == before, "the sessions beside it are not taken in either"


def test_a_fork_brings_what_it_began_from(read_only: Log, other: Log, tmp_path: Path) -> None:
    """A fork must never come without its beginning, nor with what its origin did later."""
    carried(read_only, other, tmp_path / "fork.jsonl", [CHILD])
    assert other.load(CHILD) == read_only.load(CHILD)
    origin = events_of(other, KEY)
    assert origin == events_of(read_only, KEY)[: len(origin)]
    assert len(origin) < read_only.state(KEY).version
    with pytest.raises(UnknownSession):
        other.state(ATLAS)
    carried(read_only, other, tmp_path / "origin.jsonl", [KEY])
    assert events_of(other, KEY) == events_of(read_only, KEY)


def test_one_session_brings_its_subagents_and_no_other(
    read_only: Log, other: Log, tmp_path: Path
) -> None:
    done = read_only.export_sessions(tmp_path / "one.jsonl", KEY)
    assert (done.sessions, done.subagents, done.files) == (1, 1, 1)
    other.import_sessions(tmp_path / "one.jsonl")
    assert [row.session_id for row in other.sessions()] == [KEY.session_id]
    assert [row.subpath for row in other.subagents(KEY)] == [AGENT.subpath]


def test_what_was_erased_or_redacted_stays_so(full: Log, other: Log, tmp_path: Path) -> None:
    """An export must never bring back what was taken out, nor fail because of it."""
    entry = next(e for e in full.load(ATLAS) or [] if e["type"] == "assistant")
    full.redact(ATLAS, entry["uuid"], reason="a secret")
    full.erase(KEY, forks="erase")
    carried(full, other, tmp_path / "all.jsonl")
    assert b"Question 1" not in _of(tmp_path / "all.jsonl", KEY)
    assert contents(other) == contents(full)
    assert other.state(KEY).presence == "erased"


def _of(path: Path, key: SessionKey) -> bytes:
    lines = path.read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if json.loads(line).get("stream") == key.stream_id)


def test_what_was_erased_here_does_not_come_back(
    read_only: Log, other: Log, tmp_path: Path
) -> None:
    path = tmp_path / "all.jsonl"
    carried(read_only, other, path)
    other.erase(ATLAS)
    done = other.import_sessions(path)
    assert (done.recorded, done.deleted) == (0, 1)
    with pytest.raises(Refused, match="erased here, for good"):
        other.import_sessions(path, restore=True)
    assert other.load(ATLAS) is None


def test_what_was_deleted_here_comes_back_when_it_is_told_to(
    read_only: Log, other: Log, tmp_path: Path
) -> None:
    path = tmp_path / "all.jsonl"
    carried(read_only, other, path)
    other.delete(KEY)
    assert other.import_sessions(path).deleted == 1
    assert other.load(KEY) is None
    assert other.import_sessions(path, restore=True).deleted == 0
    assert other.load(KEY) == read_only.load(KEY)


def test_a_deletion_is_carried_with_what_came_after_it(
    full: Log, other: Log, tmp_path: Path
) -> None:
    """A session that began anew must never be taken for one that was deleted here."""
    path = tmp_path / "all.jsonl"
    full.delete(ATLAS)
    carried(full, other, path)
    for seed in (21, 22):
        full.append(ATLAS, conversation(ATLAS.session_id, seed).entries)
        carried(full, other, path)
        assert other.load(ATLAS) == full.load(ATLAS) != []
    assert contents(other) == contents(full)


def test_a_packed_session_is_carried_like_any_other(full: Log, other: Log, tmp_path: Path) -> None:
    full.store.write(lambda transaction: transaction.pack(transaction.open(KEY)))
    carried(full, other, tmp_path / "all.jsonl")
    assert contents(other) == contents(full)


def test_a_file_of_another_kind_is_refused(other: Log, tmp_path: Path) -> None:
    path = tmp_path / "trail.jsonl"
    with turnlog.open("memory:") as log:
        fill(log)
        log.export_audit(path)
    with pytest.raises(InvalidEvidence, match="line 1: it begins an exported audit trail"):
        other.import_sessions(path)
    path.write_text("")
    with pytest.raises(InvalidEvidence, match="cut off"):
        other.import_sessions(path)


def test_a_subagents_key_is_none_of_a_session(read_only: Log, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="name its session"):
        read_only.export_sessions(tmp_path / "one.jsonl", [AGENT])
    with pytest.raises(UnknownSession):
        read_only.export_sessions(tmp_path / "one.jsonl", [KEY._replace(session_id="none")])
    assert not (tmp_path / "one.jsonl").exists()


async def test_the_async_log_does_the_same(tmp_path: Path) -> None:
    with turnlog.open("memory:") as log, turnlog.open("memory:") as other:
        fill(log)
        path = tmp_path / "all.jsonl"
        done = await AsyncLog(log).export_sessions(path, EVERYTHING)
        assert done.bytes == path.stat().st_size
        taken = await AsyncLog(other).import_sessions(path)
        assert taken.sessions == done.sessions == 3
        assert other.session(KEY.session_id).subagents == 1


def test_it_goes_into_and_out_of_an_encrypted_log(
    read_only: Log, other: Log, tmp_path: Path
) -> None:
    """What was sealed must never be exported sealed, nor what was open stored open."""
    path, keys = tmp_path / "all.jsonl", tmp_path / "keys"
    database = tmp_path / "encrypted.db"
    with turnlog.open(f"sqlite:///{database}", keys=keys) as encrypted:
        carried(read_only, encrypted, path)
        for key in (KEY, AGENT, CHILD, ATLAS):
            assert events_of(encrypted, key) == events_of(read_only, key)
            assert encrypted.load(key) == read_only.load(key)
        carried(encrypted, other, path)
        encrypted.export_sessions(tmp_path / "one.html", KEY)
    assert contents(other) == contents(read_only)
    assert "Another answer" in (tmp_path / "one.html").read_text("utf-8")
    for file in tmp_path.glob("encrypted.db*"):
        assert b"Another answer" not in file.read_bytes()


def test_what_lost_its_key_is_not_exported_until_it_is_erased(tmp_path: Path, other: Log) -> None:
    """A file must never be written that nobody can take in."""
    path = tmp_path / "all.jsonl"
    with turnlog.open(f"sqlite:///{tmp_path / 'e.db'}", keys=tmp_path / "keys") as encrypted:
        fill(encrypted)
        encrypted.destroy_keys(ATLAS)
        with pytest.raises(Refused, match="went with its key; erase it"):
            encrypted.export_sessions(path, EVERYTHING)
        assert not path.exists()
        encrypted.erase(ATLAS)
        carried(encrypted, other, path)
        assert other.load(KEY) == encrypted.load(KEY)
    assert other.state(ATLAS).presence == "erased"


def test_what_is_damaged_is_not_exported(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    with turnlog.open(url) as log:
        fill(log)
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("DROP TRIGGER events_stay")
        connection.execute("UPDATE events SET recorded_at = recorded_at + 1 WHERE version = 5")
    connection.close()
    with turnlog.open(url) as log, pytest.raises(DamagedEvent, match="version 5 of"):
        log.export_sessions(tmp_path / "one.jsonl", KEY)


def test_a_file_that_changes_meanwhile_gives_whole_sessions(
    read_only: Log, other: Log, tmp_path: Path
) -> None:
    """A session must never be taken in half, nor other than it was checked."""
    path = tmp_path / "all.jsonl"
    read_only.export_sessions(path, EVERYTHING)
    lines = path.read_bytes().splitlines(keepends=True)
    begins = [n for n, line in enumerate(lines) if b'{"begins"' in line[:12]]
    lines[begins[-1] + 2] = lines[begins[-1] + 2].replace(b"e", b"E", 1)

    def change(done: int, total: int) -> None:
        path.write_bytes(b"".join(lines))

    with pytest.raises(InvalidEvidence, match=f"line {begins[-1] + 3}: "):
        other.import_sessions(path, progress=change)
    assert other.verify().holds
    with other.store.read() as reader:
        there = set(reader.streams())
    assert there == {KEY, AGENT, CHILD, ATLAS} - {list(_streams(lines))[-1]}
    read_only.export_sessions(path, EVERYTHING, overwrite=True)
    other.import_sessions(path)
    assert contents(other) == contents(read_only)


def _streams(lines: list[bytes]) -> list[SessionKey]:
    found = [json.loads(line) for line in lines]
    return [SessionKey.parse(line["begins"]) for line in found if "begins" in line]
