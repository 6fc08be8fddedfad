"""The commands of retention: gc, archive, erase, redact."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Db, DryRun, Reason, SessionId, Yes

Files = Annotated[
    bool,
    typer.Option("--files", help="Directories that are linked to a session go with it."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (gc, archive, erase, redact):
        app.command(rich_help_panel="Keep, archive, erase")(command)


def gc(
    days: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            help="Days since something was recorded of a session that ended; else the setting "
            "cleanup_days.",
        ),
    ] = None,
    strength: Annotated[
        str,
        typer.Option(
            metavar="archive|export|erase",
            help="What becomes of it: archived and packed; written to a file, then erased; erased.",
        ),
    ] = "archive",
    out: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Where --strength export writes to.")
    ] = None,
    silent: Annotated[
        float,
        typer.Option(
            metavar="HOURS", help="Hours of silence after which an active session is abandoned."
        ),
    ] = 24.0,
    files: Files = False,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="INTERVAL",
            help="Again and again, with 24h, 30m or 7d between; until interrupted.",
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Clean up: call abandoned what fell silent, archive or erase what ended long ago.

    What is active is never touched, and counts, times, tokens and cost stay in any case.
    """
    from .. import retention_view
    from ..opened import opened

    asked = retention_view.Asked(days, strength, out, silent, files, dry_run, yes, as_json)
    with opened(db, installed=True) as work:
        if every is None:
            retention_view.clean_up(work, asked)
        else:
            retention_view.keep_clean(work, asked, every)


def archive(
    session: SessionId, reason: Reason = None, as_json: AsJson = False, db: Db = None
) -> None:
    """Take a session out of the daily lists, and pack it; it stays as readable as before."""
    from .. import retention_view
    from ..opened import opened

    with opened(db) as work:
        retention_view.archive(work, session, reason, as_json)


def erase(
    session: SessionId,
    forks: Annotated[
        bool | None,
        typer.Option(
            "--forks/--no-forks",
            help="Sessions that share its content: erase them too, or leave those that have "
            "copies of their own. Without either, the command names them and refuses.",
        ),
    ] = None,
    files: Files = False,
    reason: Reason = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Erase what a session and its subagents said, for good. It asks first.

    What stays is when they were, their counts, tokens and cost, and a hash chain that verifies.
    """
    from .. import erasing_view
    from ..opened import opened

    with opened(db, installed=True) as work:
        erasing_view.erase(
            work, session, erasing_view.Asked(forks, files, reason, dry_run, yes, as_json)
        )


def redact(
    session: SessionId,
    entry: Annotated[
        str | None,
        typer.Option(
            metavar="UUID|VERSION",
            help="The entry; without it every entry of the session that holds what is taken out.",
        ),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Take this text out; may be repeated.")
    ] = None,
    pattern: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN",
            help="Take out what this matches: `secrets`, the name of one of its patterns, or a "
            "regular expression (turnlog[redaction]); may be repeated.",
        ),
    ] = None,
    copies: Annotated[
        bool,
        typer.Option(
            "--copies",
            help="Take it out of its copies too: of sessions that share the content, and of other "
            "streams of this one. Without it the command names them.",
        ),
    ] = False,
    reason: Reason = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Take texts out of an entry for good: “redacted” stands there instead. It asks first.

    Without --text and --pattern every text of the entry goes. The agent can still resume.
    """
    from .. import redacting_view
    from ..opened import opened

    with opened(db, installed=True) as work:
        taken = redacting_view.Taken(entry, tuple(text or ()), tuple(pattern or ()), copies)
        asked = redacting_view.Asked(reason, dry_run, yes, as_json)
        redacting_view.redact(work, session, taken, asked)
