"""The command that writes files: sessions, and rows for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from . import which
from .options import AsJson, AtPoint, Db

_ROWS = ("project", "user", "since", "until")
"""The options that choose rows as well as sessions."""
_CHOOSING = (
    *_ROWS,
    *("directory", "status", "resumable", "tag", "any_tag", "text", "model", "min_cost"),
    *("max_cost", "min_turns", "max_turns", "archived", "deleted", "all_"),
)
_OF_ROWS = "Rows"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Read")(export)


def export(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="PATH", help="Where to: a file, or a folder for several."),
    ],
    session: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID", help="Sessions: ids, or the beginnings of ids; else all that match."
        ),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Of sessions: html, markdown, jsonl (to be imported elsewhere) or claude (files "
            "that Claude Code resumes); else what PATH ends in. Of rows: parquet (with "
            "turnlog[parquet]), csv or jsonl.",
        ),
    ] = None,
    what: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="sessions, where the other options speak of them; else rows for other tools: "
            "usage (a row for each copy of a response) or events.",
        ),
    ] = None,
    at: AtPoint = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Sessions: files that are there are replaced.")
    ] = False,
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
    content: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="Of events: none of what was written, notes (titles, tags, reasons; so it is "
            "without the option), or all with the transcripts' lines.",
            rich_help_panel=_OF_ROWS,
        ),
    ] = None,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Bring an export that is there up to date: new events are added, usage is written "
            "anew.",
            rich_help_panel=_OF_ROWS,
        ),
    ] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Write sessions: pages, Markdown, JSON lines, Claude Code files; or rows for other tools."""
    from .. import exports
    from ..chosen import asked
    from ..opened import opened

    given = locals()
    picked = [name for name in _CHOOSING if given[name]]
    if what == "sessions" or (what is None and _speaks_of_sessions(given, picked)):
        if content is not None or update:
            raise typer.BadParameter("--content and --update are for rows, not for sessions")
        if session and picked:
            raise typer.BadParameter("name sessions, or choose them by options; not both")
        wanted = exports.Wanted(session or [], asked(given), format_, at, overwrite, as_json)
        with opened(db) as work:
            exports.write_sessions(work, out, wanted)
        return
    strange = [n for n in (*picked, "session", "at", "overwrite") if given[n] and n not in _ROWS]
    if strange:
        raise typer.BadParameter(f"{_spelled(strange[0])} is for sessions, not for rows")
    with opened(db) as work:
        exports.write_rows(work, out, _rows(given), update, as_json)


def _speaks_of_sessions(given: dict[str, Any], picked: list[str]) -> bool:
    from ....exchange.exporting import FORMATS, suffix_format

    if given["session"] or any(name not in _ROWS for name in picked):
        return True
    named = given["format_"]
    if named is not None:
        return named in FORMATS and (named != "jsonl" or suffix_format(given["out"]) == "jsonl")
    return suffix_format(given["out"]) is not None


def _rows(given: dict[str, Any]) -> Any:
    from ....analytics.exporting import Asked
    from ..times import span

    return Asked(
        given["what"] or "usage",
        given["format_"] or "parquet",
        given["content"] or "notes",
        given["project"],
        given["user"],
        *span(given["since"], given["until"]),
    )


def _spelled(name: str) -> str:
    return "an ID" if name == "session" else f"--{name.rstrip('_').replace('_', '-')}"
