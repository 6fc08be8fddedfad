"""A session as a row of JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.usage import Usage
from ..projections.sessions import Session, Spent

_SPENT = ("billed", "live", "own_billed", "own_live")
_TEXTS = ("models", "tags")


def row_of(session: Session) -> dict[str, Any]:
    """Every field by its name; tokens and nano-dollars as integers."""
    row = session._asdict()
    for name in _SPENT:
        spent = getattr(session, name)
        row[name] = {**spent._asdict(), "usage": spent.usage._asdict()}
    return row


def session_of(row: Mapping[str, Any]) -> Session:
    """The inverse of ``row_of``.

    Raises:
        ValueError: it is no such row, or one of another release.
    """
    try:
        if row.keys() != set(Session._fields):
            raise ValueError(f"a row with the fields {sorted(row)}")
        fields = dict(row)
        for name in _SPENT:
            spent = dict(fields[name])
            fields[name] = Spent(**{**spent, "usage": Usage(**spent["usage"])})
        for name in _TEXTS:
            fields[name] = tuple(fields[name])
        return Session(**fields)
    except (TypeError, KeyError, AttributeError) as problem:
        raise ValueError(f"no session: {problem}") from problem
