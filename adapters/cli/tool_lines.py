"""A tool's call and its result, each in a line or two."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent
from typing import Any, NamedTuple

from ..claude import tool_calls
from ..claude.tool_calls import content_text
from .figures import number
from .safe_text import clean, one_line

LONGEST = 400
SHOWN = 3
"""Lines of a result that are shown."""
_SILENT = frozenset(("Edit", "MultiEdit", "Write", "NotebookEdit", "TodoWrite"))
"""Tools whose results only say that they worked."""


class Result(NamedTuple):
    """What a tool answered."""

    lines: list[str]
    more: int
    """Lines that are not shown."""
    failed: bool


def called(name: str, given: Any, directory: str | None) -> str:
    """What a tool was called with, on one line."""
    return one_line(tool_calls.called(name, given, directory))[:LONGEST]


def call_in_full(given: Any) -> str:
    """Everything that a tool was called with."""
    if not isinstance(given, Mapping):
        return clean(str(given))
    return "\n".join(f"{clean(str(name))}: {clean(_text(value))}" for name, value in given.items())


def answered(name: str, block: Mapping[str, Any], full: bool) -> Result:
    """What a tool answered, shortened unless ``full``."""
    failed = block.get("is_error") is True
    text = clean(content_text(block.get("content"))).strip("\n")
    lines = text.split("\n") if text.strip() else []
    if full:
        return Result(lines, 0, failed)
    if not failed:
        if name in _SILENT:
            return Result([], 0, False)
        if name == "Read" and len(lines) > 1:
            return Result([number(len(lines), "line")], 0, False)
    told = [line[:LONGEST] for line in lines if line.strip()][:SHOWN]
    shown = dedent("\n".join(told)).split("\n") if told else []
    return Result(shown, max(len(lines) - len(shown), 0), failed)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
