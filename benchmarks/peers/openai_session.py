"""OpenAI Agents SDK: SQLiteSession."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents import SQLiteSession

from ..store import Batches, Sessions
from ..workload import Entry
from .peer import Limits, Loop, Peer


class OpenAISession(Peer):
    name = "OpenAI SQLiteSession"
    package = "openai-agents"
    notes = (
        "`add_items` with the entries as items, `get_items` to load; its own write-ahead log, "
        "SQLite's default synchronous=FULL. Together: 16 sessions of one file in one event loop. "
        "No list of sessions."
    )
    limits = Limits(listed=0)

    def __init__(self, directory: Path) -> None:
        self._path = directory / "openai.db"
        self._loop = Loop()
        self._sessions: dict[str, SQLiteSession] = {}

    def _session(self, session_id: str) -> SQLiteSession:
        if session_id not in self._sessions:
            self._sessions[session_id] = SQLiteSession(session_id, self._path)
        return self._sessions[session_id]

    def append(self, session_id: str, entries: list[Entry]) -> None:
        items: Any = entries
        self._loop.run(self._session(session_id).add_items(items))

    def append_together(self, work: Mapping[str, Batches]) -> None:
        async def one(session_id: str, batches: Any) -> None:
            for batch in batches:
                await self._session(session_id).add_items(batch)

        async def everyone() -> None:
            await asyncio.gather(*(one(*item) for item in work.items()))

        self._loop.run(everyone())

    def load(self, session_id: str) -> list[Entry]:
        items: Any = self._loop.run(self._session(session_id).get_items())
        return list(items)

    def newest(self, limit: int) -> int:
        raise NotImplementedError

    def fill(self, sessions: Sessions) -> None:
        raise NotImplementedError

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()
        self._loop.close()
