"""The command that searches."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Db

_LISTS = "Which sessions"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Read")(search)


def search(
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            help='Words; "a phrase", sql* (a beginning), -without, OR, title:word. '
            "Write -- before a query that begins with a dash.",
        ),
    ],
    within: Annotated[
        str | None,
        typer.Option(
            "--in",
            metavar="FIELDS",
            help="Only in these: titles, prompts, answers, inputs, results, tools (the last two); "
            "several with commas.",
        ),
    ] = None,
    all_branches: Annotated[
        bool,
        typer.Option("--all-branches", help="Also what rewinds left behind, and former titles."),
    ] = False,
    user: Annotated[
        str | None, typer.Option(metavar="USER", help="Of this user.", rich_help_panel=_LISTS)
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A part of the project's name.", rich_help_panel=_LISTS),
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(
            metavar="STATUS",
            help="active, complete, incomplete, error or abandoned.",
            rich_help_panel=_LISTS,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="That used this model; a part of its name.", rich_help_panel=_LISTS
        ),
    ] = None,
    tag: Annotated[
        str | None, typer.Option(metavar="TAG", help="With this tag.", rich_help_panel=_LISTS)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Said at or after it: 2026-01-30, 2026-01-30T14:23Z, 7d.",
            rich_help_panel=_LISTS,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Said before it.", rich_help_panel=_LISTS),
    ] = None,
    min_cost: Annotated[
        str | None,
        typer.Option(metavar="USD", help="That cost at least so much.", rich_help_panel=_LISTS),
    ] = None,
    max_cost: Annotated[
        str | None,
        typer.Option(metavar="USD", help="That cost at most so much.", rich_help_panel=_LISTS),
    ] = None,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Deleted ones too.", rich_help_panel=_LISTS)
    ] = False,
    limit: Annotated[int, typer.Option(metavar="N", help="Hits a page, up to 100.")] = 10,
    page: Annotated[int, typer.Option(metavar="N", help="Which page.")] = 1,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Search prompts, answers, tool calls, their results and titles."""
    from ...projections.search.candidates import ANYWHERE, SearchFilter
    from . import listing, search_view
    from .opened import opened
    from .times import span

    first, last = span(since, until)
    asked = SearchFilter(
        user_id=user,
        project=project,
        status=listing.known_status(status),
        model=model,
        tag=tag,
        since=first,
        until=last,
        min_cost_usd=search_view.usd(min_cost),
        max_cost_usd=search_view.usd(max_cost),
        presence=(*ANYWHERE.presence, "deleted") if deleted else ANYWHERE.presence,
    )
    fields = within.replace(",", " ").split() if within is not None else None
    with opened(db) as work:
        search_view.show_hits(work, query, fields, asked, all_branches, limit, page, as_json)
