"""The commands that read a session or add up: show, get, branches, events, stats, status."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, AtMoment, AtPoint, Db, SessionId

_PERIOD = "Which period"
_OF = "Of one alone"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (show, get, branches, events, stats, status):
        app.command(rich_help_panel="Read")(command)


def show(
    session: SessionId,
    at: AtPoint = None,
    thinking: Annotated[
        bool, typer.Option("--thinking", help="With what the model thought.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Tool calls and their results at full length.")
    ] = False,
    subagents: Annotated[
        bool, typer.Option("--subagents", help="With the conversations of subagents.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as the session grows; end with Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Show the conversation of a session, now or at a point in time."""
    from .. import showing
    from ..opened import opened

    with opened(db) as work:
        showing.show(work, session, showing.Wanted(at, thinking, full, subagents, follow, as_json))


def get(
    session: SessionId,
    at: AtPoint = None,
    text: Annotated[bool, typer.Option("--text", help="Only what the model said.")] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Show a session as one value: status, turns, tokens, and what the model said."""
    from .. import record_view
    from ..opened import opened

    with opened(db) as work:
        record_view.show_record(work, session, at, text, as_json)


def branches(session: SessionId, as_json: AsJson = False, db: Db = None) -> None:
    """Show the branches that rewinds left, and how to come back to each."""
    from .. import branches_view
    from ..opened import opened

    with opened(db) as work:
        branches_view.show_branches(work, session, as_json)


def events(
    session: SessionId,
    after: Annotated[int, typer.Option(metavar="VERSION", help="Only what came after it.")] = 0,
    subagent: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of this subagent; a part of its name is enough."),
    ] = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Show every event of a session, in order, on every branch."""
    from .. import trail
    from ..opened import opened

    with opened(db) as work:
        trail.show_events(work, session, after, subagent, as_json)


def stats(
    session: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="Of one session, subagents included; else of the log."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="Row by row: day, month, model, user, project, branch or session; of one session "
            "prompt or turn.",
        ),
    ] = None,
    blocks: Annotated[
        bool, typer.Option("--blocks", help="By five hours, as Claude Code's plans count.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Spent at or after it: 2026-01-30, 7d.", rich_help_panel=_PERIOD
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Spent before it.", rich_help_panel=_PERIOD)
    ] = None,
    tz: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE",
            help="The time zone of days and months, as Europe/Berlin; else the machine's.",
            rich_help_panel=_PERIOD,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Of this model, by day or month.", rich_help_panel=_OF),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            metavar="USER", help="Of this user, by day, month or session.", rich_help_panel=_OF
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Of the projects with this in their names, by day, month or session.",
            rich_help_panel=_OF,
        ),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option(
            metavar="BRANCH", help="Of this Git branch, by day or month.", rich_help_panel=_OF
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", help="With --by session: how many, up to 10,000.")
    ] = 50,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="CURSOR",
            help="With --by session: the next page; the page before says its cursor.",
        ),
    ] = None,
    at: AtMoment = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write CSV.")] = False,
    db: Db = None,
) -> None:
    """Show tokens and cost, each response counted once."""
    from ....reading.usage import only_of
    from .. import spending
    from ..asof import as_it_was
    from ..opened import opened
    from ..usage_view import Wanted

    first, last = spending.period(since, until, tz)
    only = only_of(model=model, user=user, project=project, branch=branch)
    wanted = Wanted(by or "", first, last, tz, limit, after, as_json, as_csv, only)
    with opened(db) as log, as_it_was(log, at, as_json or as_csv) as work:
        spending.show(work, session, wanted, blocks)


def status(
    session: Annotated[
        str | None, typer.Argument(metavar="ID", help="With what this session took.")
    ] = None,
    stdin: Annotated[
        bool,
        typer.Option("--stdin", help="With the session that Claude Code names on standard input."),
    ] = False,
    tz: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE", help="The time zone of today, as Europe/Berlin; else the machine's."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Leave with 1 when the budget is spent.")
    ] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Tell in one line what today and the present block of five hours took: for a prompt."""
    from .. import block_view
    from ..opened import opened

    with opened(db) as work:
        name = session or (block_view.told_session(work) if stdin else None)
        holds = block_view.show_status(work, name, tz, as_json)
    if check and not holds:
        raise typer.Exit(1)
