"""What a log holds, in values that two logs of the same history share."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import orjson

import turnlog
from turnlog.adapters.claude.directory import survey
from turnlog.adapters.claude.found import Transcript
from turnlog.domain.keys import SessionKey

# Keyed with a secret of the stream, so that no two logs agree on them.
_KEYED = (b"\2", b"\3", b"\4", b"\x08")


class Contents(NamedTuple):
    """Everything but positions, salts and the times of recording."""

    rows: list[Any]
    states: dict[SessionKey, Any]
    events: dict[SessionKey, list[Any]]
    loaded: dict[SessionKey, Any]
    totals: Any


def contents(log: turnlog.Log) -> Contents:
    """Read a whole log; it must verify."""
    verified = log.verify()
    assert verified.holds, verified.problems
    with log.store.read() as reader:
        keys = sorted(reader.streams(), key=str)
    mains = [key for key in keys if key.subpath is None]
    rows = [
        row._replace(stream=0, recorded_at=0, begun_at=0, active_at=row.last_at or 0)
        for row in log.sessions(limit=10_000)
    ]
    rows += [
        row._replace(stream=0, recorded_at=0, begun_at=0, active_at=row.last_at or 0)
        for key in mains
        for row in log.subagents(key)
    ]
    return Contents(
        sorted(rows, key=lambda row: row.name),
        {key: asdict(log.state(key)) for key in keys},
        {key: [_event(recorded) for recorded in log.events(key)] for key in keys},
        {key: log.load(key) for key in keys},
        log.stats(),
    )


def _event(recorded: Any) -> tuple[Any, ...]:
    identity = recorded.event.identity
    if identity is not None and len(identity) == 13 and identity[:1] in _KEYED:
        identity = identity[:1]
    values = {**recorded.event.__dict__, "identity": identity}
    return recorded.version, recorded.topic, values


def entries_of(path: Path) -> list[Any]:
    """The lines of a transcript that is in order, decoded."""
    return [orjson.loads(line) for line in path.read_bytes().split(b"\n") if line]


def transcripts(directory: Path) -> dict[SessionKey, Path]:
    """The transcripts of a configuration directory by their streams."""
    return {
        SessionKey(found.project_key, found.session_id, found.subpath): found.path
        for found in survey(directory)
        if isinstance(found, Transcript)
    }
