"""The command that moves house: other libraries' databases, recorded here."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Db, DryRun


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Record")(migrate)


def migrate(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A SQLite database.")],
    kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="openai-agents, langgraph, adk or table; else what its tables show.",
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="The sessions' project; else the kind, or the ADK's application."
        ),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(metavar="USER", help="Whose they are, where the database does not tell."),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="An application's own table with a row a session."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="WHAT=NAME",
            help="What a column of that table holds: id, history, user, title, model, metadata, "
            "created, input_tokens, output_tokens, cache_read_input_tokens, "
            "cache_creation_input_tokens, total_cost_usd.",
        ),
    ] = None,
    newest: Annotated[
        bool,
        typer.Option("--newest", help="Of LangGraph: only the newest checkpoint of each thread."),
    ] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="Record sessions again that were deleted here.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Record the sessions of another library's database. Run it again: nothing comes twice."""
    from .. import moves
    from ..opened import opened

    named = {}
    for one in column or []:
        what, equals, name = one.partition("=")
        if not (what and equals and name):
            raise typer.BadParameter(f"{one!r}: --column takes WHAT=NAME, as history=messages")
        named[what] = name
    asked = moves.Asked(path, kind, project, user, table, named, not newest, restore, dry_run)
    with opened(db, create=True) as work:
        moves.migrate(work, asked, as_json)
