"""The command that lists sessions."""

from __future__ import annotations

from typing import Annotated

import typer

from . import which
from .options import AsJson, AtMoment, Db


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Read")(sessions)


def sessions(
    project: which.OfProject = None,
    directory: which.InDirectory = None,
    user: which.OfUser = None,
    status: which.WithStatus = None,
    resumable: which.Resumable = False,
    tag: which.WithTags = None,
    any_tag: which.WithAnyTag = None,
    text: which.WithText = None,
    model: which.WithModel = None,
    since: which.Since = None,
    until: which.Until = None,
    min_cost: which.MinCost = None,
    max_cost: which.MaxCost = None,
    min_turns: which.MinTurns = None,
    max_turns: which.MaxTurns = None,
    archived: which.Archived = False,
    deleted: which.Deleted = False,
    all_: which.All = False,
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
    from .. import chosen, listing
    from ..asof import as_it_was
    from ..opened import opened

    wanted = chosen.asked(locals())
    with opened(db) as log, as_it_was(log, at, as_json) as work:
        listing.list_sessions(work, wanted, limit, after, summaries, as_json, at is not None)
