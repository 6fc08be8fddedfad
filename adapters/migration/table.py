"""A table of an application's own: one row a session, its messages as JSON in one column.

The JSON may be compressed (gzip, zlib, zstd) and in base64. Messages are in the form of
Anthropic's or OpenAI's chat API, or entries with a ``message`` of that form.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import zstandard

from ...domain.errors import NotJson, Refused
from ..claude.messages import COUNTERS, ROLES, Given, Role
from .contents import counters, mapping, parsed, text, tool_calls, with_calls
from .database import ForeignDatabase, NotMigratable, milliseconds, quoted
from .found import Foreign, ForeignSession, Snapshot, Unreadable, foreign

KIND = "table"
COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("session_id", "id", "sid", "uuid", "conversation_id", "thread_id"),
    "history": ("history", "messages", "conversation", "transcript", "history_gz", "data"),
    "user": ("user_id", "user", "owner", "username"),
    "title": ("title", "name", "summary"),
    "model": ("model", "model_name"),
    "metadata": ("metadata", "meta"),
    "created": ("created_at", "created", "start_time", "timestamp"),
    "input_tokens": ("input_tokens", "total_input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "total_output_tokens", "completion_tokens"),
    "cache_read_input_tokens": ("cache_read_input_tokens", "cache_read_tokens"),
    "cache_creation_input_tokens": ("cache_creation_input_tokens", "cache_creation_tokens"),
    "total_cost_usd": ("total_cost_usd", "total_cost", "cost_usd", "cost"),
}
"""What is read of a row, and the columns it is looked for in where none is named."""
TABLES = ("sessions", "conversations", "agent_sessions", "chat_sessions", "session")
_LARGEST = 1 << 30
"""Bytes that a history may have when it is not compressed any more."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ROLES: dict[str, Role] = {
    **{role: role for role in ROLES},
    **{"human": "user", "ai": "assistant", "model": "assistant", "developer": "system"},
    **{"function": "tool", "tool_result": "tool"},
}


def table_of(database: ForeignDatabase, asked: str | None = None) -> str | None:
    """The table of sessions: the one asked for, else one of a usual name with a history."""
    if asked is not None:
        if asked not in database.tables:
            there = ", ".join(sorted(database.tables)) or "none"
            raise Refused(f"{database.path} has no table {asked!r:.60}; it has {there}")
        return asked
    for name in TABLES:
        columns = database.tables.get(name, ())
        if all(any(c in columns for c in COLUMNS[part]) for part in ("id", "history")):
            return name
    return None


class SessionsTable:
    """The sessions of such a table."""

    kind = KIND

    def __init__(
        self, database: ForeignDatabase, table: str, named: Mapping[str, str] | None = None
    ) -> None:
        """Take the table, and the columns that are named by hand.

        Raises:
            Refused: a column is named that the table does not have, or for what is not read.
        """
        self.unread = Unreadable()
        self._database = database
        self._table = table
        self._columns = _columns(database, table, named or {})

    def sessions(self) -> Iterator[ForeignSession]:
        """Every row."""
        seen: set[Any] = set()
        names = list(self._columns)
        columns = [self._columns[name] for name in names]
        for row in self._database.rows(self._table, columns, "", (), quoted(self._columns["id"])):
            values = dict(zip(names, row, strict=True))
            name = values["id"]
            if name in (None, ""):
                self.unread.add(f"a row of {self._table}", "it has no id")
                continue
            if name in seen:
                self.unread.add(f"a row of session {name!r:.80}", "another has the same id")
                continue
            seen.add(name)
            try:
                messages = self._messages(values)
            except (NotJson, NotMigratable) as problem:
                self.unread.add(f"the history of session {name!r:.80}", str(problem))
                continue
            yield ForeignSession(
                KIND,
                str(name),
                [Snapshot(messages)],
                user_id=text(values.get("user")),
                title=text(values.get("title")),
                metadata=self._metadata(name, values.get("metadata")),
                created_at=milliseconds(values.get("created")),
                total=_total(values),
                total_cost_usd=_cost(values.get("total_cost_usd")),
            )

    def _messages(self, values: Mapping[str, Any]) -> list[Foreign]:
        history = values["history"]
        if history in (None, "", b""):
            return []
        told = _decoded(history)
        if isinstance(told, Mapping):
            told = told.get("messages", told.get("history", []))
        if not isinstance(told, list):
            raise NotJson("it is no list of messages")
        found = []
        for one in told:
            given = _given(one, text(values.get("model")))
            if given is None:
                self.unread.note("parts of a history that are no messages, left out")
                continue
            moment = mapping(one).get("timestamp", mapping(one).get("created_at"))
            found.append(foreign(KIND, mapping(one).get("id"), one, given, milliseconds(moment)))
        return found

    def _metadata(self, name: Any, value: Any) -> dict[str, Any]:
        if value in (None, "", b""):
            return {}
        try:
            told = parsed(value)
        except NotJson as problem:
            self.unread.add(f"the metadata of session {name!r:.80}", str(problem))
            return {}
        return dict(told) if isinstance(told, Mapping) else {"metadata": told}


def _columns(database: ForeignDatabase, table: str, named: Mapping[str, str]) -> dict[str, str]:
    there = database.tables[table]
    for part, column in named.items():
        if part not in COLUMNS:
            raise Refused(f"{part!r:.40} is nothing that is read; there are {', '.join(COLUMNS)}")
        if column not in there:
            raise Refused(f"table {table!r:.60} has no column {column!r:.60}: {', '.join(there)}")
    found = {}
    for part, usual in COLUMNS.items():
        chosen = named.get(part) or next((name for name in usual if name in there), None)
        if chosen is not None:
            found[part] = chosen
    for part in ("id", "history"):
        if part not in found:
            raise Refused(
                f"table {table!r:.60} has no column known to hold the {part}; name it with "
                f"--column {part}=NAME, one of {', '.join(there)}"
            )
    return found


def _decoded(history: Any) -> Any:
    """What a history holds: JSON, or JSON lines, compressed or not.

    Raises:
        NotJson: neither.
    """
    data = history.encode("utf-8", "surrogateescape") if isinstance(history, str) else history
    if not isinstance(data, bytes):
        raise NotJson(f"the column holds {type(history).__name__}")
    data = _decompressed(data)
    if data.lstrip()[:1] not in (b"[", b"{", b'"'):
        try:
            data = _decompressed(base64.b64decode(data, validate=True))
        except binascii.Error:
            raise NotJson("it is neither JSON, nor compressed, nor base64") from None
    try:
        return parsed(data)
    except NotJson:
        lines = [line for line in data.split(b"\n") if line.strip()]
        if len(lines) < 2:
            raise
        return [parsed(line) for line in lines]


def _decompressed(data: bytes) -> bytes:
    try:
        if data.startswith(_ZSTD):
            return zstandard.ZstdDecompressor().stream_reader(data).read(_LARGEST)
        if data.startswith(_GZIP) or (data[:1] == b"\x78" and data[1:2] in b"\x01\x5e\x9c\xda"):
            inflater = zlib.decompressobj(wbits=47)  # gzip or zlib, as its head says
            found = inflater.decompress(data, _LARGEST)
            if not inflater.eof:
                raise NotJson("what is compressed ends too early, or has more than 1 GiB")
            return found
    except (zlib.error, zstandard.ZstdError) as problem:
        raise NotJson(f"it cannot be decompressed: {problem}") from problem
    return data


def _given(one: Any, model: str | None) -> Given | None:
    if not isinstance(one, Mapping):
        return None
    message = one.get("message")
    told = message if isinstance(message, Mapping) else one
    role = _ROLES.get(str(told.get("role") or one.get("type")).lower())
    if role is None or "content" not in told:
        return None
    content = told.get("content")
    if role == "assistant":
        usage = told.get("usage")
        return Given(
            role,
            with_calls(content, tool_calls(told.get("tool_calls"))),
            model=text(told.get("model")) or model,
            usage=_counted(usage) if isinstance(usage, Mapping) else None,
            response=text(told.get("id")),
        )
    given = Given(role, with_calls(content, []))
    if role == "tool":
        return given._replace(tool_use_id=text(told.get("tool_call_id")))
    blocks = given.content if isinstance(given.content, list) else []
    return given._replace(role="tool") if _only_results(blocks) else given


def _only_results(blocks: list[dict[str, Any]]) -> bool:
    return bool(blocks) and all(block.get("type") == "tool_result" for block in blocks)


def _counted(usage: Mapping[str, Any]) -> dict[str, int]:
    """The counters of one message, in Anthropic's spelling or in OpenAI's."""
    if "prompt_tokens" in usage:
        cached = mapping(usage.get("prompt_tokens_details")).get("cached_tokens")
        return counters(usage.get("prompt_tokens"), usage.get("completion_tokens"), cached)
    taken, given, cached, written = (usage.get(name) for name in COUNTERS)
    return counters(taken, given, cached, written, of_all=False)


def _total(values: Mapping[str, Any]) -> dict[str, int] | None:
    """The tokens of a row, whose input does not count what was cached."""
    told = {name: values.get(name) for name in COUNTERS}
    found = {n: c for n, c in told.items() if type(c) is int and 0 <= c < 1 << 53}
    return found or None


def _cost(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and 0 <= value < 1e9 else None
