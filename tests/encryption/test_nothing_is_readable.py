"""Nothing that people wrote is in the files of an encrypted log, in whatever form."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

import turnlog
from tests.encryption.conftest import Open
from tests.encryption.words import TEXTS, Words, found_in, imported, record, tell_by_hand
from turnlog.projections.search.words import terms


def tell(log: turnlog.Log, words: Words, directory: Path, prompts: int = TEXTS) -> None:
    tell_by_hand(log, words, record(log, words, prompts=prompts))
    imported(log, words, directory)
    log.seal(actor=words(), reason=words())


def files_of(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}*"))


def frames(path: Path) -> list[bytes]:
    """What a plain log of the same history keeps of its bodies, compressed."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT data FROM blocks WHERE length(data) > 64").fetchall()
    return [data[24:56] for (data,) in rows]


def test_nothing_of_it_is_in_the_files_of_sqlite(
    open_log: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text, its compressed frame, a word of the search index: none must ever be in the files."""
    words = Words("kw")
    sealed, plain = tmp_path / "sealed.db", tmp_path / "plain.db"
    log = open_log(f"sqlite:///{sealed}")
    tell(log, words, tmp_path / "claude")
    assert files_of(sealed)[-1].name == "sealed.db-wal"
    with closing(sqlite3.connect(sealed)) as connection:
        assert connection.execute("SELECT count(*) FROM snapshots").fetchone() > (0,)
    assert found_in(words.all, files_of(sealed)) == []
    log.close()
    assert found_in(words.all, files_of(sealed)) == []

    tell(open_log(f"sqlite:///{plain}", keys=None), Words("kw"), tmp_path / "claude2")
    told = [term for word in words.all for term in terms(word)]
    assert len(found_in(told, files_of(plain))) > len(words.all) // 2, "they are in a plain one"
    assert found_in(told, files_of(sealed)) == []
    looked_for = frames(plain)
    assert len(looked_for) > 2
    held = b"".join(path.read_bytes() for path in files_of(sealed))
    assert not [frame for frame in looked_for if frame in held]


def test_no_salt_is_left_by_which_a_text_could_be_guessed(open_log: Open, tmp_path: Path) -> None:
    """From the hash in a header and a salt beside it, a text could be guessed without its key."""
    path = tmp_path / "sealed.db"
    record(open_log(f"sqlite:///{path}"), Words("kw"))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT DISTINCT seed FROM blocks").fetchall() == [(b"",)]


@pytest.fixture
def data_directory(postgres_url: str) -> Iterator[tuple[Path, psycopg.Connection]]:
    libpq = postgres_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(libpq, autocommit=True) as connection:
        (path,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        if not Path(path, "PG_VERSION").exists():
            pytest.skip("the server's files are elsewhere")
        yield Path(path), connection


def test_nothing_of_it_is_in_the_files_of_postgresql(
    open_log: Open,
    postgres_url: str,
    data_directory: tuple[Path, psycopg.Connection],
    tmp_path: Path,
) -> None:
    """Neither in the tables nor in the write-ahead log."""
    path, connection = data_directory
    words = Words(f"k{uuid.uuid4().hex[:8]}")
    tell(open_log(postgres_url), words, tmp_path / "claude", prompts=1)
    connection.execute("CHECKPOINT")
    files = [file for file in path.rglob("*") if file.is_file()]
    assert found_in(words.all[::2], files) == []
    word = words()
    connection.execute("CREATE TABLE told (word TEXT)")
    connection.execute("INSERT INTO told VALUES (%s)", (word,))
    connection.execute("CHECKPOINT")
    assert found_in([word], files) == [word], "what is there is found"
