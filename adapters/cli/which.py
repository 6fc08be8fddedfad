"""Which sessions: the options that commands share, and what they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ...projections.sessions import Filter

_PANEL = "Which sessions"

OfProject = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="A part of the project's name.", rich_help_panel=_PANEL),
]

InDirectory = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Worked in this folder or below.", rich_help_panel=_PANEL),
]

OfUser = Annotated[
    str | None, typer.Option(metavar="USER", help="Of this user.", rich_help_panel=_PANEL)
]

WithStatus = Annotated[
    list[str] | None,
    typer.Option(
        metavar="STATUS",
        help="active, complete, incomplete, error or abandoned; several times for any of them.",
        rich_help_panel=_PANEL,
    ),
]

Resumable = Annotated[
    bool,
    typer.Option(
        "--resumable",
        help="That may be gone on with: active or incomplete ones.",
        rich_help_panel=_PANEL,
    ),
]

WithTags = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TAG",
        help="With this tag; several times for all of them.",
        rich_help_panel=_PANEL,
    ),
]

WithAnyTag = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TAG",
        help="With this tag or another that is asked for so.",
        rich_help_panel=_PANEL,
    ),
]

WithText = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="A part of the title or the first message.",
        rich_help_panel=_PANEL,
    ),
]

WithModel = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="That used this model; a part of its name.",
        rich_help_panel=_PANEL,
    ),
]

Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Last active at or after it: 2026-01-30, 2026-01-30T14:23Z, 7d.",
        rich_help_panel=_PANEL,
    ),
]

Until = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Last active before it.", rich_help_panel=_PANEL),
]

MinCost = Annotated[
    str | None,
    typer.Option(metavar="USD", help="That cost at least so much.", rich_help_panel=_PANEL),
]

MaxCost = Annotated[
    str | None,
    typer.Option(metavar="USD", help="That cost at most so much.", rich_help_panel=_PANEL),
]

MinTurns = Annotated[
    int | None,
    typer.Option(metavar="N", help="With at least so many turns.", rich_help_panel=_PANEL),
]

MaxTurns = Annotated[
    int | None,
    typer.Option(metavar="N", help="With at most so many turns.", rich_help_panel=_PANEL),
]

Archived = Annotated[
    bool, typer.Option("--archived", help="Archived ones.", rich_help_panel=_PANEL)
]

Deleted = Annotated[bool, typer.Option("--deleted", help="Deleted ones.", rich_help_panel=_PANEL)]

All = Annotated[
    bool, typer.Option("--all", help="Archived and deleted ones too.", rich_help_panel=_PANEL)
]


def asked(options: dict[str, Any]) -> Filter:
    """What the options ask for, by their names in a command.

    Raises:
        Refused: no session can be so.
    """
    from ...projections.sessions import Filter
    from . import listing
    from .search_view import usd
    from .times import span

    first, last = span(options["since"], options["until"])
    return Filter(
        user_id=options["user"],
        project=options["project"],
        directory=options["directory"],
        status=listing.known_statuses(options["status"] or [], options["resumable"]),
        tags=tuple(options["tag"] or ()),
        any_tags=tuple(options["any_tag"] or ()),
        text=options["text"],
        since=first,
        until=last,
        presence=listing.presences(options["archived"], options["deleted"], options["all_"]),
        model=options["model"],
        min_cost_usd=usd(options["min_cost"]),
        max_cost_usd=usd(options["max_cost"]),
        min_turns=options["min_turns"],
        max_turns=options["max_turns"],
    ).checked()
