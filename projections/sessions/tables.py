"""The tables of the sessions projection, once for each generation of them."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    desc,
)

from ..columns import KEY, ORDERED

NAME = "sessions"
VERSION = 4


COUNTERS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_5m",
    "cache_creation_1h",
    "web_search_requests",
)
SUMS = (
    *COUNTERS,
    "cost",
    "unpriced",
    "responses",
    "placeholders",
    "placeholder_output_tokens",
    "estimated_output_tokens",
)
"""What is added up, once as billed and once as live. Cost in nano-dollars; ``unpriced`` counts
responses whose cost is unknown. The last three are of responses whose output counter is a
placeholder: how many, the tokens they tell (within ``output_tokens``), what their texts take."""

KINDS = ("thread", "model", "user", "project", "branch")
"""By what the rollups are grouped; each kind adds up to the whole. A thread is the sessions' own
(``main``) or that of their subagents."""
SPANS = (1, 4, 96, 3072)
"""How many quarters of an hour a row of the rollups covers: a quarter, an hour, a day, 32 days."""
SPANS_OF_VALUES = (1, 96, 3072)
"""Those kept for models, users, projects and branches: local days are told for all of them at once.
"""
QUARTER = 900_000
"""Milliseconds."""
UNDATED = -(1 << 40)
"""Where the responses without a time are added up, on the widest span alone."""


class SessionTables:
    """The tables of one generation, whose names begin with ``prefix``."""

    def __init__(self, prefix: str) -> None:
        self.metadata = MetaData()
        self.sessions = Table(
            f"{prefix}_sessions",
            self.metadata,
            Column("stream", KEY, primary_key=True, autoincrement=False),
            Column("name", ORDERED, nullable=False),
            Column("main", ORDERED, nullable=False),
            Column("project_key", Text, nullable=False),
            Column("session_id", ORDERED, nullable=False),
            Column("subpath", Text),
            Column("presence", Text, nullable=False),
            Column("status", Text, nullable=False),
            Column("stop_reason", Text),
            Column("title", Text),
            Column("user_id", Text),
            Column("working_dir", Text),
            Column("machine", Text),
            Column("source", Text, nullable=False),
            Column("called_by", Text),
            Column("forked_from", Text),
            Column("prompts", Integer, nullable=False),
            Column("turns", Integer, nullable=False),
            Column("entries", Integer, nullable=False),
            Column("recorded", Integer, nullable=False),
            Column("gaps", Integer, nullable=False),
            Column("models", Text, nullable=False),
            Column("tags", Text, nullable=False),
            Column("first_at", BigInteger),
            Column("last_at", BigInteger),
            Column("active_at", BigInteger, nullable=False),
            Column("recorded_at", BigInteger, nullable=False),
            Column("version", Integer, nullable=False),
            Column("git_branch", Text),
            Column("first_message", Text),
            Column("summary", Text),
            Column("continuations", Integer, nullable=False),
            Column("begun_at", BigInteger, nullable=False),
            *(Column(f"billed_{name}", BigInteger, nullable=False) for name in SUMS),
            *(Column(f"live_{name}", BigInteger, nullable=False) for name in SUMS),
            Column("counted", SmallInteger, nullable=False),
            Column("reported", BigInteger, nullable=False),
            Column("reports", Integer, nullable=False),
        )
        Index(
            f"{prefix}_newest",
            desc(self.sessions.c.active_at),
            desc(self.sessions.c.stream),
            sqlite_where=self.sessions.c.subpath.is_(None),
            postgresql_where=self.sessions.c.subpath.is_(None),
        )
        Index(f"{prefix}_by_id", self.sessions.c.session_id)
        Index(f"{prefix}_by_main", self.sessions.c.main)

        self.responses = Table(
            f"{prefix}_responses",
            self.metadata,
            Column("stream", KEY, primary_key=True, autoincrement=False),
            Column("turn", Integer, primary_key=True, autoincrement=False),
            Column("key", LargeBinary, nullable=False),
            Column("model", Text),
            Column("git_branch", Text),
            Column("origin", Text),
            Column("at", BigInteger),
            Column("prompt", Integer, nullable=False),
            Column("branch", Integer, nullable=False),
            Column("place", Integer, nullable=False),
            Column("late", Integer, nullable=False),
            Column("native", SmallInteger, nullable=False),
            Column("fast", SmallInteger, nullable=False),
            Column("told", SmallInteger, nullable=False),
            Column("placeholder", SmallInteger, nullable=False),
            Column("characters", Integer, nullable=False),
            Column("live", SmallInteger, nullable=False),
            Column("billed", SmallInteger, nullable=False),
            *(Column(name, BigInteger, nullable=False) for name in COUNTERS),
            Column("cost", BigInteger),
            Column("position", BigInteger, nullable=False),
            sqlite_with_rowid=False,
        )
        Index(f"{prefix}_copies", self.responses.c.key)

        self.rollups = Table(
            f"{prefix}_rollups",
            self.metadata,
            Column("kind", SmallInteger, primary_key=True, autoincrement=False),
            Column("span", SmallInteger, primary_key=True, autoincrement=False),
            Column("start", BigInteger, primary_key=True, autoincrement=False),
            Column("value", ORDERED, primary_key=True),
            Column("shard", SmallInteger, primary_key=True, autoincrement=False),
            *(Column(f"billed_{name}", BigInteger, nullable=False) for name in SUMS),
            *(
                Column(f"undone_{name}", BigInteger, nullable=False, server_default="0")
                for name in SUMS
            ),
            sqlite_with_rowid=False,
        )

        self.departures = Table(
            f"{prefix}_departures",
            self.metadata,
            Column("stream", KEY, primary_key=True, autoincrement=False),
            Column("child", Integer, primary_key=True, autoincrement=False),
            Column("at", Integer, nullable=False),
            Column("branch", Integer, nullable=False),
            sqlite_with_rowid=False,
        )

        self.calls = Table(
            f"{prefix}_calls",
            self.metadata,
            Column("stream", KEY, primary_key=True, autoincrement=False),
            Column("call", ORDERED, primary_key=True),
            Column("branch", Integer, nullable=False),
            Column("place", Integer, nullable=False),
            Column("late", Integer, nullable=False),
            Column("prompt", Integer, nullable=False),
            Column("live", SmallInteger, nullable=False),
            sqlite_with_rowid=False,
        )

        self.reports = Table(
            f"{prefix}_reports",
            self.metadata,
            Column("stream", KEY, primary_key=True, autoincrement=False),
            Column("version", Integer, primary_key=True, autoincrement=False),
            Column("branch", Integer, nullable=False),
            Column("source", Text, nullable=False),
            Column("at", BigInteger),
            Column("counter", Text, nullable=False),
            Column("cli_version", Text),
            Column("since", BigInteger),
            Column("api_ms", BigInteger),
            Column("native", SmallInteger, nullable=False),
            Column("total", BigInteger, nullable=False),
            Column("gained", BigInteger, nullable=False),
            sqlite_with_rowid=False,
        )

        # No column is called stream: what moved stays told when one session is rebuilt alone.
        self.moves = Table(
            f"{prefix}_moves",
            self.metadata,
            Column("position", KEY, primary_key=True, autoincrement=False),
            Column("key", LargeBinary, primary_key=True),
            Column("version", Integer, nullable=False),
            Column("to_stream", BigInteger, nullable=False),
            Column("from_stream", BigInteger, nullable=False),
            Column("cost", BigInteger),
            sqlite_with_rowid=False,
        )
        Index(f"{prefix}_moves_by_key", self.moves.c.key)

        self.checkpoints = Table(
            f"{prefix}_checkpoints",
            self.metadata,
            Column("stream", KEY, primary_key=True, autoincrement=False),
            Column("version", Integer, primary_key=True, autoincrement=False),
            Column("name", Text, nullable=False),
            Column("kind", Text, nullable=False),
            Column("anchor", Integer, nullable=False),
            Column("branch", Integer, nullable=False),
            Column("turn", Integer, nullable=False),
            Column("prompt", Integer, nullable=False),
            Column("label", Text),
            Column("recorded_at", BigInteger, nullable=False),
            sqlite_with_rowid=False,
        )

        self.tags = Table(
            f"{prefix}_tags",
            self.metadata,
            Column("stream", KEY, primary_key=True, autoincrement=False),
            Column("tag", Text, primary_key=True),
            sqlite_with_rowid=False,
        )


@lru_cache(maxsize=16)
def tables_of(prefix: str) -> SessionTables:
    """The tables whose names begin with a prefix."""
    return SessionTables(prefix)
