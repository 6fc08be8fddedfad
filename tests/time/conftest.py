"""A log in memory, and a conversation to travel in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import turnlog
from tests.support.entries import Entry
from tests.support.transcripts import Transcript
from turnlog import Log
from turnlog.domain.keys import SessionKey

KEY = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
CHILD = SessionKey(KEY.project_key, "5e550000-0000-4000-8000-000000000002")


@pytest.fixture
def log() -> Iterator[Log]:
    with turnlog.open("sqlite://") as log:
        yield log


@pytest.fixture
def s() -> Transcript:
    return Transcript(KEY.session_id)


Talk = Callable[..., list[Entry]]


@pytest.fixture
def talk(s: Transcript) -> Talk:
    """Ask and answer; the answer takes ``output_tokens`` if told how many."""

    def ask(question: str, output_tokens: int = 10, **answer: Any) -> list[Entry]:
        first = len(s.entries)
        s.prompt(question)
        s.answer(f"About {question}", usage={"output_tokens": output_tokens}, **answer)
        return s.entries[first:]

    return ask


def output(log: Log, key: SessionKey = KEY) -> tuple[int, int]:
    """Output tokens billed and live, as the session's row shows them."""
    row = log.session(key.session_id)
    return row.billed.usage.output_tokens, row.live.usage.output_tokens
