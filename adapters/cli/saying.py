"""What commands say the same way: which session, what was done to it, what comes next."""

from __future__ import annotations

from rich.text import Text

from ...domain.keys import short
from ...projections.sessions import Session
from .opened import Opened
from .safe_text import one_line
from .screen import screen


def heading(title: str | None, session_id: str) -> None:
    """The title, and the whole id below it."""
    screen().print(Text(one_line(title or "(no title)"), "title"))
    screen().print(Text(one_line(session_id), "id"))


def say(what: str, session: Session) -> None:
    """What was done to a session, on one line."""
    title = one_line(session.title or "(no title)")
    line = Text.assemble((f"{what} ", "bold"), (brief(session), "id"), f"  {title}")
    line.truncate(screen().width, overflow="ellipsis")
    screen().print(line)


def go_on(command: str) -> None:
    """The command that one may want next."""
    screen().print(Text.assemble(("  next: ", "quiet"), (command, "code")))


def brief(session: Session) -> str:
    """The beginning of its id that is shown, and that commands take."""
    return one_line(short(session.session_id))


def reread(work: Opened, session: Session) -> Session:
    """The session as it is after a change."""
    return work.session(f"{session.project_key}/{session.session_id}")
