"""A tool's call and its answer, as what is behind a fold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from difflib import unified_diff
from typing import Any

from ..pieces import Answer, Call
from .code import code
from .markup import NOTHING, Markup, element, joined
from .pictures import picture
from .prose import prose

LONGEST = 120_000
"""Characters of one text that a page holds; how many more there are is told."""
_MOST_LINES = 1_500
"""Of texts that are compared; longer ones are shown one after the other."""
_NUMBERED = re.compile(r"\s*(\d+)[→\t](.*)")
_IN_WORDS = frozenset(("Task", "Agent", "WebFetch", "WebSearch", "ExitPlanMode", "Skill"))
"""Tools that answer in Markdown."""


def given(call: Call) -> Markup:
    """What a tool was called with."""
    found = call.given
    if not isinstance(found, Mapping):
        return _plain(str(found)) if found else NOTHING
    tell = _GIVEN.get(call.name)
    try:
        return tell(found) if tell is not None else _fields(found)
    except (TypeError, AttributeError, KeyError):  # another tool of that name, with other fields
        return _fields(found)


def answered(call: Call, answer: Answer) -> Markup:
    """What a tool answered."""
    told = NOTHING
    shown = cut(answer.text)
    if answer.text.strip():
        if answer.failed:
            told = _plain(answer.text)
        elif call.name == "Read" and (lines := _numbered(shown)) is not None:
            told = code("\n".join(lines), path=_path(call.given))
        elif call.name in _IN_WORDS:
            told = prose(shown)
        elif shown.lstrip()[:1] in ("{", "[") and (data := _as_json(answer.text)) is not None:
            told = code(cut(data), "json")
        else:
            told = _plain(answer.text)
    return joined(told, *map(picture, answer.pictures))


def cut(text: str) -> str:
    """A text that is not too long for a page; what is missing is told at its end."""
    if len(text) <= LONGEST:
        return text
    more = len(text) - LONGEST
    return f"{text[:LONGEST]}\n… {more:,} more characters: `turnlog show --full` has them"


def _plain(text: str) -> Markup:
    return element("pre", cut(text).strip("\n"), class_="plain")


def _numbered(text: str) -> list[str] | None:
    """The lines of a file without their numbers; None where they have none."""
    lines = text.strip("\n").split("\n")
    found = [_NUMBERED.fullmatch(line) for line in lines]
    ends = next((n for n, line in enumerate(found) if line is None), len(lines))
    if not ends:
        return None
    # Behind the file stand reminders of the CLI's.
    return [line[2] for line in found[:ends] if line is not None] + lines[ends:]


def _as_json(text: str) -> str | None:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _path(found: Any) -> str | None:
    path = found.get("file_path") if isinstance(found, Mapping) else None
    return path if isinstance(path, str) else None


def _fields(found: Mapping[str, Any]) -> Markup:
    """Any input: each field by its name."""
    rows = []
    if not found:
        return NOTHING
    for name, value in found.items():
        if isinstance(value, str):
            short = len(value) <= 160 and "\n" not in value
            told = element("code", value) if short else _plain(value)
        elif isinstance(value, Mapping | list) and value:
            told = code(cut(_dumped(value)), "json")
        else:
            told = element("code", _dumped(value))
        rows.append(element("dt", str(name)) + element("dd", told))
    return element("dl", *map(Markup, rows), class_="fields")


def _dumped(value: Any) -> str:
    try:
        return json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return repr(value)


def _read(found: Mapping[str, Any]) -> Markup:
    """The file is told in the line above."""
    return _fields({name: value for name, value in found.items() if name != "file_path"})


def _bash(found: Mapping[str, Any]) -> Markup:
    why = found.get("description")
    told = element("p", str(why), class_="why") if why else NOTHING
    return joined(told, code(cut(str(found["command"])), "bash"))


def _write(found: Mapping[str, Any]) -> Markup:
    return code(cut(str(found["content"])), path=_path(found))


def _edit(found: Mapping[str, Any]) -> Markup:
    edits = found.get("edits")
    parts = edits if isinstance(edits, list) else [found]
    return joined(*(_changed(part["old_string"], part["new_string"]) for part in parts))


def _changed(old: str, new: str) -> Markup:
    before, after = old.split("\n"), new.split("\n")
    if max(len(before), len(after)) > _MOST_LINES:
        lines = [f"-{line}" for line in before] + [f"+{line}" for line in after]
    else:
        lines = list(unified_diff(before, after, n=3, lineterm=""))[2:]
    rows = [
        element("span", line or " ", class_=_SIDES.get(line[:1]))
        for line in cut("\n".join(lines)).split("\n")
        if not line.startswith("@@")
    ]
    return element("pre", element("code", *rows), class_="diff")


_SIDES = {"+": "new", "-": "old"}


def _todos(found: Mapping[str, Any]) -> Markup:
    items = [
        element("li", str(todo.get("content")), class_=_TODO.get(str(todo.get("status"))))
        for todo in found["todos"]
    ]
    return element("ul", *items, class_="todos")


_TODO = {"completed": "done", "in_progress": "doing"}


def _task(found: Mapping[str, Any]) -> Markup:
    return prose(cut(str(found["prompt"])))


def _plan(found: Mapping[str, Any]) -> Markup:
    return prose(cut(str(found["plan"])))


_GIVEN: dict[str, Callable[[Mapping[str, Any]], Markup]] = {
    "Bash": _bash,
    "Read": _read,
    "Write": _write,
    "Edit": _edit,
    "MultiEdit": _edit,
    "TodoWrite": _todos,
    "Task": _task,
    "Agent": _task,
    "ExitPlanMode": _plan,
}
