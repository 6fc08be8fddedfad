"""A session that is begun by hand, and what is told of it later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from os import PathLike
from typing import Any, TypedDict

from . import details as by_hand
from . import events as e
from .errors import Refused
from .evolving import fold
from .session import GONE, SessionState

_LONGEST = {"user_id": 200, "model": 200, "working_dir": 4_096, "prompt": by_hand.LONGEST_TITLE}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Told(TypedDict, total=False):
    """What may be told of a session, wherever it works."""

    user_id: str
    """Whose it is; 1 to 200 characters."""
    prompt: str
    """What was asked first, for as long as no entry says so; 1 to 10,000 characters."""
    model: str
    """The model it is meant for; those that answer are added as they do."""
    title: str | None
    """None takes it away: then the transcript's own shows."""
    tags: Iterable[str]
    metadata: Mapping[str, Any]
    status: e.Status
    stop_reason: str
    """With a status: why the last answer ended."""
    why: str
    """With a status: why it is set."""


class Details(Told, total=False):
    """What may be told of a session. What is left out stays as it is; all values are whole."""

    working_dir: str | PathLike[str]
    """Where it works; links are resolved, as the CLI does."""


def begin(state: SessionState, details: Details, actor: str | None = None) -> list[e.SessionEvent]:
    """Begin a session, or the next life of one that is gone.

    Raises:
        Refused: it is there already, or a detail makes no sense.
    """
    if state.presence not in ("absent", *GONE):
        raise Refused(f"session {state.key.session_id!r} exists already; choose another id")
    _check(details)
    told = _texts(details)
    started = e.SessionStarted(
        # A new life begins a branch of its own.
        branch=state.version + 1 if state.presence in GONE else state.branch,
        project_key=state.key.project_key,
        session_id=state.key.session_id,
        source="api",
        metadata=by_hand.plain(details.get("metadata", {})),
        actor=actor,
        **told,
    )
    return [started, *_change(fold(state, [started]), [], details, actor)]


def update(state: SessionState, details: Details, actor: str | None = None) -> list[e.SessionEvent]:
    """Tell more of a session, or something else; what is so already changes nothing.

    Raises:
        Refused: it is not there, or a detail makes no sense.
    """
    by_hand.must_be_present(state)
    _check(details)
    return _change(state, describe(state, _texts(details), actor), details, actor)


def describe(
    state: SessionState, told: Mapping[str, str], actor: str | None = None
) -> list[e.SessionEvent]:
    """Say whose a session is, where it works, what was asked first, or of which model."""
    model = told.get("model")
    so = {
        "user_id": state.user_id,
        "working_dir": state.working_dir,
        "prompt": state.titles.get("prompt"),
        "model": model if model in state.models else None,
    }
    new: dict[str, Any] = {name: text for name, text in told.items() if text != so[name]}
    return [e.SessionDescribed(branch=state.branch, actor=actor, **new)] if new else []


def _change(
    state: SessionState, events: list[e.SessionEvent], details: Details, actor: str | None
) -> list[e.SessionEvent]:
    for name, change in _CHANGES.items():
        if name in details:
            events = [*events, *change(fold(state, events), details, actor)]
    return events


_Change = Callable[[SessionState, Details, str | None], list[e.SessionEvent]]
_CHANGES: dict[str, _Change] = {
    "title": lambda state, d, actor: by_hand.rename(state, d["title"], actor),
    "tags": lambda state, d, actor: by_hand.retag(state, d["tags"], actor),
    "metadata": lambda state, d, actor: by_hand.set_metadata(state, d["metadata"], actor),
    "status": lambda state, d, actor: by_hand.change_status(
        state, d["status"], d.get("stop_reason"), d.get("why"), actor
    ),
}


def _check(details: Details) -> None:
    known = Details.__annotations__
    if unknown := sorted(set(details) - set(known)):
        raise Refused(
            f"{', '.join(unknown)}: no such detail of a session; there are {', '.join(known)}"
        )
    if "status" not in details and ("stop_reason" in details or "why" in details):
        raise Refused("stop_reason and why go with a status; say which")


def _texts(details: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, longest in _LONGEST.items():
        if name in details:
            text = details[name]
            if not isinstance(text, str) or not text.strip() or len(text) > longest:
                raise Refused(f"{name} needs 1 to {longest:,} characters, got {text!r:.80}")
            found[name] = text
    return found


def time_id(at: int, taken: Collection[str]) -> str:
    """An id that tells when a session began: ``2026-01-30-1423-123``, in UTC.

    Day, hour and minute, and a number that begins with the milliseconds of the second and goes on
    until it is free.

    Args:
        at: milliseconds since 1970 UTC.
        taken: the ids of that minute which cannot be had.
    """
    minute, number = minute_of(at), at % 1000
    while f"{minute}{number:03}" in taken:
        number += 1
    return f"{minute}{number:03}"


def minute_of(at: int) -> str:
    """How the ids of a minute begin."""
    return f"{_EPOCH + timedelta(milliseconds=at):%Y-%m-%d-%H%M}-"
