"""The commands that prove the log to others: audit, seal."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, Db, Reason

_DEEDS = "Which deeds"
_EXPORT = "Export"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel="Read")(audit)
    app.command(rich_help_panel="Look after the log")(seal)


def audit(
    session: Annotated[
        str | None,
        typer.Argument(metavar="ID", help="Of one session, subagents included; else of the log."),
    ] = None,
    actor: Annotated[
        str | None, typer.Option(metavar="NAME", help="Done by them.", rich_help_panel=_DEEDS)
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help="As SessionRewound or rewound; given several times, any of them.",
            rich_help_panel=_DEEDS,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", help="sdk, import, api or transcript.", rich_help_panel=_DEEDS
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A part of the project's name.", rich_help_panel=_DEEDS),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(metavar="USER", help="In this user's sessions.", rich_help_panel=_DEEDS),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Recorded at or after it: 2026-01-30, 2026-01-30T14:23Z, 7d.",
            rich_help_panel=_DEEDS,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Recorded before it.", rich_help_panel=_DEEDS),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="How many, up to 10,000.")] = 50,
    before: Annotated[
        int | None,
        typer.Option(metavar="POSITION", help="The next page; the page before says its position."),
    ] = None,
    export: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write every event with its hashes, as JSON lines, for `verify --file`.",
            rich_help_panel=_EXPORT,
        ),
    ] = None,
    after: Annotated[
        int,
        typer.Option(metavar="POSITION", help="Only what came after it.", rich_help_panel=_EXPORT),
    ] = 0,
    no_content: Annotated[
        bool,
        typer.Option(
            "--no-content",
            help="Without what people and models wrote: headers and hashes.",
            rich_help_panel=_EXPORT,
        ),
    ] = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Show who did what, when and why, the newest first; or export it as evidence."""
    from ....projections.audit import EVERYTHING, AuditFilter
    from .. import audit_view
    from ..opened import key_of, opened
    from ..times import span

    asked = AuditFilter(
        None,
        tuple(kind or ()),
        actor,
        source,
        project,
        user,
        *span(since, until),
    )
    if export is None and (after or no_content):
        raise typer.BadParameter("--after and --no-content go with --export")
    if export is not None and (asked != EVERYTHING or before is not None):
        raise typer.BadParameter(
            "an export holds whole streams, or their chains could not be verified: name a session "
            "or --after a position, nothing else"
        )
    with opened(db) as work:
        key = key_of(work.session(session)) if session is not None else None
        if export is not None:
            audit_view.export(work, export, key, after, not no_content, as_json)
        else:
            audit_view.show_audit(work, asked._replace(session=key), limit, before, as_json)


def seal(
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write it into a new file, to keep elsewhere."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show the seals there are.")] = False,
    prove: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Seal nothing: prove that this session is under the last seal."
        ),
    ] = None,
    reason: Reason = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Record the heads of all streams under one hash, which shows any change to what was before.

    Keep the file, or the fingerprint, where nobody can write who can write to the log; `turnlog
    verify --seal` compares.
    """
    from .. import seal_view
    from ..opened import opened

    if list_ and (prove is not None or out is not None or reason is not None):
        raise typer.BadParameter("--list shows the seals there are, and takes no other option")
    if prove is not None and reason is not None:
        raise typer.BadParameter("--reason is of a seal, and --prove makes none")
    with opened(db) as work:
        if list_:
            seal_view.list_seals(work, as_json)
        elif prove is not None:
            seal_view.prove(work, prove, out, as_json)
        else:
            seal_view.seal(work, out, reason, as_json)
