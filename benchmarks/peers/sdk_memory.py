"""Claude Agent SDK: InMemorySessionStore."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from claude_agent_sdk import InMemorySessionStore

from ..store import Batches, Sessions
from ..workload import Entry
from .peer import Limits, Loop, Peer

_PROJECT = "benchmarks"


class SdkMemory(Peer):
    name = "Claude Agent SDK InMemorySessionStore"
    package = "claude-agent-sdk"
    notes = (
        "Keeps references to the caller's objects in a dict: nothing is encoded and nothing "
        "survives the process, so only its list compares. List: `list_sessions`, which gives all, "
        "and the newest 50 of them picked by the caller."
    )
    limits = Limits()

    def __init__(self, directory: Path) -> None:
        self._loop = Loop()
        self._store = InMemorySessionStore()

    def append(self, session_id: str, entries: list[Entry]) -> None:
        self._loop.run(self._append(session_id, entries))

    async def _append(self, session_id: str, entries: Any) -> None:
        await self._store.append({"project_key": _PROJECT, "session_id": session_id}, entries)

    def append_together(self, work: Mapping[str, Batches]) -> None:
        async def one(session_id: str, batches: Batches) -> None:
            for batch in batches:
                await self._append(session_id, batch)

        async def everyone() -> None:
            await asyncio.gather(*(one(*item) for item in work.items()))

        self._loop.run(everyone())

    def load(self, session_id: str) -> list[Entry]:
        key: Any = {"project_key": _PROJECT, "session_id": session_id}
        entries: Any = self._loop.run(self._store.load(key))
        return list(entries)

    def newest(self, limit: int) -> int:
        listed = self._loop.run(self._store.list_sessions(_PROJECT))
        return len(sorted(listed, key=lambda s: s["mtime"], reverse=True)[:limit])

    def fill(self, sessions: Sessions) -> None:
        for session_id, entries in sessions:
            self.append(session_id, entries)

    def close(self) -> None:
        self._loop.close()
