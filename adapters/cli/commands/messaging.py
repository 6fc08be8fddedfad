"""The commands on messages: record, messages, summarize, trim."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson, AtPoint, Db, DryRun, Reason, SessionId

_PANEL = "Messages"
_Text = Annotated[
    str | None, typer.Argument(metavar="TEXT", help="The text; without it, standard input.")
]
_MessageId = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="Its id; saved again under it, nothing happens."),
]
_Tokens = Annotated[int | None, typer.Option(metavar="N", help="How many tokens it takes.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (record, messages, summarize, trim):
        app.command(rich_help_panel=_PANEL)(command)


def record(
    session: Annotated[
        str, typer.Argument(metavar="ID", help="The session's whole id; a new one begins.")
    ],
    role: Annotated[str, typer.Argument(metavar="ROLE", help="user, assistant, system or tool.")],
    text: _Text = None,
    message_id: _MessageId = None,
    tokens: _Tokens = None,
    model: Annotated[str | None, typer.Option(metavar="MODEL", help="That answered.")] = None,
    answers: Annotated[
        str | None, typer.Option(metavar="CALL", help="The id of the tool call that it answers.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="The tool failed.")] = False,
    said_at: Annotated[
        str | None,
        typer.Option(
            "--said-at", metavar="TIME", help="When it was said, as 2026-01-30T14:23Z; else now."
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="KEY", help="The session's project; else where it is, or this folder's."
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option(metavar="USER", help="Whose session it is, when it begins.")
    ] = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Save a message to a session of any agent."""
    from .. import messages_view
    from ..opened import opened

    given = messages_view.Given(role, text, message_id, tokens, model, answers, failed, said_at)
    with opened(db, create=True) as work:
        messages_view.record(work, session, given, project, user, as_json)


def messages(
    session: SessionId,
    context: Annotated[
        bool, typer.Option("--context", help="Only what the model is shown next.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Said at or after it: 2026-01-30, 2026-01-30T14:23Z, 7d."
        ),
    ] = None,
    after: Annotated[
        str | None, typer.Option(metavar="MESSAGE", help="Behind the message of this id.")
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="The last so many.")] = None,
    at: AtPoint = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """List a session's messages in order, with those that left the context."""
    from .. import messages_view
    from ..opened import opened

    if context and (since or after or limit is not None):
        raise typer.BadParameter("--context shows all of it: leave --since, --after and --limit")
    with opened(db) as work:
        asked = messages_view.Asked(context, since, after, limit, at)
        messages_view.show(work, session, asked, as_json)


def summarize(
    session: SessionId,
    text: _Text = None,
    before: Annotated[
        str | None,
        typer.Option(metavar="MESSAGE", help="It stands for what came before this message."),
    ] = None,
    message_id: _MessageId = None,
    tokens: _Tokens = None,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Save a summary, which stands for the messages so far in the context."""
    from .. import messages_view
    from ..opened import opened

    with opened(db) as work:
        messages_view.summarize(work, session, text, before, message_id, tokens, as_json)


def trim(
    session: SessionId,
    before: Annotated[
        str, typer.Option("--before", metavar="MESSAGE", help="The first message that stays.")
    ],
    reason: Reason = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    db: Db = None,
) -> None:
    """Drop the messages before one from the context. They stay in the log."""
    from .. import messages_view
    from ..opened import opened

    with opened(db) as work:
        messages_view.trim(work, session, before, reason, dry_run, as_json)
