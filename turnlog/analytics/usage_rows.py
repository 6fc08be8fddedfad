"""Responses as rows of an export: each copy, with the one that is billed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, or_, select

from ..adapters.storage.contract.reader import Reader
from ..domain.keys import SessionKey
from ..domain.usage import estimated_tokens
from ..projections.printable import printable
from ..projections.sessions.response import Response, Told
from ..projections.sessions.tables import SessionTables
from ..reading.finding import tables_in
from .columns import USAGE, known_time
from .event_rows import token_columns

_NAMES = [column.name for column in USAGE]
_AT_ONCE = 2_000


def usage_rows(reader: Reader) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every response in the order of the columns, behind its session's stream."""
    tables = tables_in(reader)
    r, s = tables.responses.c, tables.sessions.c
    shown_somewhere = _shown_copies(tables)
    asked = (
        select(
            tables.responses,
            s.main,
            s.name,
            s.user_id,
            s.working_dir,
            s.presence,
            s.counted,
            shown_somewhere,
        )
        .join_from(tables.responses, tables.sessions, r.stream == s.stream)
        .where(r.told != Told.CLAIM)
        .order_by(r.stream, r.turn)
        .limit(_AT_ONCE)
    )
    width = len(tables.responses.columns)
    stream, turn = -1, 0
    while True:
        behind = or_(r.stream > stream, and_(r.stream == stream, r.turn > turn))
        rows = reader.query(asked.where(behind))
        for row in rows:
            response, (main, *holder) = Response.of(row[:width]), row[width:]
            stream, turn = response[:2]
            yield main, _row(response, *holder)
        if len(rows) < _AT_ONCE:
            return


def _shown_copies(tables: SessionTables) -> Any:
    """Whether any copy of a response is part of a live conversation."""
    copy, holder = tables.responses.alias(), tables.sessions.alias()
    return (
        select(copy.c.key)
        .join_from(copy, holder, copy.c.stream == holder.c.stream)
        .where(copy.c.key == tables.responses.c.key, copy.c.live == 1, holder.c.counted == 1)
        .correlate(tables.responses)
        .exists()
        .label("shown")
    )


def _row(
    response: Response,
    name: str,
    user_id: str | None,
    working_dir: str | None,
    presence: str,
    counted: int,
    shown_somewhere: int,
) -> tuple[Any, ...]:
    place = SessionKey.parse(name)
    estimate = None
    if response.placeholder:
        told = response.counters.output_tokens
        estimate = max(told, estimated_tokens(response.characters))
    row = {
        "occurred_at": known_time(response.at),
        "project_key": printable(place.project_key),
        "gen_ai.conversation.id": printable(place.session_id),
        "subpath": printable(place.subpath),
        "user_id": user_id,
        "working_dir": working_dir,
        "vcs.ref.head.name": response.git_branch,
        "presence": presence,
        "prompt": response.prompt,
        "turn": response.turn if response.turn > 0 else None,
        "response_key": bytes(response.key).hex(),
        "gen_ai.response.model": response.model,
        **token_columns(response.counters),
        "cost_nano_usd": response.cost,
        "billed": bool(response.billed),
        "live": bool(response.live and counted),
        "live_somewhere": bool(shown_somewhere),
        "placeholder": bool(response.placeholder),
        "estimated_output_tokens": estimate,
        "fast": bool(response.fast),
    }
    return tuple(map(row.get, _NAMES))
