"""What retention decides: given what happened, when a command comes, then these events follow."""

from __future__ import annotations

import pytest

from turnlog.domain import events as e
from turnlog.domain.entry import REDACTED
from turnlog.domain.errors import Refused
from turnlog.domain.evolving import fold
from turnlog.domain.keys import SessionKey
from turnlog.domain.retention import abandon, archive, erase, redact
from turnlog.domain.session import SessionState

KEY = SessionKey("p", "s")
STARTED = e.SessionStarted(project_key="p", session_id="s", prompt="Why?", user_id="ada")


def after(*happened: e.SessionEvent) -> SessionState:
    return fold(SessionState(KEY), happened)


def test_a_silent_session_is_abandoned() -> None:
    [event] = abandon(after(STARTED), 24, "ada")
    assert event == e.StatusChanged(status="abandoned", why="silent for 24 hours", actor="ada")
    assert after(STARTED, event).status == "abandoned"


@pytest.mark.parametrize(
    "happened",
    [
        (),
        (STARTED, e.StatusChanged(status="complete")),
        (STARTED, e.StatusChanged(status="abandoned")),
        (STARTED, e.SessionDeleted()),
        (STARTED, e.SessionErased()),
    ],
)
def test_what_does_not_go_on_is_not_abandoned(happened: tuple[e.SessionEvent, ...]) -> None:
    assert abandon(after(*happened), 24) == []


def test_archived_once() -> None:
    assert archive(after(STARTED), "done", "ada") == [e.SessionArchived(reason="done", actor="ada")]
    assert archive(after(STARTED, e.SessionArchived())) == []


@pytest.mark.parametrize("gone", [e.SessionDeleted(), e.SessionErased()])
def test_what_is_gone_cannot_be_archived(gone: e.SessionEvent) -> None:
    with pytest.raises(Refused, match="nothing to archive"):
        archive(after(STARTED, gone))


@pytest.mark.parametrize("before", [(), (e.SessionDeleted(),), (e.SessionArchived(),)])
def test_erased_whatever_became_of_it_before(before: tuple[e.SessionEvent, ...]) -> None:
    [event] = erase(after(STARTED, *before), 7, "asked", "a.jsonl sha256:00", "ada")
    assert event == e.SessionErased(
        bodies=7, reason="asked", exported="a.jsonl sha256:00", actor="ada"
    )
    state = after(STARTED, *before, event)
    assert (state.presence, state.title, state.user_id) == ("erased", None, None)


def test_erased_once_and_again_after_a_new_life() -> None:
    gone = after(STARTED, e.SessionErased())
    assert erase(gone, 0) == []
    assert erase(SessionState(KEY), 0) == []
    again = fold(gone, [STARTED.model_copy(update={"branch": 3})])
    assert (again.presence, again.life, again.title) == ("present", 2, "Why?")
    assert len(erase(again, 1)) == 1


def test_a_redaction_says_of_what_it_is() -> None:
    event = redact(5, 0, b"u" * 16, "c0ffee", reason="a password", actor="ada")
    assert (event.of, event.digest, event.identity) == (5, "c0ffee", REDACTED + b"u" * 16)
    assert event.automatic is False
    assert redact(5, 0, None).identity is None
