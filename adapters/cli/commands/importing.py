"""The command that imports what Claude Code left on a disk."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Db


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import", rich_help_panel="Record")(import_)


def import_(
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH",
            help="A configuration directory, its projects folder, one project's folder, or one "
            "file; or sessions that `export` wrote as jsonl. Without it: CLAUDE_CONFIG_DIR, or "
            "~/.claude.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="How many processes read the files; else as many as help."
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="USER", help="Whose sessions these are.")
    ] = None,
    machine: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where they were held; else this machine.")
    ] = None,
    restore: Annotated[
        bool,
        typer.Option("--restore", help="Bring sessions back that were deleted or erased here."),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on as the files grow; end with Ctrl-C.")
    ] = False,
    install: Annotated[
        bool,
        typer.Option("--install", help="Print what would run the import before the CLI cleans up."),
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="With --install: set it up, not only print it.")
    ] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Record the sessions of Claude Code. Run it again at any time: nothing is recorded twice."""
    from .. import imports

    if restore and (watch or install or write):
        raise typer.BadParameter("--restore goes with one import, not with those that go on")
    if watch and (install or write):
        raise typer.BadParameter("--watch follows the files now, --install sets up what runs later")
    if watch and workers is not None:
        raise typer.BadParameter("--watch chooses itself how many --workers help")
    asked = imports.Asked(path, workers, user, machine, restore, as_json)
    if install or write:
        imports.install(asked, db, write)
    elif watch:
        imports.watch(asked, db)
    else:
        imports.run(asked, db)
