"""The options that commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Db = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL|PATH",
        help="The log: a database URL, or the path of a SQLite file; else TURNLOG_DATABASE_URL.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs to read.")]
SessionId = Annotated[
    str, typer.Argument(metavar="ID", help="A session: its id, the beginning of it, or PROJECT/ID.")
]
AtPoint = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="POINT",
        help="A point in time: prompt:2, turn:3, version:120, checkpoint:NAME, message:UUID, "
        "time:2026-01-30T14:23Z or position:1200.",
    ),
]
AtMoment = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="POSITION|TIME",
        help="As it was: after an event of the log (position:1200, 1200), or by the log's clock "
        "(2026-01-30, 2026-01-30T14:23Z, 7d).",
    ),
]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept for ever.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")]
