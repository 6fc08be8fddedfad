"""What was spent, by model."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select

from ..adapters.storage.contract.reader import Reader
from ..domain.keys import SessionKey
from ..domain.usage import Usage
from ..projections.sessions import Spent
from ..projections.sessions.tables import COUNTERS
from .finding import tables_in


class ModelSpent(NamedTuple):
    """What one model was used for, each response counted once, at the session that owns it."""

    model: str | None
    responses: int
    billed: Spent
    placeholders: int
    """Responses whose output figure cannot be believed (CLI 2.1.42 and before)."""


def spent_by_model(reader: Reader, key: SessionKey | None = None) -> list[ModelSpent]:
    """Billed tokens and cost by model, the dearest first.

    Args:
        key: a session, its subagents included; None for the whole log.
    """
    tables = tables_in(reader)
    r, sessions = tables.responses.c, tables.sessions
    asked = (
        select(
            r.model,
            func.count(),
            *(func.sum(r[name]) for name in COUNTERS),
            func.sum(r.cost),
            func.count() - func.count(r.cost),
            func.sum(r.placeholder),
        )
        .where(r.billed == 1)
        .group_by(r.model)
    )
    if key is not None:
        mine = select(sessions.c.stream).where(sessions.c.main == key.main.stream_id)
        asked = asked.where(r.stream.in_(mine))
    found = []
    for model, count, *rest in reader.query(asked):
        counters, (cost, unpriced, placeholders) = rest[: len(COUNTERS)], rest[len(COUNTERS) :]
        spent = Spent(Usage(*map(int, counters)), int(cost or 0), int(unpriced))
        found.append(ModelSpent(model, int(count), spent, int(placeholders or 0)))
    return sorted(found, key=lambda s: (-s.billed.cost_nano_usd, s.model or ""))
