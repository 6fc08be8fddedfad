"""Sessions by what they were about: a line of facts each, and the first message."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from ...projections.sessions import Session
from .figures import day, moment, money
from .list_view import shortest, sign
from .safe_text import one_line
from .tables import Columns


def summaries_table(sessions: Sequence[Session]) -> Columns:
    """The sessions of a page, the newest first."""
    table = Columns()
    width = shortest([session.session_id for session in sessions])
    table.add("")
    table.add("session", style="id")
    table.add("created", style="quiet", goes=1)
    table.add("updated", style="quiet", goes=3)
    table.add("messages", right=True, goes=2)
    table.add("cost", style="money", right=True)
    table.words("first message, or summary", 24, wraps=True)
    for session in sessions:
        table.row(
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
