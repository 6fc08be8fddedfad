"""The branches of a session, drawn: where each left another, and how to come back to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from ...branching import Branch, PromptOf
from ...projections.sessions import Session, Spent
from .conversation import typed
from .figures import dollars, iso, moment, money, number
from .opened import Opened, key_of
from .safe_text import one_line
from .screen import screen, write_json
from .tool_lines import content_text

_MOST = 8
"""Prompts shown of a branch; more are folded in the middle."""


def show_branches(work: Opened, name: str, as_json: bool) -> None:
    """Show a session's branches."""
    session = work.session(name)
    found = work.log.branches(key_of(session))
    if as_json:
        write_json(
            {
                "session_id": session.session_id,
                "project_key": session.project_key,
                "branches": [_json(branch) for branch in found],
            }
        )
        return
    _Drawing(session, found).draw()


class _Drawing:
    def __init__(self, session: Session, branches: list[Branch]) -> None:
        self._session = session
        self._short = one_line(session.session_id[:8])
        self._branches = {branch.number: branch for branch in branches}
        self._children: dict[int | None, list[Branch]] = {}
        for branch in branches:
            self._children.setdefault(branch.parent, []).append(branch)

    def draw(self) -> None:
        out = screen()
        session = self._session
        out.print(Text(one_line(session.title or "(no title)"), "title"))
        line = Text(one_line(session.session_id), "id")
        line.append(f" · {money(session.billed)} billed", "quiet")
        line.append(f" · {money(session.live)} live", "quiet")
        out.print(line)
        out.print()
        for n, branch in enumerate(self._children.get(None, [])):
            if n:
                out.print()
            self._branch(branch, Text())
        out.print()
        out.print("● live   ○ left behind, still in the log", style="quiet")

    def _branch(self, branch: Branch, indent: Text) -> None:
        """A branch from its first prompt on; what left it stands below the prompt it left after."""
        leaving: dict[int, list[Branch]] = {}
        for child in self._children.get(branch.number, []):
            leaving.setdefault(child.prompts_before, []).append(child)
        if branch.prompts_before and branch.parent is None:
            self._print(
                indent, Text(f"⋮ {number(branch.prompts_before, 'prompt')} taken over", "quiet")
            )
        self._leaving(leaving.pop(branch.prompts_before, []), indent)
        shown = _folded(branch.prompts, set(leaving))
        for prompt in shown:
            if isinstance(prompt, int):
                self._print(indent, Text(f"⋮ {number(prompt, 'more prompt')}", "quiet"))
                continue
            self._prompt(prompt, indent)
            self._leaving(leaving.pop(prompt.number, []), indent)
        for late in leaving.values():
            self._leaving(late, indent)
        self._end(branch, indent)

    def _leaving(self, branches: list[Branch], indent: Text) -> None:
        for branch in branches:
            why = f"rewound {moment(branch.began_at)}"
            if branch.actor:
                why += f" by {one_line(branch.actor)}"
            if branch.reason:
                why += f": {one_line(branch.reason)}"
            self._print(indent, Text("├─╮ ", "left") + Text(why, "quiet"))
            self._branch(branch, indent + Text("│ ", "left"))

    def _prompt(self, prompt: PromptOf, indent: Text) -> None:
        sign = Text("● ", "good") if prompt.live else Text("○ ", "quiet")
        style = "" if prompt.live else "quiet"
        cost = money(Spent(cost_nano_usd=prompt.cost_nano_usd, unpriced=prompt.unpriced))
        told = Text(f"prompt:{prompt.number:<3} ", "point" if prompt.live else "quiet")
        message = prompt.entry.get("message") if isinstance(prompt.entry, Mapping) else None
        content = message.get("content") if isinstance(message, Mapping) else None
        told.append(one_line(typed(content_text(content))), style)
        figures = f"{number(prompt.turns, 'turn'):>9}  {cost:>7}"
        room = screen().width - indent.cell_len - 2 - len(figures) - 2
        told.truncate(room, overflow="ellipsis", pad=True)
        self._print(indent, sign + told + Text("  " + figures, style or "quiet"))

    def _end(self, branch: Branch, indent: Text) -> None:
        if branch.is_head:
            self._print(indent, Text("▲ the session goes on from here", "good"))
        elif branch.entries:
            back = f"turnlog rewind {self._short} --to version:{branch.last}"
            self._print(indent, Text("╵ back to it: ", "quiet") + Text(back, "code"))

    def _print(self, indent: Text, line: Text) -> None:
        told = indent + line
        told.truncate(screen().width, overflow="ellipsis")
        screen().print(told, no_wrap=True)


def _folded(prompts: tuple[PromptOf, ...], kept: set[int]) -> list[PromptOf | int]:
    """The prompts of a branch, the middle of a long one as a number."""
    if len(prompts) <= _MOST:
        return list(prompts)
    edges = {p.number for p in (*prompts[:3], *prompts[-3:])} | kept
    shown: list[PromptOf | int] = []
    for prompt in prompts:
        if prompt.number in edges:
            shown.append(prompt)
        elif shown and isinstance(shown[-1], int):
            shown[-1] += 1
        else:
            shown.append(1)
    return shown


def _json(branch: Branch) -> dict[str, Any]:
    return {
        "branch": branch.number,
        "parent": branch.parent,
        "is_head": branch.is_head,
        "begins_after": f"prompt:{branch.prompts_before}",
        "began_at": iso(branch.began_at),
        "actor": branch.actor,
        "reason": branch.reason,
        "entries": branch.entries,
        "last": f"version:{branch.last}" if branch.entries else None,
        "prompts": [
            {
                "prompt": prompt.number,
                "version": prompt.version,
                "live": prompt.live,
                "turns": prompt.turns,
                "cost_usd": dollars(prompt.cost_nano_usd),
                "unpriced_responses": prompt.unpriced,
                "at": iso(prompt.occurred_at),
            }
            for prompt in branch.prompts
        ],
    }
