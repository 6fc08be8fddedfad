"""The history that the demo imports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from docs.demo.make_history import HISTORY, make_history
from turnlog.domain.prices import price
from turnlog.domain.usage import Usage


def contents(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


TRANSCRIPTS = sorted(HISTORY.glob("projects/*/*.jsonl"))
SESSIONS = {path.stem: lines(path) for path in TRANSCRIPTS}


def test_the_history_is_what_its_script_writes(tmp_path: Path) -> None:
    make_history(tmp_path / "history")
    assert contents(tmp_path / "history") == contents(HISTORY)


def test_the_history_is_small() -> None:
    assert sum(map(len, contents(HISTORY).values())) < 400_000


def test_the_history_shows_what_a_log_is_for() -> None:
    """Projects, a subagent, a fork, a compaction, and a session whose transcript is gone."""
    assert len({path.parent for path in TRANSCRIPTS}) == 3
    assert len(list(HISTORY.glob("projects/*/*/subagents/agent-*.jsonl"))) == 1
    entries = [entry for session in SESSIONS.values() for entry in session]
    forked_from = {e["forkedFrom"]["sessionId"] for e in entries if "forkedFrom" in e}
    assert len(forked_from) == 1
    assert forked_from < SESSIONS.keys()
    assert any(entry.get("subtype") == "compact_boundary" for entry in entries)
    prompted = {line["sessionId"] for line in lines(HISTORY / "history.jsonl")}
    assert prompted > SESSIONS.keys()
    assert len(prompted - SESSIONS.keys()) == 1


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_uses_tools_and_every_answer_has_a_price(session: str) -> None:
    messages = [e["message"] for e in SESSIONS[session] if e["type"] == "assistant"]
    blocks = [block["type"] for message in messages for block in message["content"]]
    assert "tool_use" in blocks
    for model in {message["model"] for message in messages} - {"<synthetic>"}:
        assert price(model, None, Usage(1, 1), fast=False)


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_happens_in_the_autumn_of_2026(session: str) -> None:
    times = [entry["timestamp"] for entry in SESSIONS[session] if "timestamp" in entry]
    assert times == sorted(times)
    assert all("2026-09-01" < time < "2026-12-01" for time in times)
