"""The commands, put together."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import typer

from .commands import (
    beginning,
    caring,
    changing,
    diffing,
    encrypting,
    exporting,
    finding,
    importing,
    messaging,
    moving,
    projecting,
    proving,
    reading,
    retaining,
    searching,
)
from .screen import complain

_USAGE: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "UsageError")
_CLICK: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

app = typer.Typer(
    name="turnlog",
    help="Every turn of an AI-agent session, on the record.",
    epilog="Begin with `turnlog import`, which records what lies in ~/.claude.",
    add_completion=False,
    # In the default, rich, what stands in square brackets is not shown: turnlog[parquet].
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _module in (
    importing,
    moving,
    beginning,
    finding,
    reading,
    searching,
    diffing,
    exporting,
    changing,
    retaining,
    encrypting,
    messaging,
    proving,
    projecting,
    caring,
):
    _module.register(app)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"turnlog {version('turnlog')}")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Every turn of an AI-agent session, on the record."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@cache
def _command() -> Any:
    """The commands as they are parsed: reading their annotations takes a tenth of a second."""
    return typer.main.get_command(app)


def called(arguments: list[str]) -> int:
    """Run a command line; what a command raises comes out of here.

    Returns:
        The exit code.
    """
    try:
        code = _command()(args=arguments, prog_name="turnlog", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except _CLICK as problem:
        told = problem.format_message()
        if isinstance(problem, _USAGE) and problem.ctx is not None:
            told += f"\nsee `{problem.ctx.command_path} --help`"
        complain(told)
        return int(problem.exit_code)
    return code if isinstance(code, int) else 0
