"""A log on every store, a conversation, and what a search finds in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import turnlog
from tests.support.transcripts import Transcript
from turnlog import Log
from turnlog.domain.keys import SessionKey

KEY = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
CHILD = SessionKey(KEY.project_key, "5e550000-0000-4000-8000-000000000002")
OTHER = SessionKey("-home-ada-atlas", "5e550000-0000-4000-8000-000000000003")


@pytest.fixture
def log(store_url: str) -> Iterator[Log]:
    with turnlog.open(store_url) as log:
        yield log


@pytest.fixture
def s() -> Transcript:
    return Transcript(KEY.session_id)


Talk = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def talk(s: Transcript) -> Talk:
    """Ask and answer."""

    def ask(question: str, answer: str = "Yes.", **more: Any) -> list[dict[str, Any]]:
        first = len(s.entries)
        s.prompt(question)
        s.answer(answer, **more)
        return s.entries[first:]

    return ask


def texts(log: Log, query: str, *rest: Any, **more: Any) -> list[str]:
    """The passages a search finds, the best first."""
    return [hit.snippet.text for hit in log.search(query, *rest, **more).hits]
