"""The command that writes files for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import AsJson, Db

_ROWS = "Which rows"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Read")(export)


def export(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where to; a folder that is new or empty.")
    ],
    what: Annotated[
        str,
        typer.Option(metavar="TABLE", help="usage (a row for each copy of a response) or events."),
    ] = "usage",
    format_: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="parquet (with turnlog[parquet]), csv or jsonl."
        ),
    ] = "parquet",
    content: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="Of events: none of what was written, notes (titles, tags, reasons), or all with "
            "the transcripts' lines.",
        ),
    ] = "notes",
    project: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A part of the project's name.", rich_help_panel=_ROWS),
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="USER", help="Of this user.", rich_help_panel=_ROWS)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="What happened at or after it: 2026-01-30, 2026-01-30T14:23Z, 7d.",
            rich_help_panel=_ROWS,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="What happened before it.", rich_help_panel=_ROWS),
    ] = None,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Bring an export that is there up to date: new events are added, usage is written "
            "anew.",
        ),
    ] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Write events or usage as Parquet, CSV or JSON lines, one folder a day."""
    from ...analytics.exporting import Asked
    from . import exports
    from .opened import opened
    from .times import span

    asked = Asked(
        what,
        format_,
        content,
        project,
        user,
        *span(since, until),
    )
    with opened(db) as work:
        exports.write(work, out, asked, update, as_json)
