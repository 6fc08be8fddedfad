"""Threads of LangGraph's ``SqliteSaver`` and ``AsyncSqliteSaver``: every checkpoint they hold.

Each checkpoint becomes a snapshot of the messages, so that time travel, removed messages and
branches come along. Measured on langgraph-checkpoint-sqlite 1.0 and 3.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..claude.messages import Given, Role
from .contents import counters, mapping, text, tool_calls, with_calls
from .database import ForeignDatabase, milliseconds
from .found import Foreign, ForeignSession, Snapshot, Unreadable, foreign
from .langgraph_bytes import CannotRead, read

KIND = "langgraph"
CHANNEL = "messages"
_CHECKPOINTS = {"thread_id", "checkpoint_ns", "checkpoint_id", "checkpoint", "type"}
_REMOVE_ALL = "__remove_all__"
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("ai", "assistant", "aimessagechunk"), "assistant"),
    **dict.fromkeys(("system", "developer", "chat"), "system"),
    **dict.fromkeys(("tool", "function"), "tool"),
}


def is_one(database: ForeignDatabase) -> bool:
    """Whether a database holds checkpoints."""
    return set(database.tables.get("checkpoints", ())) >= _CHECKPOINTS


class LangGraph:
    """The threads of such a database."""

    kind = KIND

    def __init__(self, database: ForeignDatabase, history: bool = True) -> None:
        """Take the database, and whether older checkpoints come along with the newest."""
        self.unread = Unreadable()
        self._database = database
        self._history = history
        self._made: dict[str, Foreign] = {}
        """The messages of a thread by what they are known by: each checkpoint holds all again."""
        self._counted: set[tuple[Any, str]] = set()
        """The answers of threads whose tokens are told; subgraphs hold copies of them."""

    def sessions(self) -> Iterator[ForeignSession]:
        """Every thread; a subgraph's own checkpoints are a stream below its thread's."""
        columns = ["thread_id", "checkpoint_ns"]
        group = "GROUP BY thread_id, checkpoint_ns"
        found = self._database.rows("checkpoints", columns, group, (), "thread_id, checkpoint_ns")
        for thread, namespace in list(found):
            self._made.clear()
            snapshots = self._snapshots(thread, namespace)
            self._count(thread, snapshots, bool(namespace))
            if not any(snapshot.messages for snapshot in snapshots):
                self.unread.note("threads without messages, left out")
                continue
            if not self._history:
                snapshots = snapshots[-1:]
            subpath = f"subgraphs/{namespace}" if namespace else None
            yield ForeignSession(KIND, str(thread), snapshots, subpath)

    def _count(self, thread: Any, snapshots: list[Snapshot], copies: bool) -> None:
        """Tell the tokens of an answer once, however many graphs of a thread hold it."""
        for snapshot in snapshots:
            messages: Any = snapshot.messages
            for i, message in enumerate(messages):
                answer = (thread, message.given.response or "")
                if copies and answer in self._counted:
                    given = message.given._replace(usage=None, response=None)
                    messages[i] = message._replace(given=given)
        answers = (m.given.response for s in snapshots for m in s.messages)
        self._counted.update((thread, answer) for answer in answers if answer)

    def _snapshots(self, thread: Any, namespace: Any) -> list[Snapshot]:
        states: dict[str, list[Foreign]] = {}
        snapshots = []
        columns = ["checkpoint_id", "parent_checkpoint_id", "type", "checkpoint", "metadata"]
        rows = self._database.rows(
            "checkpoints",
            columns,
            "WHERE thread_id = ? AND checkpoint_ns = ?",
            (thread, namespace),
            "checkpoint_id",
        )
        for name, parent, kind, data, metadata in rows:
            where = f"checkpoint {name} of thread {thread!r:.80}"
            try:
                checkpoint = mapping(read(kind, data))
                messages = self._messages(checkpoint, thread, namespace, parent, states)
            except CannotRead as problem:
                self.unread.add(where, str(problem))
                continue
            states[name] = messages
            snapshots.append(Snapshot(messages, str(name), self._label(metadata)))
        return snapshots

    def _messages(
        self,
        checkpoint: Mapping[str, Any],
        thread: Any,
        namespace: Any,
        parent: Any,
        states: Mapping[str, list[Foreign]],
    ) -> list[Foreign]:
        at = milliseconds(checkpoint.get("ts"))
        values = mapping(checkpoint.get("channel_values"))
        if CHANNEL in values:
            return self._converted(values[CHANNEL], at)
        if CHANNEL not in mapping(checkpoint.get("channel_versions")):
            return []
        # A delta channel: what the parent had, and what was written there since.
        before = states.get(parent, [])
        return self._written(before, thread, namespace, parent, at)

    def _written(
        self, before: list[Foreign], thread: Any, namespace: Any, checkpoint: Any, at: int | None
    ) -> list[Foreign]:
        path = "task_path" if "task_path" in self._database.tables.get("writes", ()) else "task_id"
        rows = self._database.rows(
            "writes",
            ["type", "value"],
            "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ? AND channel = ?",
            (thread, namespace, checkpoint, CHANNEL),
            f"{path}, task_id, idx",
        )
        messages = list(before)
        for kind, value in rows:
            written = read(kind, value)
            for one in written if isinstance(written, list) else [written]:
                _merge(messages, one, self._converted([one], at))
        return messages

    def _converted(self, messages: Any, at: int | None) -> list[Foreign]:
        found = []
        for message in messages if isinstance(messages, list) else [messages]:
            if isinstance(message, list) and len(message) == 2:
                message = {"type": message[0], "content": message[1]}
            if isinstance(message, str):
                message = {"type": "human", "content": message}
            if not isinstance(message, Mapping):
                self.unread.note("values among the messages that are none, left out")
                continue
            given = _given(message)
            if given is None:
                if message.get("type") != "remove":
                    self.unread.note(f"messages of the kind {message.get('type')!r:.40}, left out")
                continue
            made = foreign(KIND, message.get("id"), dict(message), given, at)
            found.append(self._made.setdefault(made.key, made))
        return found

    def _label(self, metadata: Any) -> str | None:
        try:
            told = mapping(read("json", metadata)) if metadata is not None else {}
        except CannotRead:
            return None
        parts = [f"step {told['step']}"] if "step" in told else []
        parts += [str(told["source"])] if "source" in told else []
        return ", ".join(parts) or None


def _given(message: Mapping[str, Any]) -> Given | None:
    kind = message.get("type") or message.get("role")
    role = _ROLES.get(str(kind).lower())
    if role is None:
        return None
    content = message.get("content")
    told = mapping(message.get("additional_kwargs"))
    if role == "assistant":
        calls = tool_calls(message.get("tool_calls") or told.get("tool_calls"))
        return _answer(message, Given(role, with_calls(content, calls)))
    given = Given(role, with_calls(content, []))
    if role != "tool":
        return given
    failed = message.get("status") == "error"
    return given._replace(tool_use_id=text(message.get("tool_call_id")), is_error=failed)


def _answer(message: Mapping[str, Any], given: Given) -> Given:
    made = mapping(message.get("response_metadata"))
    told = message.get("usage_metadata")
    usage = None
    if isinstance(told, Mapping):
        details = mapping(told.get("input_token_details"))
        usage = counters(
            told.get("input_tokens"),
            told.get("output_tokens"),
            details.get("cache_read"),
            details.get("cache_creation"),
        )
    return given._replace(
        usage=usage,
        model=text(made.get("model_name")) or text(made.get("model")),
        stop_reason=_STOPS.get(str(made.get("stop_reason") or made.get("finish_reason"))),
        response=text(message.get("id")),
    )


_STOPS = {
    **{name: name for name in ("end_turn", "stop_sequence", "tool_use", "max_tokens")},
    **{"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"},
}


def _merge(messages: list[Foreign], written: Any, made: list[Foreign]) -> None:
    """What a write does to the messages, as LangGraph's reducer has it: by their ids."""
    name = written.get("id") if isinstance(written, Mapping) else None
    if isinstance(written, Mapping) and written.get("type") == "remove":
        kept = [] if name == _REMOVE_ALL else [m for m in messages if _name(m) != name]
        messages[:] = kept
        return
    for one in made:
        there = next((i for i, m in enumerate(messages) if name and _name(m) == name), None)
        if there is None:
            messages.append(one)
        else:
            messages[there] = one


def _name(message: Foreign) -> Any:
    also = message.given.also or {}
    return mapping(mapping(also.get("migrated")).get("original")).get("id")
