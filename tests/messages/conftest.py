"""A conversation of an agent that is not Claude Code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import turnlog
from turnlog import Conversation, Log, SessionKey

KEY = SessionKey("support-bot", "ticket-7")
CHILD = SessionKey("support-bot", "ticket-8")


@pytest.fixture
def log() -> Iterator[Log]:
    with turnlog.open("sqlite://") as log:
        yield log


@pytest.fixture
def talk(log: Log) -> Conversation:
    """An empty one."""
    return log.conversation(KEY, user_id="ada", working_dir="/home/ada/shop")


@pytest.fixture
def said(talk: Conversation) -> Conversation:
    """Two questions and their answers: q1, a1, q2, a2."""
    for n in (1, 2):
        talk.record("user", f"Question {n}?", id=f"q{n}", tokens=3)
        talk.record("assistant", f"Answer {n}.", id=f"a{n}", tokens=5)
    return talk


def ids(messages: list[turnlog.Message]) -> list[str | None]:
    return [message.id for message in messages]
