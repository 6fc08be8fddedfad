"""A seal finds whatever was changed, taken out or put in before it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select, update

import turnlog
from tests.storage.tampering import (
    chain_anew,
    change_body,
    cut_off,
    drop_stream,
    meddling,
    number_of,
)
from turnlog import Seal, SessionKey
from turnlog.adapters.storage.sql.schema import about, blocks, events, streams
from turnlog.domain.errors import DamagedEvent, InvalidEvidence, Refused, UnknownSession
from turnlog.evidence.checking_seals import first_broken
from turnlog.evidence.files import read_evidence, write_evidence
from turnlog.evidence.proofs import read_proof
from turnlog.evidence.seals import read_seal, sealings
from turnlog.reading.verifying import verify

SHOP = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
ATLAS = SessionKey("-home-ada-atlas", "5e550000-0000-4000-8000-000000000002")
AGENT = SHOP._replace(subpath="subagents/agent-1")


def note(uuid: str, **more: Any) -> dict[str, Any]:
    return {"type": "note", "uuid": uuid, **more}


def fill(log: turnlog.Log) -> None:
    for n in range(4):
        log.append(SHOP, [note(f"s{n}")])
        log.append(ATLAS, [note(f"a{n}"), note(f"b{n}")])
    log.append(AGENT, [note("g1")])


@pytest.fixture
def log(store_url: str) -> Iterator[turnlog.Log]:
    with turnlog.open(store_url) as opened:
        yield opened


def test_a_seal_of_an_empty_log_holds_when_something_comes(log: turnlog.Log) -> None:
    seal = log.seal()
    assert (seal.number, seal.position, seal.events, seal.streams) == (1, 0, 0, 0)
    assert log.verify(seal=seal).holds
    fill(log)
    assert log.verify(seal=seal).holds


def test_each_of_two_seals_holds_and_the_second_names_the_first(log: turnlog.Log) -> None:
    fill(log)
    first = log.seal("ada", "before the audit")
    log.append(SHOP, [note("s9")])
    second = log.seal("bob")
    assert (second.number, second.previous) == (2, first.fingerprint)
    assert second.events == first.events + 2  # the seal before is an event itself
    log.append(SHOP, [note("s10")])
    for seal in (first, second):
        assert log.verify(seal=seal).holds
        assert log.verify(seal=seal.fingerprint).holds
        assert log.verify(seal=seal.fingerprint[:16]).holds
    assert read_seal(json.loads(json.dumps(second.as_json()))) == second


def test_a_session_that_is_deleted_or_rewound_later_is_still_what_was_sealed(
    log: turnlog.Log,
) -> None:
    fill(log)
    seal = log.seal()
    log.rewind(SHOP, 2)
    log.delete(ATLAS)
    assert log.verify(seal=seal).holds


def test_seals_taken_at_once_have_numbers_of_their_own(durable_url: str) -> None:
    """Two seals must never have one number, or tell of each other's half."""
    with turnlog.open(durable_url) as log, ThreadPoolExecutor(4) as pool:
        fill(log)

        def work(n: int) -> Seal:
            log.append(SHOP, [note(f"at-once-{n}")])
            return log.seal(f"worker {n}")

        seals = list(pool.map(work, range(8)))
        assert sorted(seal.number for seal in seals) == list(range(1, 9))
        assert all(log.verify(seal=seal).holds for seal in seals)


def test_a_seal_of_another_log_is_told_apart(log: turnlog.Log) -> None:
    fill(log)
    log.seal()
    with turnlog.open("sqlite://") as other:
        fill(other)
        foreign = other.seal()
    found = log.verify(seal=foreign)
    assert [str(problem) for problem in found.problems] == [
        f"the log: the seal is of the log {foreign.log}, and this is {log.seal().log}"
    ]
    with pytest.raises(InvalidEvidence, match="no seal of that fingerprint"):
        log.verify(seal=foreign.fingerprint)
    with pytest.raises(Refused, match="whole log"):
        log.verify(SHOP, seal=foreign)


# -- files ---------------------------------------------------------------------------------------


SEAL = Seal("ab" * 16, 1, "2026-01-30T10:00:00.000Z", 7, 7, 2, "cd" * 32, "ef" * 32, None)


@given(st.data())
@settings(max_examples=200)
def test_a_seal_whose_file_was_edited_is_none(data: st.DataObject) -> None:
    """A seal must never say anything else than when it was made."""
    told = SEAL.as_json()
    name = data.draw(st.sampled_from(sorted(told)))
    values = st.none() | st.booleans() | st.integers() | st.text(max_size=70)
    told[name] = data.draw(values.filter(lambda v: v is not told[name] and v != told[name]))
    with pytest.raises(InvalidEvidence):
        read_seal(told)
    told = SEAL.as_json()
    if data.draw(st.booleans()):
        del told[name]
    else:
        told["more"] = 1
    with pytest.raises(InvalidEvidence):
        read_seal(told)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"7", b"{}", b'{"format": 7}', b"\xff", b"[" * 100_000]
)
def test_what_is_no_seal_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "seal.json"
    path.write_bytes(content)
    with pytest.raises(InvalidEvidence, match="seal"):
        read_evidence(path)


def test_a_seal_is_kept_in_a_file_of_its_own(tmp_path: Path) -> None:
    """One seal must never take the place of another in a file."""
    path = tmp_path / "seal.json"
    write_evidence(path, SEAL)
    assert read_evidence(path) == SEAL
    with pytest.raises(Refused, match="there already"):
        write_evidence(path, SEAL._replace(number=2))
    assert read_evidence(path) == SEAL
    assert [found.name for found in tmp_path.iterdir()] == ["seal.json"]


# -- proofs --------------------------------------------------------------------------------------


def test_a_session_is_proven_without_the_others(log: turnlog.Log) -> None:
    fill(log)
    seal = log.seal()
    log.append(SHOP, [note("later")])
    proof = log.prove(SHOP)
    assert proof.seal == seal
    assert [stream.stream for stream in proof.streams] == [SHOP.stream_id, AGENT.stream_id]
    told = json.loads(json.dumps(proof.as_json()))
    assert read_proof(told) == proof
    assert ATLAS.session_id not in json.dumps(told)


def test_what_was_not_sealed_cannot_be_proven(log: turnlog.Log) -> None:
    log.append(SHOP, [note("s1")])
    with pytest.raises(Refused, match="not sealed"):
        log.prove(SHOP)
    log.seal()
    log.append(ATLAS, [note("a1")])
    with pytest.raises(Refused, match="not sealed"):
        log.prove(ATLAS)
    with pytest.raises(UnknownSession):
        log.prove(SHOP._replace(session_id="nobody"))


def test_a_proof_that_was_edited_is_none() -> None:
    """A proof must never hold for another version, chain or place."""
    with turnlog.open("sqlite://") as log:
        fill(log)
        log.seal()
        told = log.prove(SHOP).as_json()
    changes: list[tuple[str, Any]] = [
        ("version", 2),
        ("chain", "00" * 32),
        ("chain", "zz"),
        ("leaf_index", 0),
        ("leaf_index", -1),
        ("version", 1 << 80),
        ("stream", "p/s"),
        ("path", []),
        ("path", [7]),
        ("more", 7),
    ]
    for name, value in changes:
        edited = json.loads(json.dumps(told))
        edited["streams"][0][name] = value
        with pytest.raises(InvalidEvidence):
            read_proof(edited)


# -- tampering that leaves every chain whole -----------------------------------------------------


def change_content(connection: Connection) -> None:
    change_body(connection, SHOP, 3, b'{"type":"note","uuid":"s1","forged":true}')


def change_header(connection: Connection) -> None:
    shop = number_of(connection, SHOP)
    at = (events.c.stream == shop) & (events.c.version == 2)
    connection.execute(update(events).where(at).values(recorded_at=events.c.recorded_at - 1))
    at = (events.c.stream == shop) & (events.c.version == 1)
    connection.execute(update(events).where(at).values(recorded_at=events.c.recorded_at - 1))
    chain_anew(connection, SHOP)


def cut_off_the_end(connection: Connection) -> None:
    cut_off(connection, SHOP, 3)


def cut_off_all_but_one(connection: Connection) -> None:
    cut_off(connection, ATLAS, 1)


def take_a_session_out(connection: Connection) -> None:
    drop_stream(connection, ATLAS)


def take_a_subagent_out(connection: Connection) -> None:
    drop_stream(connection, AGENT)


def turn_the_order_around(connection: Connection) -> None:
    first = select(events.c.position).order_by(events.c.position)
    positions = list(connection.execute(first).scalars())
    shop, atlas = positions[1], positions[2]
    for position, to in ((shop, -1), (atlas, shop), (-1, atlas)):
        connection.execute(update(events).where(events.c.position == position).values(position=to))


def move_all_positions(connection: Connection) -> None:
    connection.execute(update(events).values(position=-events.c.position - 1000))
    connection.execute(update(events).values(position=-events.c.position))


def name_the_log_anew(connection: Connection) -> None:
    named = about.c.name == "log"
    connection.execute(update(about).where(named).values(value="00" * 16))


def take_the_seal_out(connection: Connection) -> None:
    own = select(streams.c.id).where(streams.c.name == "!log")
    number = connection.execute(own).scalar_one()
    for table in (events, blocks):
        connection.execute(delete(table).where(table.c.stream == number))
    connection.execute(delete(streams).where(streams.c.id == number))


PERFECT: dict[Callable[[Connection], None], str] = {
    change_content: "up to here the events are not those that were sealed",
    change_header: "up to here the events are not those that were sealed",
    cut_off_the_end: "version 3: the stream ends here, and was sealed at version 5",
    cut_off_all_but_one: "version 1: the stream ends here, and was sealed at version 9",
    take_a_session_out: "the stream is gone, which was sealed at version 9",
    take_a_subagent_out: "the stream is gone, which was sealed at version 2",
    turn_the_order_around: "events have other positions than those that were sealed",
    move_all_positions: "",
    name_the_log_anew: "the seal is of the log",
    take_the_seal_out: "seal 1 of the log itself is gone",
}


@pytest.mark.parametrize("change", PERFECT, ids=lambda change: change.__name__)
def test_what_no_chain_shows_the_seal_finds(
    durable_url: str, change: Callable[[Connection], None]
) -> None:
    """Whoever changes what was sealed and makes every hash again must be found out."""
    with turnlog.open(durable_url) as log:
        fill(log)
        seal = log.seal("ada")
        log.append(SHOP, [note("after")]) if change is not cut_off_the_end else None
    with meddling(durable_url) as connection:
        change(connection)
    with turnlog.open(durable_url) as log:
        assert verify(log.store).holds, "the tampering itself is not perfect"
        # The seal that the log keeps itself tells too, where that was not taken out as well.
        assert log.verify().holds == (change is take_the_seal_out)
        found = log.verify(seal=seal)
        assert not found.holds
        assert any(PERFECT[change] in str(problem) for problem in found.problems), found.problems


def test_of_several_seals_the_first_that_is_broken_tells(log: turnlog.Log) -> None:
    """What was cut off before one seal must never be hidden by a later one."""
    fill(log)
    log.seal()
    log.append(SHOP, [note("s9")])
    log.seal()
    with log.store.read() as reader:
        seals = [sealing.seal for sealing in sealings(reader)]
    assert log.verify().holds
    with log.store.read() as reader:
        assert first_broken(reader, seals) is None
        for n, seal in enumerate(seals):
            changed = [*seals[:n], seal._replace(order="00"), *seals[n + 1 :]]
            assert first_broken(reader, changed) == changed[n]


def test_where_the_noted_heads_were_changed_too_the_seal_still_finds_it(durable_url: str) -> None:
    """What names the stream lies in the log; that something was changed must not depend on it."""
    with turnlog.open(durable_url) as log:
        fill(log)
        seal = log.seal("ada")
    with meddling(durable_url) as connection:
        cut_off_the_end(connection)
        take_the_seal_out(connection)
    with turnlog.open(durable_url) as log:
        assert log.verify().holds
        forged = log.seal("ada")
        assert forged.number == seal.number
        told = [str(problem) for problem in log.verify(seal=seal).problems]
    assert any("seal 1 of the log itself is not the one that was kept" in what for what in told)
    assert any("the streams are not those that were sealed" in what for what in told)


@pytest.mark.parametrize(
    "wrong", [{"topic": 999}, {"facts": "{"}, {"facts": '{"log":7}'}, {"recorded_at": 1 << 60}]
)
def test_a_seal_in_the_log_that_cannot_be_read_is_told(
    tmp_path: Path, wrong: dict[str, Any]
) -> None:
    """Whoever spoils the log's own note of a seal must not stop the one that was kept."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    with turnlog.open(url) as log:
        fill(log)
        seal = log.seal()
    with meddling(url) as connection:
        own = select(streams.c.id).where(streams.c.name == "!log").scalar_subquery()
        connection.execute(update(events).where(events.c.stream == own).values(wrong))
    with turnlog.open(url) as log:
        told = [str(problem) for problem in log.verify(seal=seal).problems]
        assert any(what.startswith("!log, version 1") for what in told)
        assert any(what.startswith("the log: ") for what in told)
        with pytest.raises((DamagedEvent, InvalidEvidence)):
            log.verify(seal=seal.fingerprint)


def test_a_copy_from_before_the_seal_is_found(tmp_path: Path) -> None:
    """An old copy in the log's place must never pass for the log."""
    path, old = tmp_path / "log.db", tmp_path / "old.db"
    with turnlog.open(f"sqlite:///{path}") as log:
        fill(log)
        log.seal()
    shutil.copy(path, old)
    with turnlog.open(f"sqlite:///{path}") as log:
        log.append(SHOP, [note("later")])
        seal = log.seal()
    with turnlog.open(f"sqlite:///{old}") as log:
        [problem] = log.verify(seal=seal).problems
        assert "the log ends at position" in str(problem)


def test_what_is_erased_lawfully_is_still_sealed(durable_url: str) -> None:
    """Erasing leaves the headers and says so; a seal must not stand in its way."""
    with turnlog.open(durable_url) as log:
        fill(log)
        seal = log.seal()
        with meddling(durable_url) as connection:
            shop = number_of(connection, SHOP)
            connection.execute(delete(blocks).where(blocks.c.stream == shop))
        assert not log.verify(seal=seal).holds

        def erased(transaction: Any) -> None:
            from turnlog.domain.evolving import fold

            stream = transaction.open(SHOP)
            event = turnlog.events.SessionErased(bodies=4, actor="ada")
            transaction.record(stream, [event], fold(stream.state, [event]))

        log.store.write(erased)
        assert log.verify(seal=seal).holds
