"""Sessions of the OpenAI Agents SDK: ``SQLiteSession``, ``SQLAlchemySession``, and the one with
branches, ``AdvancedSQLiteSession``. Measured on openai-agents 0.24."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from ...domain.errors import NotJson
from ..claude.messages import Given
from .contents import block_of, call, content_of, counters, mapping, parsed, text
from .database import ForeignDatabase, milliseconds
from .found import Foreign, ForeignSession, Snapshot, Unreadable, foreign

KIND = "openai-agents"
_MESSAGES = {"id", "session_id", "message_data", "created_at"}
_USUAL = "agent_messages"
_STRUCTURE, _USAGE = "message_structure", "turn_usage"
_SPOKEN = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


class _Item(NamedTuple):
    id: int
    at: int | None
    item: Mapping[str, Any]
    turn: tuple[str, int] | None = None
    """Of the branched session: the branch, and the number of the user's turn."""


def tables(database: ForeignDatabase) -> list[str]:
    """The tables of messages."""
    return [name for name, columns in database.tables.items() if set(columns) >= _MESSAGES]


class OpenAIAgents:
    """The sessions of such a database."""

    kind = KIND

    def __init__(self, database: ForeignDatabase) -> None:
        self.unread = Unreadable()
        self._database = database

    def sessions(self) -> Iterator[ForeignSession]:
        """Every session, with the messages of each of its branches."""
        for table in tables(self._database):
            ids = self._database.rows(table, ["session_id"], "GROUP BY session_id", (), "min(id)")
            for (session_id,) in list(ids):
                items = self._items(table, session_id)
                branches = self._branches(session_id, items) if table == _USUAL else {}
                created = min((i.at for i in items.values() if i.at is not None), default=None)
                yield ForeignSession(
                    KIND if table == _USUAL else f"{KIND}:{table}",
                    str(session_id),
                    self._snapshots(session_id, items, branches),
                    created_at=created,
                )

    def _items(self, table: str, session_id: Any) -> dict[int, _Item]:
        found = {}
        rows = self._database.rows(
            table, ["id", "message_data", "created_at"], "WHERE session_id = ?", (session_id,), "id"
        )
        for number, data, created in rows:
            where = f"{table} {number}"
            try:
                item = parsed(data)
            except NotJson as problem:
                self.unread.add(where, str(problem))
                continue
            if not isinstance(item, Mapping):
                self.unread.add(where, "it is no object")
            elif "__enc__" in item:
                self.unread.add(where, "it is encrypted")
            else:
                found[number] = _Item(number, milliseconds(created), item)
        return found

    def _branches(self, session_id: Any, items: dict[int, _Item]) -> dict[str, list[_Item]]:
        """The items of each branch in order, the branch that was written last at the end."""
        if _STRUCTURE not in self._database.tables:
            return {}
        rows = self._database.rows(
            _STRUCTURE,
            ["message_id", "branch_id", "user_turn_number"],
            "WHERE session_id = ?",
            (session_id,),
            "branch_id, sequence_number, id",
        )
        branches: dict[str, list[_Item]] = {}
        for number, branch, turn in rows:
            if number in items:
                item = items[number]._replace(turn=(branch, turn or 0))
                branches.setdefault(str(branch), []).append(item)
        return dict(sorted(branches.items(), key=lambda b: max(item.id for item in b[1])))

    def _snapshots(
        self, session_id: Any, items: dict[int, _Item], branches: dict[str, list[_Item]]
    ) -> list[Snapshot]:
        if len(branches) < 2:
            only = next(iter(branches.values()), list(items.values()))
            return [Snapshot(self._messages(only, self._usage(session_id)))]
        usage = self._usage(session_id)
        return [
            Snapshot(self._messages(told, usage), f"branch:{name}")
            for name, told in branches.items()
        ]

    def _usage(self, session_id: Any) -> dict[tuple[str, int], dict[str, int]]:
        """What the turns of the branched session took."""
        if _USAGE not in self._database.tables:
            return {}
        columns = ["branch_id", "user_turn_number", "input_tokens", "output_tokens"]
        rows = self._database.rows(
            _USAGE, [*columns, "input_tokens_details"], "WHERE session_id = ?", (session_id,), "id"
        )
        found = {}
        for branch, turn, taken, given, details in rows:
            try:
                told = mapping(parsed(details)) if details else {}
            except NotJson:
                told = {}
            cached = told.get("cached_tokens")
            found[branch, turn] = counters(taken, given, cached, told.get("cache_write_tokens"))
        return found

    def _messages(
        self, items: list[_Item], usage: Mapping[tuple[str, int], dict[str, int]]
    ) -> list[Foreign]:
        last = {item.turn: item.id for item in items if _is_answer(item.item)}
        found = []
        for answers, run in groupby(items, key=lambda item: _is_answer(item.item)):
            together = list(run)
            calls = str(together[-1].item.get("type")).endswith("_call")
            for item in together:
                given = self._given(item)
                if answers:
                    ended = "tool_use" if calls else "end_turn"
                    spent = _spent(usage, item) if last.get(item.turn) == item.id else None
                    response = f"{item.turn} {together[0].id}"
                    given = given._replace(stop_reason=ended, usage=spent, response=response)
                found.append(foreign(KIND, item.id, dict(item.item), given, item.at))
        return found

    def _given(self, item: _Item) -> Given:
        told = item.item
        kind, role = told.get("type"), told.get("role")
        if role in _SPOKEN:
            return Given(_SPOKEN[role], content_of(told.get("content")))  # type: ignore[arg-type]
        if kind == "reasoning":
            thought = [*_texts(told.get("summary")), *_texts(told.get("content"))]
            return Given("assistant", [{"type": "thinking", "thinking": "\n".join(thought)}])
        if isinstance(kind, str) and kind.endswith("_output"):
            output = told.get("output")
            content = output if isinstance(output, str) else content_of(output)
            call_id = text(told.get("call_id")) or text(told.get("id"))
            return Given("tool", content, tool_use_id=call_id)
        if isinstance(kind, str) and kind.endswith("_call"):
            return Given("assistant", [_call(kind, told)])
        self.unread.note(f"items of the kind {kind!r}, kept as they are")
        return Given("system", [{**told, "type": kind if isinstance(kind, str) else "item"}])


def _spent(usage: Mapping[tuple[str, int], dict[str, int]], item: _Item) -> dict[str, int] | None:
    return usage.get(item.turn) if item.turn is not None else None


def _is_answer(item: Mapping[str, Any]) -> bool:
    kind = item.get("type")
    if item.get("role") == "assistant" or kind == "reasoning":
        return True
    return isinstance(kind, str) and kind.endswith("_call")


def _call(kind: str, told: Mapping[str, Any]) -> dict[str, Any]:
    call_id = told.get("call_id") or told.get("id")
    if "name" in told:
        return call(call_id, told["name"], told.get("arguments", told.get("input")))
    rest = {name: value for name, value in told.items() if name not in ("type", "id", "call_id")}
    return call(call_id, kind.removesuffix("_call"), rest)


def _texts(parts: Any) -> list[str]:
    blocks = [block_of(part) for part in parts] if isinstance(parts, list) else []
    return [block["text"] for block in blocks if isinstance(block.get("text"), str)]
