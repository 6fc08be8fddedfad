"""Logs with a Redis beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import turnlog
from tests.support.transcripts import Transcript
from turnlog import Log, Session, SessionKey
from turnlog.active.following import ASKED
from turnlog.active.keeping import AtHand, at_hand_of
from turnlog.reading.finding import Sessions

OpenLog = Callable[..., Log]


@pytest.fixture
def open_log(redis_url: str) -> Iterator[OpenLog]:
    """Opens logs, closed afterwards."""
    with ExitStack() as stack:

        def opened(url: str = "memory:", **arguments: Any) -> Log:
            return stack.enter_context(
                turnlog.open(url, **{"redis_url": redis_url, "synchronous": "NORMAL", **arguments})
            )

        yield opened


def talk(seed: int, calls: bool = True, cwd: str = "/home/ada/shop") -> Transcript:
    """A session that was cut short, or one that came to its end."""
    s = Transcript(seed=seed, cwd=cwd)
    s.prompt(f"Question {seed}?")
    s.answer("Let me look.", tools=[("Read", {"file_path": "cart.py"})])
    if not calls:
        s.run("Read", {"file_path": "cart.py"}, "def total(): ...")
        s.answer("That is all.")
    return s


def put(log: Log, s: Transcript, user: str | None = None) -> SessionKey:
    """Record it."""
    key = SessionKey("-home-ada-shop", s.session_id)
    log.append(key, s.entries, user_id=user)
    return key


def at_hand(log: Log) -> AtHand:
    """What has its active sessions at hand."""
    found = at_hand_of(log.store)
    assert found is not None
    return found


def in_redis(log: Log, user: str | None = None, limit: int = 50) -> list[Session]:
    """The active sessions, from Redis and from nowhere else."""
    found = at_hand(log).page(user, limit, None)
    assert found is not None
    return found


def in_database(log: Log, user: str | None = None, limit: int = 50) -> list[Session]:
    """The same from the log itself."""
    return Sessions(log.store).page(ASKED._replace(user_id=user), limit, None)
