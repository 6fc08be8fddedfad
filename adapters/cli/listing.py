"""Listing sessions."""

from __future__ import annotations

from ...projections.sessions import Filter, Spent
from .as_json import session_json
from .figures import money, number, tokens
from .list_view import sessions_table
from .opened import Opened
from .screen import screen, write_json
from .summaries_view import summaries_table


def list_sessions(
    work: Opened,
    asked: Filter,
    limit: int,
    after: str | None,
    summaries: bool,
    as_json: bool,
    past: bool = False,
) -> None:
    """A page of the list, as it is or, of a log as it was, in the ``past``."""
    found = work.log.sessions(asked, limit, after)
    # A full page may be the last one: only asking for what follows it tells.
    more = len(found) == limit and bool(work.log.sessions(asked, 1, found[-1].cursor))
    following = found[-1].cursor if more else None
    if as_json:
        write_json({"sessions": [session_json(s) for s in found], "next": following})
        return
    if not found:
        if asked != Filter() or after is not None:
            screen().print("No session matches.")
        elif past:
            screen().print("There were no sessions then.")
        else:
            screen().print("No sessions yet. Record some with `turnlog import`.")
        return
    screen().print((summaries_table if summaries else sessions_table)(found))
    billed = Spent()
    for session in found:
        billed = billed.plus(session.billed)
    told = f"{number(len(found), 'session')}, {tokens(billed.usage.total_tokens)} tokens"
    screen().print(f"\n{told}, {money(billed)} billed", style="quiet")
    if following:
        screen().print(f"more: turnlog sessions … --after {following}", style="quiet")
