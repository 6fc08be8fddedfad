"""The commands that look after the log: verify, doctor, settings."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Db


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (verify, doctor, settings):
        app.command(rich_help_panel="Look after the log")(command)


def verify(
    session: Annotated[
        str | None, typer.Argument(metavar="ID", help="One session; else the whole log.")
    ] = None,
    seal: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|FINGERPRINT",
            help="Also that nothing before this seal was changed, removed or put in.",
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Instead of the log, a trail that `audit --export` wrote, or sessions that "
            "`export` wrote as jsonl; needs no database.",
        ),
    ] = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Check every event against its hash chain. Exit code 0: it holds; 1: it does not."""
    from .. import care
    from ..opened import opened

    if file is not None:
        if session is not None or db is not None:
            raise typer.BadParameter("--file takes the place of the log, or of one session")
        holds = care.verify_file(file, seal, as_json)
    else:
        with opened(db) as work:
            holds = care.verify(work, session, seal, as_json)
    if not holds:
        raise typer.Exit(1)


def doctor(
    config_dir: Annotated[
        str | None,
        typer.Option(
            "--config-dir",
            metavar="PATH",
            help="Also look for sessions to import in this configuration directory (~/.claude).",
        ),
    ] = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Say what is installed, where the log is, what is wrong with it, and what to do.

    Exit code 0: nothing is wrong; 1: something is.
    """
    from ..doctor_view import show_doctor

    if not show_doctor(db, config_dir, as_json):
        raise typer.Exit(1)


def settings(as_json: AsJson = False, db: Db = None) -> None:
    """Show the settings in force, and where each comes from."""
    from ..settings_view import show_settings

    show_settings(db, as_json)
