"""A log on every store, with two sessions in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import turnlog
from tests.support.transcripts import Transcript
from turnlog import Log
from turnlog.domain.keys import SessionKey

KEY = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
OTHER = KEY._replace(session_id="5e550000-0000-4000-8000-000000000002")
FORK = KEY._replace(session_id="5e550000-0000-4000-8000-000000000003")
AGENT = KEY._replace(subpath="subagents/agent-1")


@pytest.fixture
def log() -> Iterator[Log]:
    with turnlog.open("sqlite://") as log:
        yield log


@pytest.fixture(params=["memory", "postgres"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[Log]:
    """A log in the other stores."""
    postgres = request.param == "postgres"
    with turnlog.open(request.getfixturevalue("postgres_url") if postgres else "memory:") as log:
        yield log


def talk(log: Log, key: SessionKey = KEY, word: str = "apples", prompts: int = 2) -> Transcript:
    """Record a conversation about something."""
    s = Transcript(key.session_id, seed=int(key.session_id[-2:]) + 7 * bool(key.subpath))
    for number in range(prompts):
        s.prompt(f"Where are the {word}, {number}?", prompt_id=f"prompt-{number}")
        s.answer(f"The {word} are in basket {number}.")
    s.title(f"About {word}")
    log.append(key, s.entries, user_id="ada")
    return s
