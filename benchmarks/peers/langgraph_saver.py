"""LangGraph: SqliteSaver, one checkpoint a turn."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.sqlite import SqliteSaver

from ..store import Batches, Sessions, in_threads
from ..workload import Entry
from .peer import Limits, Peer

# Appends a thread: what a checkpoint holds grows with it.
_THREAD = 10


class LangGraphSaver(Peer):
    name = "LangGraph SqliteSaver"
    package = "langgraph-checkpoint-sqlite"
    notes = (
        "An append is one `put` of a checkpoint, which holds all messages of the thread so far; "
        "a thread here is only 10 appends long. Its own write-ahead log, "
        "synchronous=FULL. Load: `get_tuple` of a thread written in one `put`. "
        "List: `list(None, limit=50)`, which lists checkpoints."
    )
    limits = Limits(appends={1: (100, 10), 50: (10, 1), 500: (10, 1)}, load_batch=20_000)

    def __init__(self, directory: Path) -> None:
        self._connection = sqlite3.connect(directory / "langgraph.db", check_same_thread=False)
        self._saver = SqliteSaver(self._connection)
        self._saver.setup()
        self._connection.execute("PRAGMA synchronous=FULL")
        self._appended: dict[str, int] = {}
        self._threads: dict[str, tuple[Any, list[Entry]]] = {}

    def append(self, session_id: str, entries: list[Entry]) -> None:
        appended = self._appended.get(session_id, 0)
        self._appended[session_id] = appended + 1
        thread = f"{session_id}-{appended // _THREAD}" if appended >= _THREAD else session_id
        start: Any = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
        config, messages = self._threads.get(thread, (start, []))
        messages = messages + entries
        version = len(messages)
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = {"messages": messages}
        checkpoint["channel_versions"] = {"messages": version}
        metadata: Any = {"source": "loop", "step": version, "parents": {}}
        config = self._saver.put(config, checkpoint, metadata, {"messages": version})
        self._threads[thread] = (config, messages)

    def append_together(self, work: Mapping[str, Batches]) -> None:
        in_threads(self._append_all, {name: [batches] for name, batches in work.items()})

    def _append_all(self, session_id: str, batches: Batches) -> None:
        for batch in batches:
            self.append(session_id, batch)

    def load(self, session_id: str) -> list[Entry]:
        config: Any = {"configurable": {"thread_id": session_id}}
        found = self._saver.get_tuple(config)
        assert found is not None
        return list(found.checkpoint["channel_values"]["messages"])

    def newest(self, limit: int) -> int:
        return len(list(self._saver.list(None, limit=limit)))

    def fill(self, sessions: Sessions) -> None:
        self._connection.execute("PRAGMA synchronous=OFF")
        for session_id, entries in sessions:
            self.append(session_id, entries)
        self._connection.execute("PRAGMA synchronous=FULL")

    def close(self) -> None:
        self._connection.close()
