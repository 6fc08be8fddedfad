"""What an event says, in a few words."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ...domain import events as e
from ...domain.entry import Mark, uuid_text
from ...domain.events.plain import plain
from ...domain.keys import SessionKey, short
from ..claude.tool_calls import content_text
from ..storage.contract.values import Body
from ..storage.encoding.blocks import read_entry
from .figures import number, size, tokens, usage_json
from .tool_lines import called

_Event = TypeVar("_Event", bound=e.SessionEvent)
_WORDS: dict[type[e.SessionEvent], Callable[[Any], str]] = {}
_LONGEST = 300
_HEADER = frozenset(("branch", "occurred_at", "place"))


def what(event: e.SessionEvent) -> str:
    """What happened, without the event's name."""
    tell = _WORDS.get(type(event))
    return tell(event)[:_LONGEST] if tell else ""


def event_json(event: e.SessionEvent) -> dict[str, Any]:
    """The event's own fields; an entry's bytes are left to ``show --json``."""
    told: dict[str, Any] = {}
    for name in type(event).model_fields:
        value = getattr(event, name)
        if name in _HEADER or value is None:
            continue
        if name == "body":
            told["bytes"] = len(value)
        elif name == "identity":
            told["uuid" if len(value) == 16 else "identity"] = _identity(value)
        elif name in ("counters", "counted"):
            told[name] = usage_json(value)
        else:
            told[name] = plain(value)
    return told


def _identity(value: bytes) -> str:
    return uuid_text(value) if len(value) == 16 else base64.b64encode(value).decode()


def _says(
    kind: type[_Event],
) -> Callable[[Callable[[_Event], str]], Callable[[_Event], str]]:
    def register(tell: Callable[[_Event], str]) -> Callable[[_Event], str]:
        _WORDS[kind] = tell
        return tell

    return register


@_says(e.SessionStarted)
def _started(event: e.SessionStarted) -> str:
    if event.forked_from is not None:
        origin = SessionKey.parse(event.forked_from.stream)
        return f"forked from {short(origin.session_id)} at version {event.forked_from.version}"
    told = f"by {event.source}"
    if event.working_dir:
        told += f" in {event.working_dir}"
    return _because(told, event.prompt)


@_says(e.SessionDescribed)
def _described(event: e.SessionDescribed) -> str:
    told = {
        "of": event.user_id,
        "in": event.working_dir,
        "for": event.model,
        "asked": event.prompt,
    }
    return ", ".join(f"{word} {text}" for word, text in told.items() if text)


@_says(e.SessionLocated)
def _located(event: e.SessionLocated) -> str:
    return event.working_dir


@_says(e.WorkspaceChanged)
def _moved(event: e.WorkspaceChanged) -> str:
    return f"on {event.git_branch or '(erased)'}"


@_says(e.PromptRemembered)
def _remembered(event: e.PromptRemembered) -> str:
    return event.prompt


@_says(e.TurnRecorded)
def _turn(event: e.TurnRecorded) -> str:
    entry = _entry(event.body, event.marks)
    message = entry.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    told = content_text(content).strip()
    blocks = [b for b in content if isinstance(b, Mapping)] if isinstance(content, list) else []
    if not told:
        told = ", ".join(_block(block) for block in blocks)
    role = "prompt" if event.marks & Mark.PROMPT else event.role
    number_ = f" {event.prompt}" if role == "prompt" and event.prompt else ""
    number_ = f" {event.turn}" if role == "assistant" and event.turn else number_
    return f"{role}{number_}: {told}"


def _block(block: Mapping[str, Any]) -> str:
    kind = block.get("type")
    if kind == "tool_use":
        return f"{block.get('name')} {called(str(block.get('name')), block.get('input'), None)}"
    if kind == "tool_result":
        failed = "failed: " if block.get("is_error") is True else ""
        return f"result: {failed}{content_text(block.get('content')).strip()}"
    return str(kind)


@_says(e.EntryRecorded)
def _entry_recorded(event: e.EntryRecorded) -> str:
    entry = _entry(event.body, event.marks)
    subtype = entry.get("subtype")
    return f"{event.kind or 'no type'}{f' {subtype}' if subtype else ''}"


@_says(e.EntryConflicted)
def _conflicted(event: e.EntryConflicted) -> str:
    return f"another content than version {event.of}, {size(len(event.body))}"


@_says(e.EntryCorrupted)
def _corrupted(event: e.EntryCorrupted) -> str:
    return f"{event.why}, {size(len(event.body))}"


@_says(e.UsageRecorded)
def _usage(event: e.UsageRecorded) -> str:
    if event.total_cost_usd is not None:
        return f"the CLI's own counter: ${event.total_cost_usd}"
    gained = event.gained
    told = [
        f"{tokens(gained.input_tokens)} in",
        f"{tokens(gained.cache_creation_input_tokens)} cached",
        f"{tokens(gained.cache_read_input_tokens)} from cache",
        f"{tokens(gained.output_tokens)} out",
    ]
    more = ", a placeholder" if event.quality == "placeholder" else ""
    whose = f"turn {event.turn or '?'}" if event.source == "response" else "a subagent"
    return f"{whose}: {', '.join(told)}, {event.model or 'no model'}{more}"


@_says(e.CheckpointCreated)
def _checkpoint(event: e.CheckpointCreated) -> str:
    return f"checkpoint:{event.checkpoint_id}" + (f" {event.label}" if event.label else "")


@_says(e.StatusChanged)
def _status(event: e.StatusChanged) -> str:
    why = event.why or event.stop_reason
    return _because(event.status, why)


@_says(e.SessionRewound)
def _rewound(event: e.SessionRewound) -> str:
    told = f"back to version {event.target}: {number(event.figures.prompts, 'prompt')}"
    told += f", {number(event.figures.turns, 'turn')}"
    return told + (f" ({event.reason})" if event.reason else "")


@_says(e.TranscriptForked)
def _transcript_forked(event: e.TranscriptForked) -> str:
    return f"the CLI went back to version {event.at} with version {event.child}"


@_says(e.SessionForked)
def _forked(event: e.SessionForked) -> str:
    child = SessionKey.parse(event.child).session_id
    return f"{child} began at version {event.version}"


@_says(e.SubagentCalled)
def _subagent_called(event: e.SubagentCalled) -> str:
    return f"by version {event.of}, {event.tool_use_id}"


@_says(e.SubagentLinked)
def _subagent_linked(event: e.SubagentLinked) -> str:
    return f"called by {event.tool_use_id}"


@_says(e.SessionRenamed)
def _renamed(event: e.SessionRenamed) -> str:
    return f"{event.kind}: {event.title or '(taken away)'}"


@_says(e.SessionTagged)
def _tagged(event: e.SessionTagged) -> str:
    return " ".join(f"#{tag}" for tag in event.tags) or "no tags"


@_says(e.MetadataChanged)
def _metadata(event: e.MetadataChanged) -> str:
    return ", ".join(sorted(event.metadata)) or "no metadata"


@_says(e.ContextSummarized)
def _summarized(event: e.ContextSummarized) -> str:
    return f"{event.trigger}, by version {event.of}"


@_says(e.ContextTrimmed)
def _trimmed(event: e.ContextTrimmed) -> str:
    return _because(f"before {event.first_kept}", event.reason)


@_says(e.ContinuationAttempted)
def _continued(event: e.ContinuationAttempted) -> str:
    return _because(f"attempt {event.attempt}", event.why)


@_says(e.GapDetected)
def _gap(event: e.GapDetected) -> str:
    return f"version {event.of} hangs on {event.missing}, which is not there"


@_says(e.GapFilled)
def _gap_filled(event: e.GapFilled) -> str:
    return f"{event.missing} arrived as version {event.of}"


@_says(e.FileKept)
def _file(event: e.FileKept) -> str:
    return f"{event.kind} {event.name}, {size(event.size)}"


@_says(e.SessionArchived)
def _archived(event: e.SessionArchived) -> str:
    return event.reason or ""


@_says(e.SessionPacked)
def _packed(event: e.SessionPacked) -> str:
    blocks = f"{number(event.blocks_before, 'block')} in {event.blocks_after:,}"
    return f"{blocks}, {size(event.bytes_before)} in {size(event.bytes_after)}"


@_says(e.SessionDeleted)
def _deleted(event: e.SessionDeleted) -> str:
    return event.reason or ""


@_says(e.SessionRestored)
def _restored(event: e.SessionRestored) -> str:
    return event.reason or ""


@_says(e.SessionErased)
def _erased(event: e.SessionErased) -> str:
    told = number(event.bodies, "body", "bodies")
    return _because(told, event.reason)


@_says(e.EntryRedacted)
def _redacted(event: e.EntryRedacted) -> str:
    told = f"version {event.of}" + (", as it arrived" if event.automatic else "")
    return _because(told, event.reason)


def _because(told: str, why: str | None) -> str:
    return f"{told}: {why}" if why else told


def _entry(body: bytes, marks: int) -> Mapping[str, Any]:
    if not body:
        return {}  # erased
    entry = read_entry(Body(0, body, bool(marks & (Mark.CAREFUL | Mark.RAW))))
    return entry if isinstance(entry, Mapping) else {}
