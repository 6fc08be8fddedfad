"""The commands that begin sessions and tell more of them: create, update, mark, attempt, meta."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Db, Reason, SessionId

_TOLD = "What is told of it"
UserId = Annotated[
    str | None, typer.Option("--user", metavar="USER", help="Whose it is.", rich_help_panel=_TOLD)
]
Prompt = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What was asked first.", rich_help_panel=_TOLD)
]
Model = Annotated[
    str | None, typer.Option(metavar="MODEL", help="The model it is for.", rich_help_panel=_TOLD)
]
Title = Annotated[
    str | None, typer.Option(metavar="TITLE", help="A title of its own.", rich_help_panel=_TOLD)
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        metavar="TAG",
        help="A tag; several times for several. They replace those it has.",
        rich_help_panel=_TOLD,
    ),
]
Metadata = Annotated[
    list[str] | None,
    typer.Option(
        "--meta",
        metavar="NAME=VALUE",
        help="Metadata; several times for several. The value is JSON, or else a text.",
        rich_help_panel=_TOLD,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (create, update, mark, attempt, meta):
        app.command(rich_help_panel="Begin, and tell more")(command)


def create(
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Its id; else a new one.")
    ] = None,
    ids: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="How a new id is made: uuid, or time (2026-01-30-1423-123, in UTC).",
        ),
    ] = "uuid",
    project: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="The key of its project; else that of the directory."),
    ] = None,
    directory: Annotated[
        str | None, typer.Option(metavar="PATH", help="Where it works; else this folder.")
    ] = None,
    go_on: Annotated[
        bool,
        typer.Option(
            "--continue",
            help="Go on with the folder's latest session, if its last message is younger than "
            "`continue_hours` (4) or --within.",
        ),
    ] = False,
    within: Annotated[
        str | None,
        typer.Option(
            metavar="AGE", help="With --continue: the age of the last message, as 30m, 4h, 2d."
        ),
    ] = None,
    user: UserId = None,
    prompt: Prompt = None,
    model: Model = None,
    title: Title = None,
    tag: Tags = None,
    meta: Metadata = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Begin a session, or go on with the latest of a folder, and say its id."""
    from .. import details
    from ..opened import opened

    told = details.told(user, prompt, model, title, tag, meta)
    place = details.Place(id_, ids, project, directory, go_on, within)
    with opened(db, create=True) as work:
        details.create(work, place, told, as_json)


def update(
    session: SessionId,
    directory: Annotated[
        str | None, typer.Option(metavar="PATH", help="Where it works.", rich_help_panel=_TOLD)
    ] = None,
    user: UserId = None,
    prompt: Prompt = None,
    model: Model = None,
    title: Title = None,
    tag: Tags = None,
    meta: Metadata = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Tell more of a session, or something else: all of it at once."""
    from .. import details
    from ..opened import opened

    told = details.told(user, prompt, model, title, tag, meta, directory)
    with opened(db) as work:
        details.update(work, session, told, as_json)


def mark(
    session: SessionId,
    status: Annotated[
        str,
        typer.Argument(metavar="STATUS", help="active, complete, incomplete, error or abandoned."),
    ],
    stop_reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why the last answer ended.")
    ] = None,
    reason: Reason = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Set a session's status; it holds until the transcript says otherwise."""
    from .. import details
    from ..opened import opened

    with opened(db) as work:
        details.mark(work, session, status, stop_reason, reason, as_json)


def attempt(
    session: SessionId, reason: Reason = None, as_json: AsJson = False, db: Db = None
) -> None:
    """Note that one tries to go on with an interrupted answer, and say which attempt it is."""
    from .. import details
    from ..opened import opened

    with opened(db) as work:
        details.attempt(work, session, reason, as_json)


def meta(
    session: SessionId,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE", help="Metadata to add. The value is JSON, or else a text."
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="NAME", help="Take one away.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="These and no others.")] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Add metadata to a session; without values, show what it has."""
    from .. import details
    from ..opened import opened

    with opened(db) as work:
        details.meta(work, session, values or [], remove or [], replace, as_json)
