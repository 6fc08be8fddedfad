"""What transcripts hold, in a reader's words: tool calls on one line, contents as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_TAG = re.compile(r"<(/?)[a-z][a-z-]*>")
_NAMED = re.compile(r"<command-name>(.*?)</command-name>", re.DOTALL)
_GIVEN = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)


def called(name: str, given: Any, directory: str | None) -> str:
    """What a tool was called with, shortly; untrusted text, as the transcript has it.

    Args:
        given: the call's input.
        directory: the working directory; paths below it lose it.
    """
    given = given if isinstance(given, Mapping) else {}
    tell = _CALLS.get(name)
    return tell(given, directory) if tell else _pairs(given)


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


def typed(text: str) -> str:
    """What a person typed: a slash command as it was, not as the CLI writes it down."""
    if command := _NAMED.search(text):
        given = _GIVEN.search(text)
        return f"{command[1].strip()} {given[1].strip() if given else ''}".strip()
    if text.startswith("<bash-input>"):
        return "! " + _TAG.sub("", text)
    return text


def without_tags(text: str) -> str:
    """A text of the CLI without the tags that it puts around commands and their output."""
    return _TAG.sub("", text)


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
    return f"{_path(given, directory)}  {_counted(_lines(given.get('content')), 'line')}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


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
    return _counted(len(todos), "item") if isinstance(todos, list) else ""


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
