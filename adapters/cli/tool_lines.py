"""A tool's call and its result, each in a line or two."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent
from typing import Any, NamedTuple

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
    given = given if isinstance(given, Mapping) else {}
    tell = _CALLS.get(name)
    told = tell(given, directory) if tell else _pairs(given)
    return one_line(told)[:LONGEST]


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


def content_text(content: Any) -> str:
    """The text of a message's or a result's content; what is no text is named."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return "" if content is None else str(content)
    told = []
    for block in content:
        if not isinstance(block, Mapping):
            told.append(str(block))
        elif isinstance(block.get("text"), str):
            told.append(block["text"])
        elif block.get("type") not in ("tool_result", "tool_use", "thinking", "redacted_thinking"):
            told.append(f"[{block.get('type', 'something')}]")
    return "\n".join(told)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _path(given: Mapping[str, Any], directory: str | None) -> str:
    path = _text(given.get("file_path") or given.get("notebook_path") or given.get("path") or "")
    inside = directory.rstrip("/") + "/" if directory else None
    return path.removeprefix(inside) if inside else path


def _bash(given: Mapping[str, Any], directory: str | None) -> str:
    command = _text(given.get("command", "")).strip()
    first, line_end, _ = command.partition("\n")
    return f"{first} …" if line_end else first


def _edit(given: Mapping[str, Any], directory: str | None) -> str:
    edits = given.get("edits")
    parts = [e for e in edits if isinstance(e, Mapping)] if isinstance(edits, list) else [given]
    new = sum(_lines(part.get("new_string")) for part in parts)
    old = sum(_lines(part.get("old_string")) for part in parts)
    return f"{_path(given, directory)}  +{new} -{old}"


def _write(given: Mapping[str, Any], directory: str | None) -> str:
    return f"{_path(given, directory)}  {number(_lines(given.get('content')), 'line')}"


def _lines(text: Any) -> int:
    return len(text.rstrip("\n").split("\n")) if isinstance(text, str) and text else 0


def _grep(given: Mapping[str, Any], directory: str | None) -> str:
    where = _path(given, directory) or _text(given.get("glob") or "")
    return _text(given.get("pattern", "")) + (f"  in {where}" if where else "")


def _task(given: Mapping[str, Any], directory: str | None) -> str:
    kind = given.get("subagent_type")
    what = _text(given.get("description") or given.get("prompt") or "")
    return f"{_text(kind)}: {what}" if kind else what


def _todos(given: Mapping[str, Any], directory: str | None) -> str:
    todos = given.get("todos")
    return number(len(todos), "item") if isinstance(todos, list) else ""


def _pairs(given: Mapping[str, Any]) -> str:
    if len(given) == 1:
        return _text(next(iter(given.values())))
    return "  ".join(f"{name}={_text(value)[:80]}" for name, value in given.items())


_CALLS = {
    "Bash": _bash,
    "Read": _path,
    "Write": _write,
    "Edit": _edit,
    "MultiEdit": _edit,
    "NotebookEdit": _path,
    "Grep": _grep,
    "Glob": _grep,
    "Task": _task,
    "Agent": _task,
    "TodoWrite": _todos,
}
