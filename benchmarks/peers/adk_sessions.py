"""Google ADK: DatabaseSessionService on SQLite."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from google.adk.events.event import Event
from google.adk.sessions.database_session_service import DatabaseSessionService
from google.adk.sessions.session import Session
from sqlalchemy import event as sqlalchemy_event

from ..store import Batches, Sessions
from ..workload import Entry
from .peer import Limits, Loop, Peer

_APP, _USER = "benchmarks", "somebody"


class AdkSessions(Peer):
    name = "Google ADK DatabaseSessionService"
    package = "google-adk"
    notes = (
        "One `append_event` an entry (there is no batch; each is a transaction), the entry as the "
        "event's custom metadata. Write-ahead log and synchronous=FULL set from outside: by "
        "default it keeps SQLite's rollback journal. Load: `get_session` of 1,000 entries. "
        "List: `list_sessions`, which gives all of them; most of the sessions were copied by SQL."
    )
    limits = Limits(
        appends={1: (20, 5), 50: (2, 1), 500: (1, 1)},
        together=2,
        load=1_000,
        load_batch=500,
        rounds=3,
        settling=0,
    )

    def __init__(self, directory: Path) -> None:
        self._path = directory / "adk.db"
        self._loop = Loop()
        url = f"sqlite+aiosqlite:///{self._path}"
        self._service = DatabaseSessionService(url, connect_args={"timeout": 60})
        engine = self._service.db_engine.sync_engine
        sqlalchemy_event.listen(engine, "connect", _durable_log)
        self._loop.run(self._service.prepare_tables())
        self._sessions: dict[str, Session] = {}

    async def _append(self, session_id: str, entries: list[Entry]) -> None:
        session = self._sessions.get(session_id)
        if session is None:
            session = await self._service.create_session(
                app_name=_APP, user_id=_USER, session_id=session_id
            )
            self._sessions[session_id] = session
        for entry in entries:
            event = Event(author="user", invocation_id="1", custom_metadata=entry)
            await self._service.append_event(session, event)

    def append(self, session_id: str, entries: list[Entry]) -> None:
        self._loop.run(self._append(session_id, entries))

    def append_together(self, work: Mapping[str, Batches]) -> None:
        async def one(session_id: str, batches: Batches) -> None:
            for batch in batches:
                await self._append(session_id, batch)

        async def everyone() -> None:
            await asyncio.gather(*(one(*item) for item in work.items()))

        self._loop.run(everyone())

    def load(self, session_id: str) -> list[Entry]:
        session = self._loop.run(
            self._service.get_session(app_name=_APP, user_id=_USER, session_id=session_id)
        )
        assert session is not None
        return [event.custom_metadata or {} for event in session.events]

    def newest(self, limit: int) -> int:
        listed = self._loop.run(self._service.list_sessions(app_name=_APP, user_id=_USER))
        newest = sorted(listed.sessions, key=lambda s: s.last_update_time, reverse=True)
        return len(newest[:limit])

    def fill(self, sessions: Sessions) -> None:
        names = [session_id for session_id, _ in sessions]
        self._loop.run(
            self._service.create_session(app_name=_APP, user_id=_USER, session_id="template")
        )
        with closing(sqlite3.connect(self._path)) as connection, connection:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(sessions)")]
            picked = ", ".join("?" if column == "id" else column for column in columns)
            connection.executemany(
                f"INSERT INTO sessions SELECT {picked} FROM sessions WHERE id = 'template'",
                [(name,) for name in names],
            )

    def close(self) -> None:
        self._loop.run(self._service.close())
        self._loop.close()


def _durable_log(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
