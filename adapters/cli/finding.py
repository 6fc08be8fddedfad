"""The command that lists sessions."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, AtMoment, Db

_LISTS = "Which sessions"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Read")(sessions)


def sessions(
    project: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A part of the project's name.", rich_help_panel=_LISTS),
    ] = None,
    directory: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Worked in this folder or below.", rich_help_panel=_LISTS
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="USER", help="Of this user.", rich_help_panel=_LISTS)
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATUS",
            help="active, complete, incomplete, error or abandoned; several times for any of them.",
            rich_help_panel=_LISTS,
        ),
    ] = None,
    resumable: Annotated[
        bool,
        typer.Option(
            "--resumable",
            help="That may be gone on with: active or incomplete ones.",
            rich_help_panel=_LISTS,
        ),
    ] = False,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG",
            help="With this tag; several times for all of them.",
            rich_help_panel=_LISTS,
        ),
    ] = None,
    any_tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG",
            help="With this tag or another that is asked for so.",
            rich_help_panel=_LISTS,
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="A part of the title or the first message.",
            rich_help_panel=_LISTS,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="That used this model; a part of its name.",
            rich_help_panel=_LISTS,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Last active at or after it: 2026-01-30, 2026-01-30T14:23Z, 7d.",
            rich_help_panel=_LISTS,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Last active before it.", rich_help_panel=_LISTS),
    ] = None,
    min_cost: Annotated[
        str | None,
        typer.Option(metavar="USD", help="That cost at least so much.", rich_help_panel=_LISTS),
    ] = None,
    max_cost: Annotated[
        str | None,
        typer.Option(metavar="USD", help="That cost at most so much.", rich_help_panel=_LISTS),
    ] = None,
    min_turns: Annotated[
        int | None,
        typer.Option(metavar="N", help="With at least so many turns.", rich_help_panel=_LISTS),
    ] = None,
    max_turns: Annotated[
        int | None,
        typer.Option(metavar="N", help="With at most so many turns.", rich_help_panel=_LISTS),
    ] = None,
    archived: Annotated[
        bool, typer.Option("--archived", help="Archived ones.", rich_help_panel=_LISTS)
    ] = False,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Deleted ones.", rich_help_panel=_LISTS)
    ] = False,
    all_: Annotated[
        bool, typer.Option("--all", help="Archived and deleted ones too.", rich_help_panel=_LISTS)
    ] = False,
    summaries: Annotated[
        bool,
        typer.Option(
            "--summaries",
            help="Each with when it began, its messages, tags, and first message or summary.",
        ),
    ] = False,
    limit: Annotated[int, typer.Option(metavar="N", help="How many, up to 10,000.")] = 50,
    after: Annotated[
        str | None,
        typer.Option(metavar="CURSOR", help="The next page; the page before says its cursor."),
    ] = None,
    at: AtMoment = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """List sessions, the newest first."""
    from ...projections.sessions import Filter
    from . import listing
    from .asof import as_it_was
    from .opened import opened
    from .search_view import usd
    from .times import span

    first, last = span(since, until)
    asked = Filter(
        user_id=user,
        project=project,
        directory=directory,
        status=listing.known_statuses(status or [], resumable),
        tags=tuple(tag or ()),
        any_tags=tuple(any_tag or ()),
        text=text,
        since=first,
        until=last,
        presence=listing.presences(archived, deleted, all_),
        model=model,
        min_cost_usd=usd(min_cost),
        max_cost_usd=usd(max_cost),
        min_turns=min_turns,
        max_turns=max_turns,
    ).checked()
    with opened(db) as log, as_it_was(log, at, as_json) as work:
        listing.list_sessions(work, asked, limit, after, summaries, as_json)
