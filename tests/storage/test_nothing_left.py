"""The proof of erasing: what was said is in no file of the database, in no form it was kept in."""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

import turnlog
from tests.support.transcripts import Transcript
from turnlog.adapters.storage.contract.store import Store
from turnlog.adapters.storage.contract.transaction import Transaction
from turnlog.adapters.storage.contract.values import StoredFile, Summary
from turnlog.adapters.storage.sql.schema import blocks
from turnlog.domain.events import FileKept
from turnlog.domain.evolving import fold
from turnlog.domain.keys import SessionKey

GONE = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
FORK = GONE._replace(session_id="5e550000-0000-4000-8000-000000000002")
STAYS = GONE._replace(session_id="5e550000-0000-4000-8000-000000000003")
SECRET = "zanzibar"
"""In every word that must go; in lower case, as the search index has it."""
WINDOW = 24
"""Bytes of a compressed frame that are looked for: they come about nowhere else by chance."""


def words(chance: random.Random, count: int) -> str:
    """Words that compress badly, so that what is made of them is like nothing else."""
    return " ".join(f"{SECRET}{chance.getrandbits(60):x}" for _ in range(count))


class Database:
    """A log, and the bytes of the files it is kept in."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    def _postgres(self) -> psycopg.Connection[Any]:
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True)

    def contents(self) -> bytes:
        """Every file of the database, the write-ahead log of SQLite included, in lower case."""
        return b"\n".join(path.read_bytes() for path in self._files())

    def _files(self) -> Iterator[Path]:
        if self._url.get_backend_name() == "sqlite":
            path = Path(self._url.database or "")
            yield from path.parent.glob(f"{path.name}*")
            return
        with self._postgres() as connection:
            connection.execute("CHECKPOINT")  # what only the server's memory holds goes to disk
            asked = "SELECT oid, current_setting('data_directory') FROM pg_database "
            row = connection.execute(f"{asked}WHERE datname = current_database()").fetchone()
        assert row is not None
        yield from (Path(row[1]) / "base" / str(row[0])).iterdir()

    def analyze(self) -> None:
        """What the server notes of columns for its planner: values of them."""
        if self._url.get_backend_name() == "postgresql":
            with self._postgres() as connection:
                connection.execute("ANALYZE")


@pytest.fixture
def database(durable_url: str) -> Database:
    if make_url(durable_url).get_backend_name() == "postgresql":
        with psycopg.connect(
            make_url(durable_url).set(drivername="postgresql").render_as_string(False)
        ) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        if row is None or not Path(row[0]).is_dir():
            pytest.skip("the server's files are not on this machine")
    return Database(durable_url)


def converse(log: turnlog.Log, key: SessionKey, seed: int) -> None:
    """A long session with content in every place that may hold some."""
    chance = random.Random(seed)
    s = Transcript(key.session_id, cwd=f"/home/ada/{words(chance, 1)}", seed=seed)
    for _ in range(40):
        s.prompt(words(chance, 20))
        call = s.answer(words(chance, 20), tools=[("Read", {"file_path": words(chance, 1)})])
        s.tool_result(call.tools[0], words(chance, 60))
        s.title(words(chance, 2))
        s.mode()
    for start in range(0, len(s.entries), 40):
        log.append(key, s.entries[start : start + 40], user_id="ada")
    log.rename(key, words(chance, 3), actor=words(chance, 1))
    log.tag(key, [words(chance, 1)])
    log.set_metadata(key, {words(chance, 1): words(chance, 1)})
    log.checkpoint(key, "before", label=words(chance, 2))
    keep_beside(log.store, key, words(chance, 30).encode())


def keep_beside(store: Store, key: SessionKey, content: bytes) -> None:
    """A file kept for the session, and what the SDK made of it for its lists."""
    digest = sha256(content).digest()

    def work(transaction: Transaction) -> None:
        stream = transaction.open(key)
        transaction.keep_file(StoredFile(digest, len(content), 0, content))
        transaction.keep_summaries([Summary(stream.id, "1.0", 1, 0, 0, 0, content)])
        kept = FileKept(name="plans/a.md", digest=digest.hex(), kind="plan", size=len(content))
        transaction.record(stream, [kept], fold(stream.state, [kept]))

    store.write(work)


def frames(store: Store, *keys: SessionKey) -> list[bytes]:
    """Pieces of every compressed frame of some sessions, and of what they are known again by."""
    found: list[bytes] = []
    with store.read() as reader:
        for key in keys:
            stream = reader.find(key)
            assert stream is not None
            for (data,) in reader.query(select(blocks.c.data).where(blocks.c.stream == stream.id)):
                found += [data[n : n + WINDOW] for n in range(40, len(data) - WINDOW, 500)]
            memory = stream.memory
            digests = [memory.salt.hex(), *memory.batches, *memory.latest.values()]
            found += [digest.encode() for digest in digests]
    return found


@pytest.mark.parametrize(
    ("durable_url", "packed"), [("sqlite", True), ("postgres", False)], indirect=["durable_url"]
)
def test_an_erased_session_is_in_no_file(
    durable_url: str, database: Database, packed: bool
) -> None:
    """Neither a text of an erased session, nor a frame, nor a word may be found in any file."""
    with turnlog.open(durable_url) as log:
        converse(log, GONE, 1)
        log.fork(GONE, "prompt:20", into=FORK)
        log.append(FORK, Transcript(FORK.session_id, seed=9).entries)
        assert log.search(SECRET) is not None  # the index is made of all there is
        before = log.verify().events
        if packed:
            log.archive(GONE)
        pieces = frames(log.store, GONE, FORK)
        assert len(pieces) > 50
        database.analyze()
        contents = database.contents()
        assert contents.lower().count(SECRET.encode()) > 20
        assert all(piece in contents for piece in pieces[-5:])

        log.erase(GONE, forks="erase")

        left = database.contents()
        assert SECRET.encode() not in left.lower()
        assert [piece for piece in pieces if piece in left] == []
        verified = log.verify()
        assert verified.problems == ()
        assert verified.events > before


def test_the_sessions_beside_it_stay(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with turnlog.open(sqlite_url) as log:
        converse(log, STAYS, 3)
        stays = log.load(STAYS)
        pieces = frames(log.store, STAYS)
        converse(log, GONE, 1)
        log.erase(GONE)
        assert log.load(STAYS) == stays
        assert log.load(GONE) is None
        contents = database.contents()
        assert all(piece in contents for piece in pieces[-3:])
        assert log.verify().holds


def test_a_redacted_text_is_in_no_file(durable_url: str, database: Database) -> None:
    """The text that was redacted, its words and the frames that held it must be gone."""
    with turnlog.open(durable_url) as log:
        s = Transcript(GONE.session_id, cwd="/home/ada/shop", seed=5)
        for number in range(30):
            s.prompt(f"Question {number}?" if number != 7 else f"My password is {SECRET}.")
            s.answer(f"Answer {number}.")
        log.append(GONE, s.entries)
        assert log.search(SECRET) is not None
        entry = next(x["uuid"] for x in s.entries if SECRET in str(x))
        (secret,) = column(log.store, blocks.c.seed)[0]
        pieces = frames(log.store, GONE)[:-5]
        database.analyze()

        log.redact(GONE, entry, texts=[SECRET])

        left = database.contents()
        assert SECRET.encode() not in left.lower()
        now = b"".join(data for (data,) in column(log.store, blocks.c.data))
        assert [piece for piece in pieces if piece in left and piece not in now] == []
        # Nor what its salt could be made from, or its hash would tell a guess.
        assert secret[1:] not in left
        loaded = log.load(GONE) or []
        assert [x for x in loaded if x.get("uuid") != entry] == [
            x for x in s.entries if x.get("uuid") != entry
        ]
        assert log.verify().problems == ()


def test_a_text_redacted_with_its_copies_is_in_no_file(
    durable_url: str, database: Database
) -> None:
    """Of an entry that lay in several sessions nothing may be left: no text, frame, or word."""
    with turnlog.open(durable_url) as log:
        s = Transcript(GONE.session_id, cwd="/home/ada/shop", seed=5)
        for number in range(30):
            s.prompt(f"Question {number}?" if number != 7 else f"My password is {SECRET}.")
            s.answer(f"Answer {number}.")
        copy = s.fork(by="sdk")
        log.append(GONE, s.entries)
        log.append(STAYS, s.entries)
        log.append(FORK, [entry | {"sessionId": FORK.session_id} for entry in copy.entries])
        log.rename(STAYS, f"My password is {SECRET}.")
        keep_beside(log.store, GONE, f"the password: {SECRET}".encode())
        log.archive(STAYS)
        assert log.search(SECRET) is not None
        entry = next(x["uuid"] for x in s.entries if SECRET in str(x))
        sessions = (GONE, STAYS, FORK)
        seeds = {seed[1:] for (seed,) in column(log.store, blocks.c.seed)}
        pieces = frames(log.store, *sessions)
        database.analyze()
        contents = database.contents()
        assert contents.lower().count(SECRET.encode()) > 3
        assert any(piece in contents for piece in pieces)

        redacted = log.redact(GONE, entry, texts=[SECRET], copies=True)

        assert {place.key for place in redacted.elsewhere} == {STAYS, FORK}
        left = database.contents()
        assert SECRET.encode() not in left.lower()
        stored = column(log.store, blocks.c.data)
        with log.store.read() as reader:
            stored += [(reader.find(key).memory.salt.hex().encode(),) for key in sessions]  # type: ignore[union-attr]
        now = b"".join(data for (data,) in stored)
        assert [piece for piece in pieces if piece in left and piece not in now] == []
        seeds -= {seed[1:] for (seed,) in column(log.store, blocks.c.seed)}
        assert len(seeds) >= len(sessions)
        assert [seed for seed in seeds if seed in left] == []
        assert log.verify().problems == ()


def column(store: Store, wanted: Any) -> list[Any]:
    """A column of every block, those of entries first."""
    with store.read() as reader:
        return reader.query(select(wanted).order_by(blocks.c.sort, blocks.c.id))


def test_a_reader_that_looks_at_the_past_holds_the_files_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must never be said that something left the files while a look still needs it there."""
    monkeypatch.setattr("turnlog.adapters.storage.sqlite.store.BUSY_SECONDS", 0.1)
    with turnlog.open(f"sqlite:///{tmp_path / 'a.db'}") as log:
        converse(log, GONE, 1)
        with log.store.read() as reader:
            assert reader.last_position()
            with pytest.raises(turnlog.StorageError, match="still reads"):
                log.store.reclaim()
        log.store.reclaim()
