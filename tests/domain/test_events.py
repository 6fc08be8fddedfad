"""The events: facts with stable names that never change and stay readable for ever."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.domain.samples import SAMPLES
from turnlog.domain import events as e
from turnlog.domain.errors import UnknownTopic
from turnlog.domain.events import EVENTS, UPCASTS, SessionEvent, revive

# Names that logs were written with. One may be added; none may ever change or go.
TOPICS = [
    "SessionStarted.v1",
    "SessionDescribed.v1",
    "SessionLocated.v1",
    "WorkspaceChanged.v1",
    "PromptRemembered.v1",
    "TurnRecorded.v1",
    "EntryRecorded.v1",
    "EntryConflicted.v1",
    "EntryCorrupted.v1",
    "UsageRecorded.v1",
    "CheckpointCreated.v1",
    "StatusChanged.v1",
    "SessionRewound.v1",
    "TranscriptForked.v1",
    "SessionForked.v1",
    "SubagentCalled.v1",
    "SubagentLinked.v1",
    "SessionRenamed.v1",
    "SessionTagged.v1",
    "MetadataChanged.v1",
    "ContextSummarized.v1",
    "ContextTrimmed.v1",
    "ContinuationAttempted.v1",
    "GapDetected.v1",
    "GapFilled.v1",
    "FileKept.v1",
    "SessionArchived.v1",
    "SessionPacked.v1",
    "SessionDeleted.v1",
    "SessionRestored.v1",
    "SessionErased.v1",
    "EntryRedacted.v1",
]

every_event = pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.TOPIC)


def test_the_names_of_events_are_stable() -> None:
    """A log must never become unreadable because a class was renamed or moved."""
    assert [*EVENTS] == TOPICS
    assert [event.TOPIC for event in SAMPLES] == TOPICS, "one sample of each"


@every_event
def test_an_event_never_changes(event: SessionEvent) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        event.branch = 7


@every_event
def test_an_event_has_only_the_fields_of_its_kind(event: SessionEvent) -> None:
    """A misspelled field must never be dropped in silence."""
    with pytest.raises(ValidationError, match="extra"):
        type(event)(**{**dict(event), "brnach": 7})


@every_event
def test_an_event_built_without_validation_is_the_same_event(event: SessionEvent) -> None:
    """An event on its way into the log must never be another than the one read back from it."""
    trusted = type(event).trusted(**{name: getattr(event, name) for name in event.model_fields_set})
    assert trusted == event
    assert repr(trusted) == repr(event)
    assert trusted.model_dump() == event.model_dump()
    assert trusted.model_copy(update={"branch": 7}).branch == 7
    with pytest.raises(ValidationError, match="frozen"):
        trusted.branch = 7


@every_event
def test_an_event_is_read_back_from_its_fields(event: SessionEvent) -> None:
    assert revive(event.TOPIC, event.model_dump()) == event


@every_event
def test_content_can_be_told_from_facts(event: SessionEvent) -> None:
    """What a person wrote must never stand in a header: headers survive an erasure."""
    assert set(event.CONTENT) <= set(type(event).model_fields)
    texts = {name for name, value in event if isinstance(value, str | bytes | dict)}
    ids = {
        *("project_key", "session_id", "subpath", "source", "kind", "identity", "leaf", "model"),
        *("message_id", "request_id", "quality", "checkpoint_id", "status", "stop_reason", "why"),
        *("child", "tool_use_id", "trigger", "missing", "first_kept", "digest"),
    }
    assert texts <= ids | set(event.CONTENT)


def test_an_old_event_is_read_as_the_newer_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every format ever written must stay readable, over as many steps as it takes."""

    def name_the_title(fields: dict[str, Any]) -> dict[str, Any]:
        return {"title": fields.pop("name"), **fields}

    def say_who(fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "actor": fields.get("actor", "somebody")}

    monkeypatch.setitem(UPCASTS, "TitleGiven.v1", ("SessionRenamed.v0", name_the_title))
    monkeypatch.setitem(UPCASTS, "SessionRenamed.v0", ("SessionRenamed.v1", say_who))
    stored = {"name": "Checkout", "branch": 3}
    assert revive("TitleGiven.v1", stored) == e.SessionRenamed(
        branch=3, title="Checkout", actor="somebody"
    )
    assert stored == {"name": "Checkout", "branch": 3}, "what was stored is left as it is"


def test_an_event_of_a_later_release_is_refused_by_name() -> None:
    with pytest.raises(UnknownTopic, match=r"SessionSung\.v1.*later"):
        revive("SessionSung.v1", {})
