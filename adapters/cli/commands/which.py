"""Which sessions: the options that commands share."""

from __future__ import annotations

from typing import Annotated, Any

import typer

PANEL = "Which sessions"


def _option(metavar: str, told: str) -> Any:
    return typer.Option(metavar=metavar, help=told, rich_help_panel=PANEL)


def _flag(name: str, told: str) -> Any:
    return typer.Option(name, help=told, rich_help_panel=PANEL)


OfProject = Annotated[str | None, _option("TEXT", "A part of the project's name.")]
InDirectory = Annotated[str | None, _option("PATH", "Worked in this folder or below.")]
OfUser = Annotated[str | None, _option("USER", "Of this user.")]
WithStatus = Annotated[
    list[str] | None,
    _option(
        "STATUS",
        "active, complete, incomplete, error or abandoned; several times for any of them.",
    ),
]
Resumable = Annotated[
    bool, _flag("--resumable", "That may be gone on with: active or incomplete ones.")
]
WithTags = Annotated[
    list[str] | None, _option("TAG", "With this tag; several times for all of them.")
]
WithAnyTag = Annotated[
    list[str] | None, _option("TAG", "With this tag or another that is asked for so.")
]
WithText = Annotated[str | None, _option("TEXT", "A part of the title or the first message.")]
WithModel = Annotated[str | None, _option("TEXT", "That used this model; a part of its name.")]
Since = Annotated[
    str | None,
    _option("TIME", "Last active at or after it: 2026-01-30, 2026-01-30T14:23Z, 7d."),
]
Until = Annotated[str | None, _option("TIME", "Last active before it.")]
MinCost = Annotated[str | None, _option("USD", "That cost at least so much.")]
MaxCost = Annotated[str | None, _option("USD", "That cost at most so much.")]
MinTurns = Annotated[int | None, _option("N", "With at least so many turns.")]
MaxTurns = Annotated[int | None, _option("N", "With at most so many turns.")]
Archived = Annotated[bool, _flag("--archived", "Archived ones.")]
Deleted = Annotated[bool, _flag("--deleted", "Deleted ones.")]
All = Annotated[bool, _flag("--all", "Archived and deleted ones too.")]
