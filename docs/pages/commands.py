"""The page of the commands."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from turnlog.adapters.cli import app

from .markdown import NOTE, page, table


def commands() -> str:
    """Every command with its arguments and options."""
    group: Any = typer.main.get_command(app.app)
    context = typer.Context(group, info_name="turnlog")
    parts = [
        "# Commands",
        NOTE,
        "A session is named by its id or by any beginning of it that no other session shares, or "
        "by PROJECT/ID. A "
        "point in time is written as in [points.md](points.md), a time as `2026-01-30`, "
        "`2026-01-30T14:23Z` or an age like `7d`.",
        "`--json` writes one JSON document; `show`, `events` and `import --watch`, which stream, "
        "write one document a line. Keys stay, money is a decimal text of dollars, times are ISO "
        "8601 in UTC. What goes wrong is told on standard error.",
        "Exit codes: 0 done; 1 a check that does not hold (`verify`, `doctor`, `status --check`); "
        "2 what was asked makes no sense, or failed; 70 a mistake of ours; 130 Ctrl-C.",
    ]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        parts += _command(name, command, typer.Context(command, info_name=name, parent=context))
    return page(parts)


def _command(name: str, command: Any, context: typer.Context) -> Iterator[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    shown = "".join(f" {_argument(p)}" for p in arguments)
    yield f"## turnlog {name}"
    yield f"```\nturnlog {name}{shown} [OPTIONS]\n```"
    yield inspect.cleandoc(command.help)
    rows = [(f"`{_argument(p)}`", p.help) for p in arguments]
    rows += [(_option(p), p.help + _more(p)) for p in options]
    yield table(("", "what it does"), rows)


def _argument(argument: Any) -> str:
    name = argument.metavar if argument.required else f"[{argument.metavar}]"
    return name if argument.nargs == 1 else f"{name}..."


def _more(option: Any) -> str:
    if option.required:
        return " Required."
    default = option.default if not option.is_flag else None
    return f" Default: {default}." if default else ""


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*reversed(option.opts), *option.secondary_opts))
    return names if option.is_flag else f"{names} {option.metavar or ''}".replace("|", "\\|")
