"""What the lists show of what was said in a session, from its state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...domain.session import SessionState

FIRST_MESSAGE = 100
"""How many characters of the first message the lists show."""


def _first_message(state: SessionState) -> str | None:
    return state.titles.get("prompt", "")[:FIRST_MESSAGE] or None


TOLD: Mapping[str, Callable[[SessionState], str | None]] = {
    "title": lambda state: state.title,
    "first_message": _first_message,
    "summary": lambda state: state.titles.get("summary"),
}
"""By column. An encrypted log keeps none of them, and asks here when a list is shown."""
