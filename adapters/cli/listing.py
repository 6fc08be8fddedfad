"""Listing sessions."""

from __future__ import annotations

from typing import get_args

from ...domain.errors import Refused
from ...domain.events import Status
from ...projections.sessions import Filter, Spent
from .as_json import session_json
from .figures import money, number
from .list_view import sessions_table
from .opened import Opened
from .screen import screen, write_json

PRESENCES = ("present", "archived", "deleted", "erased")


def list_sessions(
    work: Opened, asked: Filter, limit: int, after: str | None, as_json: bool
) -> None:
    """A page of the list."""
    found = work.log.sessions(asked, limit, after)
    # A full page may be the last one: only asking for what follows it tells.
    more = len(found) == limit and bool(work.log.sessions(asked, 1, found[-1].cursor))
    following = found[-1].cursor if more else None
    if as_json:
        write_json({"sessions": [session_json(s) for s in found], "next": following})
        return
    if not found:
        if asked == Filter() and after is None:
            screen().print("No sessions yet. Record some with `turnlog import`.")
        else:
            screen().print("No session matches.")
        return
    screen().print(sessions_table(found))
    billed = Spent()
    for session in found:
        billed = billed.plus(session.billed)
    screen().print(f"\n{number(len(found), 'session')}, {money(billed)} billed", style="quiet")
    if following:
        screen().print(f"more: turnlog sessions … --after {following}", style="quiet")


def known_status(status: str | None) -> str | None:
    """A status that exists.

    Raises:
        Refused: it does not.
    """
    if status is not None and status not in get_args(Status):
        raise Refused(f"{status!r} is no status; take one of {', '.join(get_args(Status))}")
    return status


def presences(archived: bool, deleted: bool, everything: bool) -> tuple[str, ...]:
    """Which sessions the options speak of."""
    if everything:
        return PRESENCES
    chosen = (("archived",) if archived else ()) + (("deleted", "erased") if deleted else ())
    return chosen or ("present",)
