"""Every column of every table: who finds it when somebody changes it by hand.

A log's own triggers keep honest programs from that. Here they are gone, as they are for whoever can
write to the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Table, delete, insert, select, update
from sqlalchemy.exc import DBAPIError

import turnlog
from tests.storage.tampering import flip, keep_a_file, meddling
from turnlog import Seal, SessionKey
from turnlog.adapters.storage.sql.schema import (
    events,
    files,
    metadata,
    permits,
    streams,
)
from turnlog.domain.errors import StorageError

SHOP = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
LONG = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000002")
AGENT = SHOP._replace(subpath="subagents/agent-1")

OPENING, VERIFY, SEAL, NOBODY = "opening", "verify", "verify --seal", "nobody"

FOUND_BY: dict[str, dict[str, set[str]]] = {
    "events": {
        # The order within a stream is checked; that of different streams is sealed.
        "position": {VERIFY},
        **{name: {VERIFY} for name in [c.name for c in events.columns if c.name != "position"]},
    },
    "streams": {
        **{name: {VERIFY} for name in ("id", "name", "version", "chain", "state")},
        # An earlier time than that of the last event is found. A later one only dates what comes.
        "recorded_at": {VERIFY, NOBODY},
        # The salt and the last batches: by them lines without uuid are known when they come again.
        "memory": {VERIFY, NOBODY},
    },
    "topics": {"id": {VERIFY}, "name": {VERIFY}},
    "blocks": {
        "id": {NOBODY},  # nothing refers to it
        **{name: {VERIFY} for name in ("stream", "sort", "branch", "first", "last", "versions")},
        **{name: {VERIFY} for name in ("codec", "seed", "data")},
        # What is not compressed needs none.
        "dictionary": {VERIFY, NOBODY},
        # What needs no care is read alike with it.
        "careful": {VERIFY, NOBODY},
    },
    "identities": {name: {VERIFY} for name in ("stream", "first", "data")},
    # One that is no session's is never read.
    "snapshots": {"stream": {VERIFY, NOBODY}, "version": {VERIFY}, "state": {VERIFY}},
    "files": {name: {VERIFY} for name in ("digest", "size", "codec", "data")},
    "permits": {name: {VERIFY} for name in ("id", "purpose", "transaction")},
    # The schema's version is looked at when the log is opened, its name when a seal is compared.
    "about": {name: {OPENING, VERIFY} for name in ("name", "value")},
}
BOOKKEEPING = {
    "sources": "how far files were imported: at worst one is read again",
    "sdk_summaries": "a cache of what the SDK made of entries",
    "projections": "how far the read models are; they are thrown away and folded again",
    "projection_leases": "who folds a read model",
    "projection_rebuilds": "how far a rebuild is",
    "projection_set_aside": "which events a read model passed by",
    "tracking": "how far another application has read",
    "stored_snapshots": "a cache of the eventsourcing library's",
}
"""Tables that hold no truth: what would become of a change."""


USED = ("SessionStarted.v1", "TurnRecorded.v1", "EntryRecorded.v1", "FileKept.v1", "LogSealed.v1")
"""Kinds of which something happened."""


@pytest.fixture
def sealed(durable_url: str) -> tuple[str, Seal]:
    """A log that has something in every column, and its seal."""
    with turnlog.open(durable_url) as log:
        message = {"role": "user", "content": "Hello"}
        first = [
            {"type": "user", "uuid": "u1", "message": message, "timestamp": "2026-01-30T10:00:00Z"},
            {"type": "user", "uuid": "u3", "parentUuid": "u2", "message": message},
        ]
        log.append(SHOP, first, user_id="ada")
        log.append(SHOP, [{"type": "user", "uuid": "u2", "parentUuid": "u1", "message": message}])
        answer = {
            "type": "assistant",
            "uuid": "a1",
            "requestId": "r1",
            "message": {
                "id": "m1",
                "role": "assistant",
                "model": "claude-opus-4-8",
                "stop_reason": "end_turn",
                "content": [{"type": "text", "text": "Good day."}],
                "usage": {"input_tokens": 10, "output_tokens": 5},
            },
        }
        log.append(SHOP, [answer, {"type": "big", "number": 2**70}])
        log.append(AGENT, [{"type": "user", "uuid": "s1", "message": message}])
        # Long enough for a snapshot; the second database need not be read so often.
        notes = 300 if durable_url.startswith("sqlite") else 3
        log.append(LONG, [{"type": "note", "uuid": f"n{n}", "n": n} for n in range(notes)])
        log.append(LONG, [{"type": "note", "uuid": "n300"}])
        log.rewind(SHOP, "prompt:1", "wrong", "ada")
        log.append(SHOP, [{"type": "user", "uuid": "u9", "message": message}])
        log.rename(SHOP, "Checkout", "ada")
        keep_a_file(log.store, LONG, b"# A plan")
        seal = log.seal("ada")
        log.rename(LONG, "Notes", "bob")
        assert log.verify(seal=seal).holds
    return durable_url, seal


def who_finds(url: str, seal: Seal) -> str:
    try:
        with turnlog.open(url) as log:
            found = log.verify()
            if not found.holds:
                return VERIFY
            return NOBODY if log.verify(seal=seal).holds else SEAL
    except StorageError:
        return OPENING


def test_every_table_and_column_is_accounted_for() -> None:
    """A column must never be added without saying who finds a change of it."""
    told = {(table, column) for table, columns in FOUND_BY.items() for column in columns}
    tables = metadata.sorted_tables
    there = {(t.name, c.name) for t in tables if t.name in FOUND_BY for c in t.columns}
    assert told == there
    assert {t.name for t in tables} - FOUND_BY.keys() - BOOKKEEPING.keys() == set()


@pytest.mark.parametrize("name", [name for name in FOUND_BY if name != "permits"])
def test_a_change_of_any_column_is_found(sealed: tuple[str, Seal], name: str) -> None:
    """Whoever changes a value of the log by hand must be found out, or have changed nothing."""
    url, seal = sealed
    table = metadata.tables[name]
    with meddling(url) as connection:
        rows = [dict(row) for row in connection.execute(select(table)).mappings()]
    wrong = []
    for column in table.columns:
        thorough = url.startswith("sqlite")
        for told, change in _changes(_sealed_rows(rows, name, seal), table, column, thorough):
            try:
                with meddling(url) as connection:
                    connection.execute(change)
            except DBAPIError:
                continue  # the database itself refuses it
            found = who_finds(url, seal)
            if found not in FOUND_BY[name][column.name]:
                wrong.append(f"{told}: {found}")
            with meddling(url) as connection:
                connection.execute(delete(table))
                connection.execute(insert(table), rows)
    assert who_finds(url, seal) == NOBODY
    assert wrong == []


def _sealed_rows(rows: list[dict[str, Any]], name: str, seal: Seal) -> list[dict[str, Any]]:
    """Without what came after the seal, of which it says nothing, and what means nothing yet."""
    if name == "streams":  # a stream that is no session's has no state
        return [row for row in rows if not row["name"].startswith("!")]
    if name == "topics":
        return [row for row in rows if row["name"] in USED]
    return [row for row in rows if row.get("position", 0) <= seal.position]


def _changes(
    rows: list[dict[str, Any]], table: Table, column: Column[Any], thorough: bool
) -> Iterator[tuple[str, Any]]:
    """Statements that change a value of a few rows."""
    key = list(table.primary_key.columns)
    full = [row for row in rows if row[column.name] is not None]
    empty = [row for row in rows if row[column.name] is None]
    chosen = [*full[len(full) // 2 :][:1], *empty[:1]]
    if thorough:
        chosen += [*full[:1], *full[-1:]]
    seen = []
    for row in chosen:
        if row in seen:
            continue
        seen.append(row)
        before = row[column.name]
        kind = column.type.python_type
        others = [flip(before, kind)]
        if thorough and column.nullable and before is not None:
            others.append(None)
        for after in others:
            here = [c == row[c.name] for c in key]
            told = f"{column} {_where(row, key)}: {before!r:.40} -> {after!r:.40}"
            yield told, update(table).where(*here).values({column.name: after})


def _where(row: dict[str, Any], key: list[Column[Any]]) -> str:
    return ",".join(f"{column.name}={row[column.name]!r:.20}" for column in key)


@pytest.mark.parametrize("name", ["events", "blocks", "streams", "identities", "files"])
def test_a_row_that_is_taken_out_is_found(sealed: tuple[str, Seal], name: str) -> None:
    """A row of what was recorded must never be gone unseen."""
    url, seal = sealed
    table = metadata.tables[name]
    with meddling(url) as connection:
        rows = [dict(row) for row in connection.execute(select(table)).mappings()]
    for row in [rows[0], rows[len(rows) // 2], rows[-1]]:
        with meddling(url) as connection:
            where = [c == row[c.name] for c in table.primary_key.columns]
            connection.execute(delete(table).where(*where))
        assert who_finds(url, seal) == VERIFY, row
        with meddling(url) as connection:
            connection.execute(insert(table).values(row))
    assert who_finds(url, seal) == NOBODY


def test_a_permit_that_was_left_behind_is_found(sealed: tuple[str, Seal]) -> None:
    """A permit that stays would leave every content open to change."""
    url, seal = sealed
    with meddling(url) as connection:
        connection.execute(insert(permits).values(purpose="pack"))
    assert who_finds(url, seal) == VERIFY


def test_a_kept_file_that_was_put_in_place_of_another_is_found(sealed: tuple[str, Seal]) -> None:
    url, seal = sealed
    with meddling(url) as connection:
        connection.execute(update(files).values(data=b"# B plan"))
    assert who_finds(url, seal) == VERIFY


def test_events_of_two_streams_that_changed_places_are_found(sealed: tuple[str, Seal]) -> None:
    """Which of two sessions did something first must never be turned around unseen."""
    url, seal = sealed
    with meddling(url) as connection:
        last = _last_of(connection, AGENT)
        first = last + 1  # of the next stream
        for position, to in ((last, -1), (first, last), (-1, first)):
            connection.execute(
                update(events).where(events.c.position == position).values(position=to)
            )
    assert who_finds(url, seal) == VERIFY, "the log's own seals tell"


def _last_of(connection: Connection, key: SessionKey) -> int:
    found = (
        select(events.c.position)
        .join(streams, streams.c.id == events.c.stream)
        .where(streams.c.name == key.stream_id)
        .order_by(events.c.version.desc())
    )
    return int(connection.execute(found).scalars().first() or 0)
