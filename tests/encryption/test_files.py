"""Kept files of an encrypted log: once per content, gone with the last session that has them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.encryption.conftest import Open
from tests.encryption.words import found_in
from tests.support.transcripts import Transcript
from turnlog import Log, SessionKey
from turnlog.domain.errors import DamagedEvent, NotEncrypted
from turnlog.importing.keeping import kept_content, kept_files

PLAN = b"# the plan is called xylophone\n" * 4
SLUG = "-home-ada-shop"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turnlog.db"


@pytest.fixture
def log(open_log: Open, path: Path) -> Log:
    return open_log(f"sqlite:///{path}")


def with_plan(log: Log, claude: Path, seed: int) -> SessionKey:
    """Import a session that points to a plan."""
    s = Transcript(seed=seed)
    s.prompt("Plan it.", slug="the-plan")
    s.answer("Planned.")
    s.write(claude)
    (claude / "plans").mkdir(exist_ok=True)
    (claude / "plans" / "the-plan.md").write_bytes(PLAN)
    log.import_claude(claude, workers=1)
    return SessionKey(SLUG, s.session_id)


def test_a_file_is_read_back_and_is_not_in_the_database(
    log: Log, path: Path, tmp_path: Path
) -> None:
    key = with_plan(log, tmp_path / "claude", 1)
    (kept,) = kept_files(log.store, key)
    assert kept_content(log.store, kept.digest) == PLAN
    assert log.verify().holds
    files = list(path.parent.glob("turnlog.db*"))
    assert found_in(["xylophone", kept.name], files) == []
    held = b"".join(file.read_bytes() for file in files)
    assert bytes.fromhex(kept.digest) not in held, "who has the file could tell that it is there"
    assert str(tmp_path / "claude").encode() not in held


def test_a_file_of_two_sessions_is_kept_once_and_goes_with_the_second(
    log: Log, path: Path, tmp_path: Path
) -> None:
    """Erasing one session must never take a file from another."""
    first, second = (with_plan(log, tmp_path / "claude", seed) for seed in (1, 2))
    (kept,) = kept_files(log.store, second)
    assert _rows(path) == 1
    log.erase(first)
    assert kept_content(log.store, kept.digest) == PLAN
    log.erase(second)
    assert _rows(path) == 0
    assert log.verify().holds


def _rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM files").fetchone()[0])


def test_a_file_that_was_changed_or_is_plain_is_refused(
    log: Log, path: Path, tmp_path: Path
) -> None:
    key = with_plan(log, tmp_path / "claude", 1)
    (kept,) = kept_files(log.store, key)
    for change, told in (
        ("data = CAST(substr(data, 1, 40) || x'00' AS BLOB)", DamagedEvent),
        ("codec = 0, data = x'00'", NotEncrypted),
    ):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"UPDATE files SET {change}")
            connection.commit()
        with pytest.raises(told):
            kept_content(log.store, kept.digest)
        assert not log.verify().holds


def test_a_file_that_loses_a_text_is_sealed_again(log: Log, path: Path, tmp_path: Path) -> None:
    """A redacted text must never stay in a kept file, nor what is left of that lie there plain."""
    key = with_plan(log, tmp_path / "claude", 1)
    (before,) = kept_files(log.store, key)
    with log.store.read() as reader:
        stored = reader.file(bytes.fromhex(before.digest))
    assert stored is not None
    assert log.redact(key, texts=["xylophone"]).files == 1
    (kept,) = kept_files(log.store, key)
    assert kept_content(log.store, kept.digest) == PLAN.replace(b"xylophone", b"[redacted]")
    assert log.verify().holds
    with closing(sqlite3.connect(path)) as database:
        ((count,),) = database.execute("SELECT count(*) FROM files")
    assert count == 1
    files = list(path.parent.glob("turnlog.db*"))
    assert found_in(["xylophone", "the plan is called", kept.name], files) == []
