"""What happened between two points, as one reads it, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from ...projections.sessions import Spent
from ...time.comparing import Changed, Difference, End
from ...time.stretch import Asked, Stretch
from ..claude.tool_calls import typed
from .as_json import key_json
from .figures import counters, dollars, iso, money, number, spent_json, tokens
from .opened import Opened, key_of
from .safe_text import clean, one_line
from .saying import heading
from .screen import dotted, screen, write_json

_MOST = 10
"""Lines shown of each list."""


def show_diff(work: Opened, name: str, a: str, b: str | None, as_json: bool) -> None:
    """Show what happened between two points."""
    session = work.session(name)
    found = work.log.diff(key_of(session), a, b)
    if as_json:
        write_json(_json(found))
        return
    heading(session.title, session.session_id)
    screen().print()
    _ends(found)
    directory = session.working_dir
    _stretch("- left", "bad", found.left, directory)
    _stretch("+ added", "good", found.added, directory)
    _stretch("~ tried and left again", "left", found.aside, directory)
    _changes(found.changed)
    screen().print()
    if not (found.left.entries or found.added.entries):
        screen().print("Both are the same point of the conversation.", style="quiet")
    else:
        screen().print(dotted(f"live {_signed(found.live)}", f"billed {money(found.billed)}"))


def _ends(found: Difference) -> None:
    table = _grid()
    ends = [("from", found.a), ("to", found.b)]
    if found.left.entries and found.added.entries:
        ends.insert(0, ("common", found.common))
    for word, end in ends:
        counts = number(end.prompts, "prompt"), number(end.turns, "turn")
        told = " · ".join((f"version {end.version}", *counts))
        table.add_row(Text(word, "quiet"), Text(one_line(end.point), "point"), Text(told, "quiet"))
    screen().print(table)


def _stretch(title: str, style: str, stretch: Stretch, directory: str | None) -> None:
    if not stretch.entries:
        return
    screen().print()
    counts = [number(len(stretch.prompts), "prompt"), number(stretch.turns, "turn")]
    if stretch.subagents:
        counts.append(number(stretch.subagents, "subagent"))
    screen().print(dotted((title, style), *counts, money(stretch.all_spent)))
    for prompt in stretch.prompts[:_MOST]:
        screen().print(_prompt(prompt), no_wrap=True, overflow="ellipsis")
    _more(len(stretch.prompts) - _MOST, "prompt")
    table = _grid()
    table.columns[1].ratio = 1
    if stretch.tools:
        tools = (
            f"{one_line(name)} {called.calls}" + (f" ({called.failed} ✗)" if called.failed else "")
            for name, called in stretch.tools.items()
        )
        table.add_row(Text("tools", "quiet"), Text(" · ".join(tools)))
    for n, (path, touched) in enumerate(list(stretch.files.items())[:_MOST]):
        counted = ", ".join(f"{name} {count}" for name, count in touched.items())
        line = Text.assemble(_inside(path, directory), (f"  {counted}", "quiet"))
        table.add_row(Text("" if n else "files", "quiet"), line)
    _rest(table, len(stretch.files) - _MOST, "file")
    for n, command in enumerate(stretch.commands[:_MOST]):
        first, _, rest = command.strip().partition("\n")
        told = Text(one_line(first) + (" …" if rest else ""), "code")
        told.truncate(max(screen().width - 14, 20), overflow="ellipsis")
        table.add_row(Text("" if n else "commands", "quiet"), told)
    _rest(table, len(stretch.commands) - _MOST, "command")
    if stretch.models:
        table.add_row(Text("models", "quiet"), Text(", ".join(map(one_line, stretch.models))))
    if any(stretch.all_spent.usage):
        table.add_row(Text("tokens", "quiet"), Text(_tokens(stretch.all_spent)))
    screen().print(table)


def _prompt(prompt: Asked) -> Text:
    name = f"prompt:{prompt.number}" if prompt.number is not None else f"version:{prompt.version}"
    return Text.assemble("  ", (f"{name:<12}", "point"), one_line(typed(prompt.text)))


def _grid() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(min_width=8)
    table.add_column(overflow="fold")
    table.add_column()
    return table


def _more(count: int, what: str) -> None:
    if count > 0:
        screen().print(f"  ⋮ {number(count, f'more {what}')}", style="quiet")


def _rest(table: Table, count: int, what: str) -> None:
    if count > 0:
        table.add_row("", Text(f"⋮ {number(count, f'more {what}')}", "quiet"))


def _inside(path: str, directory: str | None) -> str:
    return one_line(path.removeprefix(directory.rstrip("/") + "/") if directory else path)


def _tokens(spent: Spent) -> str:
    told = counters(spent.usage).items()
    return " · ".join(f"{tokens(count)} {word}" for word, count in told)


def _changes(changed: Sequence[Changed]) -> None:
    if not changed:
        return
    screen().print()
    table = _grid()
    for what, before, after in changed:
        told = Text.assemble(_value(before), (" → ", "quiet"), _value(after))
        table.add_row(Text(what.replace("_", " "), "quiet"), told)
    screen().print(table)


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return one_line(", ".join(map(str, value))) or "-"
    if isinstance(value, Mapping):
        return one_line(json.dumps(value, ensure_ascii=False)) if value else "-"
    return one_line(str(value)) if value is not None else "-"


def _signed(spent: Spent) -> str:
    sign = "-" if spent.cost_nano_usd < 0 else "+" if spent.cost_nano_usd else ""
    return sign + money(spent._replace(cost_nano_usd=abs(spent.cost_nano_usd)))


def _json(found: Difference) -> dict[str, Any]:
    return {
        **key_json(found.key),
        "a": _end_json(found.a),
        "b": _end_json(found.b),
        "common": _end_json(found.common),
        "left": _stretch_json(found.left),
        "added": _stretch_json(found.added),
        "aside": _stretch_json(found.aside),
        "changed": {c.what: {"before": c.before, "after": c.after} for c in found.changed},
        "live": spent_json(found.live),
        "billed": spent_json(found.billed),
    }


def _end_json(end: End) -> dict[str, Any]:
    return end._asdict()


def _stretch_json(stretch: Stretch) -> dict[str, Any]:
    files: Mapping[str, Mapping[str, int]] = stretch.files
    return {
        "entries": stretch.entries,
        "turns": stretch.turns,
        "prompts": [
            {
                "prompt": prompt.number,
                "version": prompt.version,
                "at": iso(prompt.occurred_at),
                "text": clean(prompt.text),
            }
            for prompt in stretch.prompts
        ],
        "tools": {name: called._asdict() for name, called in stretch.tools.items()},
        "files": {path: dict(tools) for path, tools in files.items()},
        "commands": list(stretch.commands),
        "models": list(stretch.models),
        "spent": spent_json(stretch.spent),
        "billed": spent_json(stretch.billed),
        "subagents": {
            "count": stretch.subagents,
            "spent": spent_json(stretch.by_subagents),
            "billed": spent_json(stretch.billed_by_subagents),
        },
        "cost_usd": dollars(stretch.all_spent.cost_nano_usd),
    }
