"""The read models that every log has."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from .audit import AuditTrail
from .engine.registry import Registration
from .sessions import Sessions
from .sessions.response import Price

BUILT_IN = (Registration.of(Sessions, "inline"), Registration.of(AuditTrail))


def built_in(price: Price | None) -> tuple[Registration, ...]:
    """The same with prices of one's choice.

    Args:
        price: what a response costs; None for the table that comes with turnlog.
    """
    if price is None:
        return BUILT_IN
    sessions, *others = BUILT_IN
    return replace(sessions, make=partial(Sessions, price=price)), *others
