"""The commands that append a fact: checkpoint, rewind, fork, rename, tag, delete, undelete."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, AtPoint, Db, DryRun, Reason, SessionId


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (checkpoint, rewind, fork, rename, tag, delete, undelete):
        app.command(rich_help_panel="Go back, branch off, name")(command)


def checkpoint(
    session: SessionId,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="How to call the present point.")
    ] = None,
    label: Annotated[str | None, typer.Option(metavar="TEXT", help="A note to go with it.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List those there are.")] = False,
    show: Annotated[
        bool,
        typer.Option("--show", help="Show the session as it was there: turns, tokens, text."),
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Name the present point of a session, to come back to it; or list its checkpoints."""
    from .. import changes
    from ..opened import opened

    with opened(db) as work:
        if name is None or list_:
            changes.list_checkpoints(work, session, as_json)
        elif show:
            changes.show_checkpoint(work, session, name, as_json)
        else:
            changes.set_checkpoint(work, session, name, label, dry_run, as_json)


def rewind(
    session: SessionId,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="POINT",
            help="The last point kept: prompt:2, turn:3, version:120, checkpoint:NAME, "
            "message:UUID or time:2026-01-30T14:23Z.",
        ),
    ],
    reason: Reason = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Go back to a point; the agent resumes from there. What came after it stays in the log."""
    from .. import changes
    from ..opened import opened

    with opened(db) as work:
        changes.rewind(work, session, to, reason, dry_run, as_json)


def fork(
    session: SessionId,
    at: AtPoint = None,
    into: Annotated[
        str | None, typer.Option(metavar="NEWID", help="The new session's id; else a new uuid.")
    ] = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Begin a new session from a point of this one (from its end, without --at)."""
    from .. import changes
    from ..opened import opened

    with opened(db) as work:
        changes.fork(work, session, at, into, reason, dry_run, as_json)


def rename(
    session: SessionId,
    title: Annotated[str | None, typer.Argument(metavar="TITLE", help="The new title.")] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take it away: the transcript's own shows again.")
    ] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Give a session a title of its own."""
    from .. import changes
    from ..opened import opened

    with opened(db) as work:
        changes.rename(work, session, title, remove, as_json)


def tag(
    session: SessionId,
    tags: Annotated[list[str] | None, typer.Argument(metavar="TAG", help="Tags to add.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="TAG", help="Take a tag away.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="These tags and no others.")] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Tag a session; without tags, show those it has."""
    from .. import changes
    from ..opened import opened

    with opened(db) as work:
        changes.retag(work, session, tags or [], remove or [], replace, as_json)


def delete(
    session: SessionId, reason: Reason = None, as_json: AsJson = False, db: Db = None
) -> None:
    """Take a session off the lists; `turnlog undelete` brings it back."""
    from .. import changes
    from ..opened import opened

    with opened(db) as work:
        changes.delete(work, session, reason, as_json)


def undelete(
    session: SessionId, reason: Reason = None, as_json: AsJson = False, db: Db = None
) -> None:
    """Bring a deleted session back."""
    from .. import changes
    from ..opened import opened

    with opened(db) as work:
        changes.undelete(work, session, reason, as_json)
