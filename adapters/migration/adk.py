"""Sessions of Google's Agent Development Kit on SQLite, as google-adk 2.13 writes them.

Those of ``DatabaseSessionService``, in JSON (schema 1) or with pickled actions (schema 0), and
those of ``SqliteSessionService``.

Pickled actions are not read: what they hold of rewinds, compactions and state changes is missing
then, and the summary says how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...domain.errors import NotJson
from ..claude.messages import Given
from ..storage.encoding.json_bytes import encode
from .contents import Block, call, counters, inline, mapping, parsed, text
from .database import ForeignDatabase, milliseconds
from .found import Foreign, ForeignSession, Snapshot, Unreadable, foreign

KIND = "adk"
_SESSIONS = {"app_name", "user_id", "id", "state"}
_EVENTS = {"id", "app_name", "user_id", "session_id", "invocation_id"}
_FIELDS = (
    *("author", "branch", "content", "usage_metadata", "custom_metadata", "grounding_metadata"),
    *("citation_metadata", "partial", "turn_complete", "error_code", "error_message"),
    *("interrupted", "input_transcription", "output_transcription", "long_running_tool_ids_json"),
)
"""The columns of schema 0 beside the pickled ones."""
_WHERE = "WHERE app_name = ? AND user_id = ? AND session_id = ?"


def is_one(database: ForeignDatabase) -> bool:
    """Whether a database holds sessions and events of the ADK."""
    sessions, events = (set(database.tables.get(name, ())) for name in ("sessions", "events"))
    return sessions >= _SESSIONS and events >= _EVENTS


class AgentDevelopmentKit:
    """The sessions of such a database."""

    kind = KIND

    def __init__(self, database: ForeignDatabase) -> None:
        self.unread = Unreadable()
        self._database = database

    def sessions(self) -> Iterator[ForeignSession]:
        """Every session, with its rewinds as they happened."""
        columns = ["app_name", "user_id", "id", "state", "create_time"]
        order = "create_time, app_name, user_id, id"
        taken: set[tuple[Any, Any]] = set()
        for app, user, name, state, created in list(
            self._database.rows("sessions", columns, "", (), order)
        ):
            begun = milliseconds(created)
            snapshots = _snapshots(list(self._events((app, user, name))))
            metadata = {"state": told} if (told := self._state(name, state)) else {}
            yield ForeignSession(
                str(app),
                # Two users may have a session of one id: the first keeps it.
                f"{user}/{name}" if (app, name) in taken else str(name),
                snapshots,
                user_id=text(user),
                metadata=metadata,
                created_at=begun,
            )
            taken.add((app, name))
        for table in ("app_states", "user_states"):
            if table in self._database.tables:
                rows = self._database.rows(table, ["state"])
                self.unread.note(
                    f"rows of {table}, which belong to no session, left out",
                    sum(1 for (state,) in rows if state not in (None, "{}", b"{}")),
                )

    def _state(self, name: Any, state: Any) -> dict[str, Any]:
        try:
            return dict(mapping(parsed(state))) if state is not None else {}
        except NotJson as problem:
            self.unread.add(f"the state of session {name!r:.80}", str(problem))
            return {}

    def _events(self, place: tuple[Any, Any, Any]) -> Iterator[Mapping[str, Any]]:
        columns = self._database.tables["events"]
        order = "timestamp, rowid"
        if "event_data" in columns:
            rows = self._database.rows(
                "events", ["id", "invocation_id", "timestamp", "event_data"], _WHERE, place, order
            )
            for name, invocation, moment, data in rows:
                try:
                    told = mapping(parsed(data))
                except NotJson as problem:
                    self.unread.add(f"event {name!r:.80}", str(problem))
                    continue
                head = {"id": name, "invocation_id": invocation}
                yield {**told, **head, "timestamp": told.get("timestamp", moment)}
            return
        there = [field for field in _FIELDS if field in columns]
        rows = self._database.rows(
            "events", ["id", "invocation_id", "timestamp", *there], _WHERE, place, order
        )
        for name, invocation, moment, *values in rows:
            told = {"id": name, "invocation_id": invocation, "timestamp": moment}
            for field, value in zip(there, values, strict=True):
                if value is not None:
                    told[field] = self._value(name, field, value)
            if "actions" in columns:
                self.unread.note("pickled actions of events, which are not unpickled")
            yield told

    def _value(self, name: Any, field: str, value: Any) -> Any:
        if not isinstance(value, str | bytes) or field in ("author", "branch"):
            return value
        if not (field == "content" or field.endswith(("_metadata", "_transcription"))):
            return value
        try:
            return parsed(value)
        except NotJson as problem:
            self.unread.add(f"{field} of event {name!r:.80}", str(problem))
            return None


def _snapshots(events: list[Mapping[str, Any]]) -> list[Snapshot]:
    """The conversation before each rewind, and as it is now."""
    messages: list[Foreign] = []
    invocations: list[Any] = []
    snapshots = []
    for event in events:
        actions = mapping(event.get("actions"))
        back_to = actions.get("rewind_before_invocation_id")
        if back_to is not None and back_to in invocations:
            snapshots.append(
                Snapshot(list(messages), f"before-{event.get('id')}", "before a rewind")
            )
            start = invocations.index(back_to)
            del messages[start:], invocations[start:]
            continue
        messages.append(_message(event, actions, messages))
        invocations.append(event.get("invocation_id"))
    return [*snapshots, Snapshot(messages)]


def _message(
    event: Mapping[str, Any], actions: Mapping[str, Any], before: list[Foreign]
) -> Foreign:
    at = milliseconds(event.get("timestamp"))
    compaction = actions.get("compaction")
    if isinstance(compaction, Mapping):
        made = _summary(compaction)
        end = milliseconds(compaction.get("end_timestamp"))
        later = (i for i, m in enumerate(before) if m.at is not None and m.at > (end or 0))
        found = foreign(KIND, event.get("id"), dict(event), made, at)
        return found._replace(kept_from=next(later, None))
    return foreign(KIND, event.get("id"), dict(event), _given(event), at)


def _summary(compaction: Mapping[str, Any]) -> Given:
    content = mapping(compaction.get("compacted_content"))
    texts = [b["text"] for b in _blocks(content.get("parts")) if b.get("type") == "text"]
    return Given("user", "\n".join(texts), also={"isCompactSummary": True})


def _given(event: Mapping[str, Any]) -> Given:
    content = mapping(event.get("content"))
    blocks = _blocks(content.get("parts"))
    if not blocks:
        return _without_content(event)
    if any(block["type"] == "tool_result" for block in blocks):
        return Given("tool", blocks)
    if event.get("author") == "user" or content.get("role") == "user":
        return Given("user", blocks)
    told = event.get("usage_metadata")
    usage = None
    if isinstance(told, Mapping):
        # Google counts what was thought apart, and what was cached with the prompt.
        spoken = [told.get(name) for name in ("candidates_token_count", "thoughts_token_count")]
        given = sum(count for count in spoken if type(count) is int)
        usage = counters(
            told.get("prompt_token_count"), given, told.get("cached_content_token_count")
        )
    return Given("assistant", blocks, usage=usage, model=text(event.get("model_version")))


def _without_content(event: Mapping[str, Any]) -> Given:
    if event.get("error_code") is not None:
        told = text(event.get("error_message")) or str(event["error_code"])
        return Given("assistant", told, model="<synthetic>", also={"isApiErrorMessage": True})
    changed = mapping(mapping(event.get("actions")).get("state_delta"))
    told = f"state changed: {', '.join(sorted(changed))}" if changed else "an event without content"
    # No message: nothing of it reaches a model.
    also = {"subtype": "event", "content": told, "message": {"role": "event"}}
    return Given("system", told, also=also)


def _blocks(parts: Any) -> list[Block]:
    return [_block(mapping(part)) for part in parts] if isinstance(parts, list) else []


def _block(part: Mapping[str, Any]) -> Block:
    if isinstance(told := part.get("text"), str):
        if part.get("thought") is True:
            return {"type": "thinking", "thinking": told}
        return {"type": "text", "text": told}
    if isinstance(asked := part.get("function_call"), Mapping):
        return call(asked.get("id"), asked.get("name"), asked.get("args"))
    if isinstance(answer := part.get("function_response"), Mapping):
        result = answer.get("response")
        only = mapping(result).get("result") if len(mapping(result)) == 1 else None
        content = only if isinstance(only, str) else _json(result)
        return {"type": "tool_result", "tool_use_id": answer.get("id") or "", "content": content}
    if isinstance(data := part.get("inline_data"), Mapping):
        return inline(data.get("mime_type"), data.get("data"))
    return {**part, "type": next((name for name in part if part[name]), "part")}


def _json(value: Any) -> str:
    return encode(value)[0].decode("utf-8", "surrogatepass")
