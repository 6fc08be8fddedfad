"""The list of sessions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePath

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.text import Text

from ...domain.keys import SessionKey, short
from ...projections.sessions import Session
from ..storage.encryption.hidden import is_hash
from .figures import day, money, number
from .safe_text import one_line
from .tables import Columns

STATUS = {
    "complete": ("✓", "good"),
    "active": ("●", "code"),
    "incomplete": ("◐", "warn"),
    "error": ("✗", "bad"),
    "abandoned": ("○", "quiet"),
}
_WHOLE = 24
"""Characters of an id that is no uuid for which there is room."""
GONE = {"deleted": ("✗ deleted", "bad"), "erased": ("✗ erased", "bad"), "archived": ("▪", "quiet")}


def sessions_table(sessions: Sequence[Session]) -> Columns:
    """The sessions of a page, the newest first."""
    table = Columns()
    width = shortest([session.session_id for session in sessions])
    shows_live = any(session.live != session.billed for session in sessions)
    table.add("")
    table.add("session", style="id")
    table.words("title")
    table.add("project", most=14, goes=1)
    table.add("prompts", right=True, goes=2)
    table.add("turns", right=True, goes=3)
    for name in ("billed", "live") if shows_live else ("billed",):
        table.add(name, style="money", right=True)
    table.add("last active", style="quiet", goes=4)
    for session in sessions:
        cells: list[RenderableType] = [
            sign(session),
            one_line(session.session_id[:width]),
            _Title(session),
            project(session),
            str(session.prompts or "-"),
            str(session.turns or "-"),
            money(session.billed),
        ]
        if shows_live:
            cells.append(money(session.live))
        table.row(*cells, day(session.active_at))
    return table


def shortest(ids: Sequence[str], least: int = 8) -> int:
    """How many characters tell some ids apart, and are no less than any is shown with."""
    longest = max([least, *(len(short(one)) for one in ids if len(short(one)) <= _WHOLE)])
    for one, next_one in pairwise(sorted(set(ids))):
        common = next(
            (i for i, (a, b) in enumerate(zip(one, next_one, strict=False)) if a != b), None
        )
        longest = max(longest, (min(len(one), len(next_one)) if common is None else common) + 1)
    return longest


def sign(session: Session) -> Text:
    """A session's status as one character."""
    if session.presence in GONE:
        told, style = GONE[session.presence]
        return Text(told[0], style)
    if not session.entries and not session.turns:
        return Text("·", "quiet")
    return Text(*STATUS.get(session.status, ("?", "")))


def status(session: Session) -> tuple[str, str]:
    """A session's status in a word, and how it is shown."""
    if session.presence in GONE:
        return session.presence, GONE[session.presence][1]
    if not session.entries and not session.turns:
        return "prompts only", "quiet"
    told, style = STATUS.get(session.status, ("?", ""))
    return f"{told} {session.status}", style


def project(session: Session) -> str:
    """The last part of the working directory; the project's key where it is not told."""
    if session.working_dir and not is_hash(session.working_dir):
        return one_line(PurePath(session.working_dir).name or session.working_dir)
    return one_line(session.project_key)


class _Title:
    """A title, cut where it leaves no room for the notes."""

    def __init__(self, session: Session) -> None:
        self._title = one_line(session.title) if session.title else ""
        self._notes = "  ".join(notes(session))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        whole = len(self._title) + len(self._notes) + 2
        return Measurement(min(whole, 12), min(whole, options.max_width))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        told = Text(self._title or "(no title)", "" if self._title else "quiet")
        after = Text(f"  {self._notes}" if self._notes else "", "quiet")
        room = max(options.max_width - after.cell_len, min(told.cell_len, options.max_width // 2))
        told.truncate(room, overflow="ellipsis")
        line = told + after
        line.truncate(options.max_width, overflow="ellipsis")
        yield line


def notes(session: Session) -> list[str]:
    """What is worth a note: tags, subagents, where it was forked from, gaps."""
    told = [f"#{one_line(tag)}" for tag in session.tags]
    if session.subagents:
        told.append("+" + number(session.subagents, "subagent"))
    if session.forked_from:
        told.append(f"⑂ {one_line(short(SessionKey.parse(session.forked_from).session_id))}")
    if session.gaps:
        told.append(number(session.gaps, "gap"))
    return told
