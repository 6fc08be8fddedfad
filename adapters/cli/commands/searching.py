"""The command that searches."""

from __future__ import annotations

from typing import Annotated

import typer

from . import which
from .options import AsJson, Db


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
    user: which.OfUser = None,
    project: which.OfProject = None,
    status: Annotated[
        str | None,
        typer.Option(
            metavar="STATUS",
            help="active, complete, incomplete, error or abandoned.",
            rich_help_panel=which.PANEL,
        ),
    ] = None,
    model: which.WithModel = None,
    tag: Annotated[
        str | None, typer.Option(metavar="TAG", help="With this tag.", rich_help_panel=which.PANEL)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Said at or after it: 2026-01-30, 2026-01-30T14:23Z, 7d.",
            rich_help_panel=which.PANEL,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Said before it.", rich_help_panel=which.PANEL),
    ] = None,
    min_cost: which.MinCost = None,
    max_cost: which.MaxCost = None,
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Deleted ones too.", rich_help_panel=which.PANEL)
    ] = False,
    limit: Annotated[int, typer.Option(metavar="N", help="Hits a page, up to 100.")] = 10,
    page: Annotated[int, typer.Option(metavar="N", help="Which page.")] = 1,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Search prompts, answers, tool calls, their results and titles."""
    from ....domain.statuses import known
    from ....projections.search.candidates import ANYWHERE, SearchFilter
    from .. import search_view
    from ..chosen import usd
    from ..opened import opened
    from ..times import span

    first, last = span(since, until)
    asked = SearchFilter(
        user_id=user,
        project=project,
        status=known(status) if status is not None else None,
        model=model,
        tag=tag,
        since=first,
        until=last,
        min_cost_usd=usd(min_cost),
        max_cost_usd=usd(max_cost),
        presence=(*ANYWHERE.presence, "deleted") if deleted else ANYWHERE.presence,
    )
    fields = within.replace(",", " ").split() if within is not None else None
    with opened(db) as work:
        search_view.show_hits(work, query, fields, asked, all_branches, limit, page, as_json)
