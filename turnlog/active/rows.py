"""A session as a row of JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.usage import Usage
from ..projections.sessions import Session, Spent

_NAMES = Session._fields
_SPENT = ("billed", "live", "own_billed", "own_live")
_PLACES = [_NAMES.index(name) for name in _SPENT]
_TEXTS = [_NAMES.index(name) for name in ("models", "tags")]
_SUMS = Spent._fields[1:]


def row_of(session: Session) -> dict[str, Any]:
    """Every field by its name; tokens and nano-dollars as integers."""
    row = session._asdict()
    for name in _SPENT:
        spent: Spent = row[name]
        row[name] = {**spent._asdict(), "usage": spent.usage._asdict()}
    return row


def session_of(row: Mapping[str, Any]) -> Session:
    """The inverse of ``row_of``.

    Raises:
        ValueError: it is no such row, or one of another release.
    """
    try:
        fields: list[Any] = [row[name] for name in _NAMES]
        if len(row) != len(fields):
            raise ValueError(f"a row with the fields {sorted(row)}")
        for n in _PLACES:
            spent = fields[n]
            usage = Usage(*(spent["usage"][name] for name in Usage._fields))
            fields[n] = Spent(usage, *(spent[name] for name in _SUMS))
        for n in _TEXTS:
            fields[n] = tuple(fields[n])
        return Session._make(fields)
    except (TypeError, KeyError) as problem:
        raise ValueError(f"no row of a session: {problem!r}") from problem
