"""Databases that other libraries wrote (see ``make.py``), and a log to move to."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import turnlog
from turnlog import Conversation, Log, SessionKey

HERE = Path(__file__).parent
DATABASES = sorted(path.name for path in HERE.glob("*.db"))

Foreign = Callable[..., Path]


@pytest.fixture
def log() -> Iterator[Log]:
    with turnlog.open("sqlite://") as log:
        yield log


@pytest.fixture
def foreign(tmp_path: Path) -> Foreign:
    """A copy of a database, with some statements run on it."""

    def copy(name: str, *statements: str) -> Path:
        path = tmp_path / name
        shutil.copy(HERE / name, path)
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)
        return path

    return copy


def talk(log: Log, project: str, session: str, subpath: str | None = None) -> Conversation:
    return log.conversation(SessionKey(project, session, subpath))


def lines(talk: Conversation) -> list[str]:
    """What was said, as ``role: text``."""
    return [f"{message.role}: {message.text}" for message in talk.messages()]


def shown(talk: Conversation) -> list[str]:
    """What the model is shown next."""
    return [f"{message.role}: {message.text}" for message in talk.context()]


def events_in(log: Log) -> int:
    return log.store.log(0, 1_000_000)[-1].position if log.sessions() else 0
