"""The branches of a session, drawn: where each left another, and how to come back to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from ...projections.sessions import Session, Spent
from ...time.branching import Branch, PromptOf
from ..claude.tool_calls import content_text, typed
from .figures import dollars, iso, moment, money, number
from .opened import Opened, key_of
from .safe_text import one_line
from .saying import brief
from .screen import dotted, screen, write_json

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
        self._short = brief(session)
        self._branches = {branch.number: branch for branch in branches}
        self._children: dict[int | None, list[Branch]] = {}
        for branch in branches:
            self._children.setdefault(branch.parent, []).append(branch)
        self._path = set(self._to_head())
        self._drawn: set[int] = set()

    def _to_head(self) -> Iterator[int]:
        branch = next((branch for branch in self._branches.values() if branch.is_head), None)
        while branch is not None:
            yield branch.number
            branch = self._branches[branch.parent] if branch.parent is not None else None

    def draw(self) -> None:
        out = screen()
        session = self._session
        out.print(Text(one_line(session.title or "(no title)"), "title"))
        facts = (one_line(session.session_id), "id"), f"{money(session.billed)} billed"
        out.print(dotted(*facts, f"{money(session.live)} live"))
        out.print()
        for n, branch in enumerate(self._children.get(None, [])):
            if n:
                out.print()
            if branch.prompts_before:
                told = number(branch.prompts_before, "prompt")
                self._print(Text(), Text(f"⋮ {told} taken over", "quiet"))
            self._branch(branch, Text(), branch.prompts_before)
        out.print()
        out.print("● live   ○ left behind, still in the log", style="quiet")

    def _branch(self, branch: Branch | None, indent: Text, after: int = 0) -> None:
        """A branch from a prompt on: where the live one leaves it, that one goes on."""
        while branch is not None:
            branch, after = self._stretch(branch, indent, after), 0

    def _stretch(self, branch: Branch, indent: Text, after: int) -> Branch | None:
        """A branch up to where the live one leaves it.

        Returns:
            The live one, which goes on here.
        """
        forks: dict[int, list[Branch]] = {}
        for child in self._children.get(branch.number, []):
            if child.prompts_before >= after and child.number not in self._drawn:
                forks.setdefault(child.prompts_before, []).append(child)
        self._drawn.update(child.number for children in forks.values() for child in children)
        prompts = [prompt for prompt in branch.prompts if prompt.number > after]
        waiting = sorted(forks)
        for part in _folded(prompts, set(forks)):
            if isinstance(part, int):
                self._print(indent, Text(f"⋮ {number(part, 'more prompt')}", "quiet"))
                continue
            while waiting and waiting[0] < part.number:
                live = self._fork(branch, forks, waiting.pop(0), indent)
                if live is not None:
                    return live
            self._prompt(part, indent)
        for at in waiting:
            live = self._fork(branch, forks, at, indent)
            if live is not None:
                return live
        self._end(branch, indent)
        return None

    def _fork(
        self, branch: Branch, forks: Mapping[int, list[Branch]], at: int, indent: Text
    ) -> Branch | None:
        """What left a branch after one prompt: on the side, all but the live one.

        Returns:
            The live one, if it is among them.
        """
        live = next((child for child in forks[at] if child.number in self._path), None)
        if live is not None:
            later = [child for n, children in forks.items() if n > at for child in children]
            self._drawn.difference_update(child.number for child in later)
            if later or any(prompt.number > at for prompt in branch.prompts):
                self._aside(branch, indent, at)
        for child in forks[at]:
            if child is not live and (child.entries or self._children.get(child.number)):
                self._aside(child, indent)
        return live

    def _aside(self, branch: Branch, indent: Text, after: int = 0) -> None:
        """A branch that was left, beside the one that goes on."""
        left = self._branches.get(branch.left_by) if branch.left_by is not None else None
        why = "left behind"
        if left is not None:
            why += f" {moment(left.began_at)}"
            if left.actor:
                why += f" by {one_line(left.actor)}"
            if left.reason:
                why += f": {one_line(left.reason)}"
        self._print(indent, Text(f"├─╮ {why}", "left"))
        self._branch(branch, Text.assemble(indent, ("│ ", "left")), after)

    def _prompt(self, prompt: PromptOf, indent: Text) -> None:
        sign = Text("● ", "good") if prompt.live else Text("○ ", "quiet")
        style = "" if prompt.live else "quiet"
        cost = money(Spent(cost_nano_usd=prompt.cost_nano_usd, unpriced=prompt.unpriced))
        point = f"prompt:{prompt.number:<3} ", "point" if prompt.live else "quiet"
        message = prompt.entry.get("message") if isinstance(prompt.entry, Mapping) else None
        content = message.get("content") if isinstance(message, Mapping) else None
        told = Text.assemble(point, (one_line(typed(content_text(content))), style))
        figures = f"{number(prompt.turns, 'turn'):>9}  {cost:>7}"
        room = screen().width - indent.cell_len - 2 - len(figures) - 2
        told.truncate(room, overflow="ellipsis", pad=True)
        self._print(indent, Text.assemble(sign, told, (f"  {figures}", "quiet")))

    def _end(self, branch: Branch, indent: Text) -> None:
        if branch.is_head:
            self._print(indent, Text("▲ the session goes on from here", "good"))
        elif branch.entries:
            back = f"turnlog rewind {self._short} --to version:{branch.last}"
            self._print(indent, Text.assemble(("╵ back to it: ", "quiet"), (back, "code")))

    def _print(self, indent: Text, line: Text) -> None:
        told = Text.assemble(indent, line)
        told.truncate(screen().width, overflow="ellipsis")
        screen().print(told, no_wrap=True)


def _folded(prompts: Sequence[PromptOf], kept: set[int]) -> list[PromptOf | int]:
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
        "last": f"version:{branch.last}",
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
