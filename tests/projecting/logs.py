"""Logs with small read models of their own, and what lies in their tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import literal_column, select, table

import turnlog
from tests.support.transcripts import Transcript
from turnlog.adapters.storage.stores import open_store
from turnlog.domain.keys import SessionKey
from turnlog.projections.engine.registry import Lifecycle, Policy, Registration

from .models import Kinds

KEY = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")


@contextmanager
def log_with(
    url: str,
    model: Any = Kinds,
    lifecycle: Lifecycle = "caught up",
    policy: Policy = "pause",
) -> Iterator[turnlog.Log]:
    """A log that keeps one more read model."""
    registration = Registration.of(model, lifecycle, policy)
    with turnlog.Log(open_store(url, projections=[registration])) as log:
        yield log


def talk(log: turnlog.Log, key: SessionKey = KEY, prompts: int = 3, seed: int = 1) -> None:
    """Record a conversation, one append a prompt."""
    transcript = Transcript(key.session_id, seed=seed)
    for number in range(prompts):
        start = len(transcript.entries)
        transcript.prompt(f"Question {number}?")
        transcript.answer(f"Answer {number}.")
        log.append(key, transcript.entries[start:])


def rows(log: turnlog.Log, name: str = "kinds") -> dict[str, list[Any]]:
    """What lies in a read model's live tables, by the tables' own names, in order."""
    with log.store.read() as reader:
        prefix = reader.live(name)
        registration = log.store.registry[name]
        generation = prefix.removeprefix(registration.prefix(""))
        model = log.store.generations.model(registration, generation)
        found = {}
        for full in model.tables():
            if full.endswith("_words"):
                continue  # a text index cannot be read row by row
            rows = reader.query(select(literal_column("*")).select_from(table(full)))
            found[full.removeprefix(prefix)] = sorted(map(tuple, rows), key=repr)
        return found
