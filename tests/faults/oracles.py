"""What must be true of a log after any fault."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import literal_column, select, table

import turnlog
from tests.support.transcripts import Transcript
from turnlog.adapters.storage.sql.schema import projections as _projections
from turnlog.adapters.storage.sql.store import SqlStore
from turnlog.projections.engine.registry import Registration

Batch = Sequence[dict[str, Any]]


def conversation(prompts: int, seed: int = 1) -> list[Batch]:
    """Batches of a session as the SDK sends them: one a prompt, with state lines without uuid."""
    transcript = Transcript(seed=seed)
    batches = []
    for number in range(1, prompts + 1):
        start = len(transcript.entries)
        prompt = transcript.prompt(f"Question {number}?")
        transcript.run("Read", {"file_path": f"/home/ada/shop/{number}.py"}, f"line {number}\n" * 9)
        transcript.answer(f"Answer {number}.", thinking="Hm.")
        batch = list(transcript.entries[start:])
        batch.append({"type": "last-prompt", "lastPrompt": prompt["message"]["content"]})
        batches.append(batch)
    return batches


def joined(batches: Sequence[Batch]) -> list[dict[str, Any]]:
    """The entries of batches, one after the other."""
    return [entry for batch in batches for entry in batch]


def with_uuid(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries that are known again for certain."""
    return [entry for entry in entries if "uuid" in entry]


def assert_whole(log: turnlog.Log) -> None:
    """Nothing is half-written: every chain holds and the read models follow from the events."""
    verified = log.verify()
    assert verified.problems == ()
    for key in streams(log):
        trail = list(log.events(key))
        assert [recorded.version for recorded in trail] == list(range(1, len(trail) + 1))
        positions = [recorded.position for recorded in trail]
        assert positions == sorted(set(positions))
        assert log.state(key).version == len(trail)
    if isinstance(log.store, SqlStore):
        with log.store.read() as reader:
            assert set(reader.query(select(_projections.c.stale_why))) == {(None,)}
    live = read_models(log)
    log.rebuild()
    assert read_models(log) == live


def streams(log: turnlog.Log) -> list[Any]:
    """The keys of every stream."""
    with log.store.read() as reader:
        return list(reader.streams())


def read_models(log: turnlog.Log) -> dict[str, list[Any]]:
    """Every row of the inline read models, by table."""
    store = log.store
    found = {}
    with store.read() as reader:
        for registration in store.registry:
            if registration.lifecycle == "inline":
                found.update(_rows(reader, store, registration))
    return found


def _rows(reader: Any, store: Any, registration: Registration) -> dict[str, list[Any]]:
    prefix = reader.live(registration.name)
    generation = prefix.removeprefix(registration.prefix(""))
    every = select(literal_column("*"))
    return {
        registration.name + name.removeprefix(prefix): sorted(
            map(tuple, reader.query(every.select_from(table(name)))), key=repr
        )
        for name in store.generations.model(registration, generation).tables()
    }
