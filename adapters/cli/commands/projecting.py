"""The commands that keep the read models: project, rebuild."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Db

Name = Annotated[
    str | None, typer.Argument(metavar="NAME", help="One read model; else all of them.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (project, rebuild):
        app.command(rich_help_panel="Look after the log")(command)


def project(
    name: Name = None,
    once: Annotated[
        bool, typer.Option("--once", help="Catch up with what is there, and end.")
    ] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Keep the read models caught up, until interrupted; any number of processes may.

    Commands that need a read model catch it up by themselves: this keeps them from having to.
    """
    from .. import projections
    from ..opened import opened

    with opened(db, outdated=True, installed=True) as work:
        projections.project(work, name, once, as_json)


def rebuild(
    name: Name = None,
    session: Annotated[
        str | None,
        typer.Option("--session", metavar="ID", help="Fold the events of one session alone again."),
    ] = None,
    anew: Annotated[
        bool,
        typer.Option("--anew", help="Begin again where an earlier rebuild was interrupted."),
    ] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Fold the read models from the events again, beside the live ones; appends go on.

    Interrupted, it goes on where it was when it is called again.
    """
    from .. import projections
    from ..opened import opened

    with opened(db, outdated=True, installed=True) as work:
        projections.rebuild(work, name, session, anew, as_json)
