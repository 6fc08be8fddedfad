"""Responses as rows of an export: each copy, with the one that is billed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, or_, select

from ..adapters.storage.contract import Reader
from ..domain.keys import SessionKey
from ..domain.usage import Usage
from ..projections.printable import printable
from ..projections.sessions.tables import COUNTERS
from ..reading.finding import tables_in
from .columns import USAGE, known_time
from .event_rows import token_columns

_NAMES = [column.name for column in USAGE]
_AT_ONCE = 2_000
_THERE = ("present", "archived")


def usage_rows(reader: Reader) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every response in the order of the columns, behind its session's stream."""
    tables = tables_in(reader)
    r, s = tables.responses.c, tables.sessions.c
    asked = (
        select(
            r.stream,
            r.turn,
            s.main,
            s.name,
            s.user_id,
            s.working_dir,
            s.presence,
            r.key,
            r.model,
            r.at,
            r.billed,
            r.live,
            r.placeholder,
            r.fast,
            r.cost,
            *(r[name] for name in COUNTERS),
        )
        .join_from(tables.responses, tables.sessions, r.stream == s.stream)
        .order_by(r.stream, r.turn)
        .limit(_AT_ONCE)
    )
    stream, turn = -1, -1
    while True:
        behind = or_(r.stream > stream, and_(r.stream == stream, r.turn > turn))
        rows = reader.query(asked.where(behind))
        for row in rows:
            stream, turn, main, *rest = row
            yield main, _row(turn, *rest)
        if len(rows) < _AT_ONCE:
            return


def _row(
    turn: int,
    name: str,
    user_id: str | None,
    working_dir: str | None,
    presence: str,
    key: bytes,
    model: str | None,
    at: int | None,
    billed: int,
    live: int,
    placeholder: int,
    fast: int,
    cost: int | None,
    *counters: int,
) -> tuple[Any, ...]:
    place = SessionKey.parse(name)
    row = {
        "occurred_at": known_time(at),
        "project_key": printable(place.project_key),
        "gen_ai.conversation.id": printable(place.session_id),
        "subpath": printable(place.subpath),
        "user_id": user_id,
        "working_dir": working_dir,
        "presence": presence,
        "turn": turn,
        "response_key": bytes(key).hex(),
        "gen_ai.response.model": model,
        **token_columns(Usage(*map(int, counters))),
        "cost_nano_usd": int(cost) if cost is not None else None,
        "billed": bool(billed),
        "live": bool(live) and presence in _THERE,
        "placeholder": bool(placeholder),
        "fast": bool(fast),
    }
    return tuple(map(row.get, _NAMES))
