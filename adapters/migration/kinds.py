"""Which library a database belongs to: its tables tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from ...domain.errors import Refused
from . import adk, langgraph, openai_agents, table
from .database import ForeignDatabase, NotMigratable
from .found import ForeignSession, Unreadable

KINDS = (openai_agents.KIND, langgraph.KIND, adk.KIND, table.KIND)


class Source(Protocol):
    """The sessions of a database."""

    kind: str
    unread: Unreadable
    """What could not be read so far."""

    def sessions(self) -> Iterator[ForeignSession]:
        """Every session."""


def kinds_of(database: ForeignDatabase) -> list[str]:
    """The kinds that a database could be, the surest first."""
    if {"events", "streams", "blocks"} <= set(database.tables):
        raise NotMigratable(f"{database.path} is a log of turnlog already")
    found = []
    if openai_agents.tables(database):
        found.append(openai_agents.KIND)
    if langgraph.is_one(database):
        found.append(langgraph.KIND)
    if adk.is_one(database):
        found.append(adk.KIND)
    elif table.table_of(database) is not None:
        found.append(table.KIND)
    return found


def source_of(
    database: ForeignDatabase,
    kind: str | None,
    table_name: str | None,
    columns: Mapping[str, str] | None,
    history: bool,
) -> list[Source]:
    """What a database holds, of one kind or of all that it has.

    Raises:
        Refused: no such kind, table or column.
        NotMigratable: it holds nothing that is known.
    """
    if kind is not None and kind not in KINDS:
        raise Refused(f"{kind!r:.40} is no kind of database; there are {', '.join(KINDS)}")
    if table_name is not None or columns:
        kind = kind or table.KIND
    kinds = [kind] if kind is not None else kinds_of(database)
    if not kinds:
        there = ", ".join(sorted(database.tables)) or "none"
        raise NotMigratable(
            f"{database.path} holds no sessions that are known: its tables are {there}; name the "
            "one with the sessions, as in --table chats --column history=messages"
        )
    return [_source(database, one, table_name, columns, history) for one in kinds]


def _source(
    database: ForeignDatabase,
    kind: str,
    table_name: str | None,
    columns: Mapping[str, str] | None,
    history: bool,
) -> Source:
    if kind == table.KIND:
        found = table.table_of(database, table_name)
        if found is None:
            raise Refused(f"{database.path} has no table of sessions; name it with --table")
        return table.SessionsTable(database, found, columns)
    if kind == openai_agents.KIND and openai_agents.tables(database):
        return openai_agents.OpenAIAgents(database)
    if kind == langgraph.KIND and langgraph.is_one(database):
        return langgraph.LangGraph(database, history)
    if kind == adk.KIND and adk.is_one(database):
        return adk.AgentDevelopmentKit(database)
    raise NotMigratable(f"{database.path} has not the tables of {kind}")
