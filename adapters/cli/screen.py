"""The terminal: what is shown, and the JSON that programs read instead."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.theme import Theme

from .safe_text import clean, safe_json

WIDTH = 100
"""Columns where the output is no terminal."""

THEME = Theme(
    {
        "id": "bold cyan",
        "title": "bold",
        "quiet": "dim",
        "money": "green",
        "point": "magenta",
        "person": "bold bright_blue",
        "tool": "bold",
        "code": "cyan",
        "good": "green",
        "warn": "yellow",
        "bad": "bold red",
        "left": "yellow",
    }
)


def screen() -> Console:
    """Standard output."""
    return _console(sys.stdout)


def beside() -> Console:
    """Standard error: progress and complaints."""
    return _console(sys.stderr)


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        # Else it would leave with 1, the code of a check that does not hold.
        raise BrokenPipeError


@contextmanager
def read_or_not() -> Iterator[None]:
    """What is written here may go unread, as with ``| head -1``: what comes after it is done."""
    with suppress(BrokenPipeError):
        yield


@lru_cache(maxsize=2)
def _console(file: Any) -> Console:
    # Markup, emoji codes and highlighting would all let a transcript decide how it is shown.
    columns = os.environ.get("COLUMNS", "")
    told = int(columns) if columns.isdigit() and int(columns) >= 40 else None
    width = None if file.isatty() else told or WIDTH
    return _Screen(
        file=file,
        width=width,
        theme=THEME,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def dotted(*parts: str | tuple[str, str]) -> Text:
    """Facts in a row, none of them broken over two lines."""
    told, line = Text(), Text()
    for part in parts:
        fact = Text.assemble(part)
        if line and line.cell_len + fact.cell_len + 3 > screen().width:
            told.append_text(line).append("\n")
            line = fact
        elif line:
            line.append(" · ", "quiet").append_text(fact)
        else:
            line = fact
    return told.append_text(line)


def write_json(value: Any) -> None:
    """One JSON document."""
    _write(json.dumps(value, ensure_ascii=False, indent=2))


def write_json_line(value: Any, **raw: str) -> None:
    """One line of JSON Lines.

    Args:
        value: an object.
        raw: more of its members, as JSON text.
    """
    text = json.dumps(value, ensure_ascii=False)
    for name, member in raw.items():
        text = f'{text[:-1]}, "{name}": {member}}}'
    _write(text)


def _write(text: str) -> None:
    sys.stdout.write(safe_json(text) + "\n")


def complain(message: str) -> None:
    """Say on standard error what went wrong."""
    beside().print(f"turnlog: {clean(message)}", soft_wrap=True)
