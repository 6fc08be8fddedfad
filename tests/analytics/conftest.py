"""A log with all that an export has to get right, and the ways to read what was exported."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

import turnlog
from tests.support.transcripts import Transcript
from turnlog import Log, SessionKey
from turnlog.analytics.columns import TABLES, Column
from turnlog.analytics.formats import iso

KEY = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")
CHILD = KEY._replace(session_id="5e550000-0000-4000-8000-000000000002")
FORMATS = ("parquet", "csv", "jsonl")
Row = dict[str, Any]


@pytest.fixture
def log() -> Iterator[Log]:
    with turnlog.open("sqlite://") as log:
        yield log


@pytest.fixture
def busy(log: Log) -> Log:
    """Sessions of two projects over several days: a fork, a rewind, a deletion, a subagent, an old
    CLI, a model without a price."""
    origin = Transcript(KEY.session_id, start="2026-01-29T21:00:00.000Z")
    for n in range(6):
        origin.prompt(f"Question {n}?")
        origin.run("Bash", {"command": "ls"}, "a.py")
        origin.answer("Done.", thinking="Hm.")
        origin.now += 3_600_000
    call = origin.answer(tools=[("Task", {"prompt": "Look.", "subagent_type": "Explore"})]).tools[0]
    agent = origin.subagent(call)
    agent.answer("Found.")
    origin.subagent_result(agent, "Found.")
    copy = origin.fork()
    copy.prompt("Another way?")
    copy.answer("Yes.", model="claude-of-the-future")
    log.append(KEY._replace(session_id=copy.session_id), copy.entries, user_id="bob")
    log.append(KEY, origin.entries, user_id="ada")
    meta = {"type": "agent_metadata", **agent.meta}
    log.append(KEY._replace(subpath=f"subagents/{agent.agent_id}"), [meta, *agent.entries])
    log.rewind(KEY, "prompt:4", reason="=1+1")
    old = Transcript(seed=9, version="1.0.44", start="2026-02-02T10:00:00.000Z")
    old.prompt("Old?")
    old.answer("A long answer that a placeholder does not count. " * 20)
    log.append(SessionKey("-home-ada-atlas", old.session_id), old.entries)
    gone = Transcript(seed=10, start="2026-02-03T10:00:00.000Z")
    gone.prompt("Gone?")
    gone.answer("Gone.")
    key = SessionKey("-home-ada-atlas", gone.session_id)
    log.append(key, gone.entries)
    log.delete(key)
    return log


def read_parquet(path: Path, columns: tuple[Column, ...]) -> list[Row]:
    rows: list[Row] = pyarrow.parquet.ParquetFile(path).read().to_pylist()
    for row in rows:
        for column in columns:
            value = row[column.name]
            if column.kind == "time" and value is not None:
                row[column.name] = iso(round(value.timestamp() * 1000))
    return rows


def read_csv(path: Path, columns: tuple[Column, ...]) -> list[Row]:
    """Told from the documentation: texts are quoted, and an apostrophe in front is ours."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, strict=True))
    assert lines[0] == [column.name for column in columns]
    return [
        {c.name: _value(c, text) for c, text in zip(columns, line, strict=True)}
        for line in lines[1:]
    ]


def _value(column: Column, text: str) -> Any:
    if text == "":
        return None
    if column.kind == "integer":
        return int(text)
    if column.kind == "boolean":
        return {"true": True, "false": False}[text]
    return text.removeprefix("'")


def read_jsonl(path: Path, columns: tuple[Column, ...]) -> list[Row]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


READERS: dict[str, Callable[[Path, tuple[Column, ...]], list[Row]]] = {
    "parquet": read_parquet,
    "csv": read_csv,
    "jsonl": read_jsonl,
}


def read(folder: Path, what: str, format: str) -> list[Row]:
    """Every row of an export, with the day of the folder it lies in."""
    rows = []
    for path in sorted(folder.glob(f"day=*/*.{format}")):
        day = path.parent.name.removeprefix("day=")
        rows += [{**row, "day": day} for row in READERS[format](path, TABLES[what])]
    key = "position" if what == "events" else "response_key"
    return sorted(rows, key=lambda row: (row[key], str(row.get("gen_ai.conversation.id"))))
