"""Sessions by what they were about: a line of facts each, and the first message."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from ...projections.sessions import Session
from .figures import day, moment, money
from .list_view import shortest, sign
from .safe_text import one_line


def summaries_table(sessions: Sequence[Session]) -> Table:
    """The sessions of a page, the newest first."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    width = shortest([session.session_id for session in sessions])
    table.expand = True
    table.add_column("", width=1)
    table.add_column("session", style="id", no_wrap=True, min_width=width)
    table.add_column("created", no_wrap=True, style="quiet", min_width=10)
    table.add_column("updated", no_wrap=True, style="quiet", min_width=10)
    table.add_column("messages", justify="right", no_wrap=True, min_width=8)
    table.add_column("cost", justify="right", style="money", no_wrap=True, min_width=6)
    table.add_column("first message, or summary", ratio=1)
    for session in sessions:
        table.add_row(
            sign(session),
            one_line(session.session_id[:width]),
            moment(session.created_at)[:10],
            day(session.active_at),
            str(session.messages or "-"),
            money(session.billed),
            _about(session),
        )
    return table


def _about(session: Session) -> Text:
    told = session.summary or session.first_message or session.title
    tags = " ".join(f"#{one_line(tag)}" for tag in session.tags)
    text = Text(one_line(told) if told else "(nothing was said)", "" if told else "quiet")
    return text.append(f"  {tags}", "quiet") if tags else text
