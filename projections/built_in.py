"""The read models that every log has."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from sqlalchemy import Dialect

from ..domain.prices import price as table_price
from .audit import AuditTrail
from .engine.registry import Registration
from .sessions import Sessions
from .sessions.response import Price
from .texts import SHOWN, Texts

_MADE: dict[tuple[str, str, str, Price], Sessions] = {}


def _sessions(
    dialect: Dialect, prefix: str, price: Price = table_price, texts: Texts = SHOWN
) -> Sessions:
    if texts is not SHOWN:
        return Sessions(dialect, prefix, price, texts)
    # It keeps nothing of a log but the texts of its statements, and those take longer to compile
    # than all else of opening a log: they are compiled once a process.
    key = (dialect.name, dialect.paramstyle, prefix, price)
    made = _MADE.get(key)
    if made is None:
        made = _MADE[key] = Sessions(dialect, prefix, price)
    return made


BUILT_IN = (
    replace(Registration.of(Sessions, "inline"), make=_sessions, textless=True),
    replace(Registration.of(AuditTrail), textless=True),
)


def built_in(price: Price | None, texts: Texts = SHOWN) -> tuple[Registration, ...]:
    """The same with prices of one's choice.

    Args:
        price: what a response costs; None for the table that comes with turnlog.
        texts: what they keep of what people wrote.
    """
    if price is None and texts is SHOWN:
        return BUILT_IN
    sessions, audit = BUILT_IN
    return (
        replace(sessions, make=partial(_sessions, price=price or table_price, texts=texts)),
        replace(audit, make=partial(AuditTrail, texts=texts)),
    )
