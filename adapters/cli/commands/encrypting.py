"""The commands of encryption: encrypt, keys."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Db, Yes


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (encrypt, keys):
        app.command(rich_help_panel="Keep, archive, erase")(command)


def encrypt(
    keys: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Where its keys are to lie: outside of the database's folder and of its backups; "
            "else the setting encryption_keys.",
        ),
    ] = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Begin an encrypted log, with keys of its own.

    A log that is there already stays as it is: bring its sessions over with `turnlog export` and
    `turnlog import`.
    """
    from ..keys_view import begin

    begin(keys, as_json, db)


def keys(
    destroy: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Destroy the keys of a session and its subagents: what they said is gone from "
            "every copy of the log. `turnlog erase` does that too, and empties the database.",
        ),
    ] = None,
    forks: Annotated[
        bool | None,
        typer.Option(
            "--forks/--no-forks",
            help="Sessions that share its content: destroy their keys too, or leave those that "
            "have copies of their own. Without either, the command names them and refuses.",
        ),
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Say whether the log is encrypted, and what keys there are; or destroy a session's."""
    from .. import keys_view
    from ..opened import opened

    if destroy is None:
        if forks is not None or yes:
            raise typer.BadParameter("--forks and --yes are for --destroy")
        with opened(db) as work:
            keys_view.show(work, as_json)
    else:
        with opened(db) as work:
            keys_view.destroy(work, destroy, forks, yes, as_json)
