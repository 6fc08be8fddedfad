"""Changing a log behind its back: what somebody could do who can write to the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, create_engine, delete, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

import turnlog
from turnlog.adapters.storage.contract.store import Store
from turnlog.adapters.storage.contract.transaction import Transaction
from turnlog.adapters.storage.contract.values import StoredFile
from turnlog.adapters.storage.encoding.blocks import Block, BlockCodec
from turnlog.adapters.storage.encoding.chain import START, body_hash, link
from turnlog.adapters.storage.encoding.compression import RAW
from turnlog.adapters.storage.encoding.identities import pack, unpack
from turnlog.adapters.storage.encoding.rows import Row, from_row
from turnlog.adapters.storage.encoding.state_bytes import dump_state
from turnlog.adapters.storage.sql.schema import (
    blocks,
    events,
    identities,
    snapshots,
    streams,
    topics,
)
from turnlog.domain.evolving import fold
from turnlog.domain.keys import SessionKey
from turnlog.domain.session import SessionState


@contextmanager
def meddling(url: str) -> Iterator[Connection]:
    """A connection that knows nothing of turnlog, with every trigger out of the way."""
    name = "sqlite" if url.startswith("sqlite") else "postgresql+psycopg"
    engine = create_engine(make_url(url).set(drivername=name), poolclass=NullPool)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            named = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for (name,) in connection.execute(text(named)).fetchall():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            for table in ("events", "blocks"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        yield connection


def number_of(connection: Connection, key: SessionKey) -> int:
    """A stream's number."""
    found = select(streams.c.id).where(streams.c.name == key.stream_id)
    return int(connection.execute(found).scalar_one())


def rows_of(connection: Connection, table: Table, stream: int) -> list[dict[str, Any]]:
    """The rows of a table that are a stream's."""
    found = connection.execute(select(table).where(table.c.stream == stream)).mappings()
    return [dict(row) for row in found]


def drop_stream(connection: Connection, key: SessionKey) -> None:
    """Take a stream out of every table."""
    stream = number_of(connection, key)
    for table in (events, blocks, identities, snapshots):
        connection.execute(delete(table).where(table.c.stream == stream))
    connection.execute(delete(streams).where(streams.c.id == stream))


def cut_off(connection: Connection, key: SessionKey, last: int) -> None:
    """Take the end off a stream, and make everything else as if it had never been there."""
    stream = number_of(connection, key)
    connection.execute(delete(events).where(events.c.stream == stream, events.c.version > last))
    connection.execute(delete(blocks).where(blocks.c.stream == stream, blocks.c.last > last))
    for row in rows_of(connection, identities, stream):
        at = (identities.c.stream == stream) & (identities.c.first == row["first"])
        left = [(d, v) for d, v in unpack(row["first"], row["data"]) if v <= last]
        connection.execute(delete(identities).where(at))
        if left:
            kept = {**row, "data": pack(row["first"], left)}
            connection.execute(insert(identities).values(kept))
    connection.execute(
        delete(snapshots).where(snapshots.c.stream == stream, snapshots.c.version > last)
    )
    chain_anew(connection, key)


def change_body(connection: Connection, key: SessionKey, version: int, body: bytes) -> None:
    """Put another content in an event's place, with the hashes that belong to it."""
    stream, codec = number_of(connection, key), BlockCodec()
    for row in connection.execute(select(blocks).where(blocks.c.stream == stream)).all():
        block = Block._make(row)
        bodies = {found.version: found.data for found in codec.bodies(block)}
        if version not in bodies:
            continue
        bodies[version] = body
        packed = codec.compress(list(bodies.values()))
        connection.execute(
            update(blocks)
            .where(blocks.c.id == block.id)
            .values(codec=packed.codec, dictionary=packed.dictionary, data=packed.data)
        )
        connection.execute(
            update(events)
            .where(events.c.stream == stream, events.c.version == version)
            .values(body_hash=body_hash(block.salts()[version], version, body))
        )
    chain_anew(connection, key)


def chain_anew(connection: Connection, key: SessionKey) -> None:
    """Make a stream's chain, its head and its snapshots again from whatever its events are now."""
    stream, name = number_of(connection, key), key.stream_id
    rows = connection.execute(select(topics.c.id, topics.c.name))
    names = {row.id: row.name for row in rows}
    codec, bodies = BlockCodec(), {}
    for found in connection.execute(select(blocks).where(blocks.c.stream == stream)).all():
        bodies.update({body.version: body.data for body in codec.bodies(Block._make(found))})
    chain, state = START, SessionState(key)
    query = select(events).where(events.c.stream == stream).order_by(events.c.version)
    version, recorded_at = 0, 0
    for found in connection.execute(query).mappings().all():
        row = Row.stored([found[field] for field in Row._fields])
        version, topic, recorded_at = found["version"], names[found["topic"]], found["recorded_at"]
        chain = link(chain, name, version, topic, recorded_at, row, found["body_hash"])
        at = (events.c.stream == stream) & (events.c.version == version)
        connection.execute(update(events).where(at).values(chain=chain))
        state = fold(state, [from_row(topic, row, bodies.get(version))])
        kept = (snapshots.c.stream == stream) & (snapshots.c.version == version)
        connection.execute(update(snapshots).where(kept).values(state=dump_state(state)))
    connection.execute(
        update(streams)
        .where(streams.c.id == stream)
        .values(version=version, chain=chain, recorded_at=recorded_at, state=dump_state(state))
    )


def keep_a_file(store: Store, key: SessionKey, content: bytes) -> None:
    """Keep a file for a session, as an import does."""
    digest = sha256(content).digest()

    def work(transaction: Transaction) -> None:
        stream = transaction.open(key)
        transaction.keep_file(StoredFile(digest, len(content), RAW, content))
        event = turnlog.events.FileKept(
            name="plans/a.md", digest=digest.hex(), kind="plan", size=len(content)
        )
        transaction.record(stream, [event], fold(stream.state, [event]))

    store.write(work)


def flip(value: Any, column_type: type) -> Any:
    """Another value in the place of one, as inconspicuous as can be."""
    if value is None:
        return {int: 1, bytes: bytes(32), str: '{"kind":"x"}'}[column_type]
    if isinstance(value, bytes):
        middle = len(value) // 2
        return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :] if value else b"x"
    if isinstance(value, str):
        return value[:-1] + ("y" if value[-1:] != "y" else "z")
    return value + 1
