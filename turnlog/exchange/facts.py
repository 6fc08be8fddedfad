"""What stands above a session's conversation, on a page and in Markdown alike."""

from __future__ import annotations

from ..projections.sessions import Session
from ..reading.figures import moment


def facts(session: Session) -> list[tuple[str, str]]:
    """What is known of a session, by name."""
    told = [
        ("session", session.session_id),
        ("directory", session.working_dir),
        ("models", ", ".join(session.models)),
        ("began", moment(session.first_at) if session.first_at is not None else None),
        ("last active", moment(session.last_at) if session.last_at is not None else None),
        ("status", session.status),
        ("tags", ", ".join(session.tags)),
        ("forked from", session.forked_from),
    ]
    return [(name, value) for name, value in told if value]
