"""The command that lists sessions."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, AtMoment, Db
from .which import (
    All,
    Archived,
    Deleted,
    InDirectory,
    MaxCost,
    MaxTurns,
    MinCost,
    MinTurns,
    OfProject,
    OfUser,
    Resumable,
    Since,
    Until,
    WithAnyTag,
    WithModel,
    WithStatus,
    WithTags,
    WithText,
    asked,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Read")(sessions)


def sessions(
    project: OfProject = None,
    directory: InDirectory = None,
    user: OfUser = None,
    status: WithStatus = None,
    resumable: Resumable = False,
    tag: WithTags = None,
    any_tag: WithAnyTag = None,
    text: WithText = None,
    model: WithModel = None,
    since: Since = None,
    until: Until = None,
    min_cost: MinCost = None,
    max_cost: MaxCost = None,
    min_turns: MinTurns = None,
    max_turns: MaxTurns = None,
    archived: Archived = False,
    deleted: Deleted = False,
    all_: All = False,
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
    from . import listing
    from .asof import as_it_was
    from .opened import opened

    wanted = asked(locals())
    with opened(db) as log, as_it_was(log, at, as_json) as work:
        listing.list_sessions(work, wanted, limit, after, summaries, as_json)
