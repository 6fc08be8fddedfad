"""The command that compares two points of a session."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Db, SessionId


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Read")(diff)


def diff(
    session: SessionId,
    a: Annotated[
        str, typer.Argument(metavar="A", help="The point to start from: prompt:2, version:120, …")
    ],
    b: Annotated[
        str | None, typer.Argument(metavar="B", help="The point to compare it with; else now.")
    ] = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Show what happened between two points of a session, also on different branches."""
    from .. import diff_view
    from ..opened import opened

    with opened(db) as work:
        diff_view.show_diff(work, session, a, b, as_json)
