"""Events as rows: which field goes into which column, into the facts, or into the body.

The columns hold what is asked for by index or counted; ``facts`` holds the rest of a header as
JSON, without defaults; the body holds the content, which can be erased.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from ....domain import events as e
from ....domain.entry import Mark, message_of
from ....domain.errors import DamagedEvent, NotJson
from ....domain.headers import Columns, EntryHeader, Header, TurnHeader
from ....domain.lineage import Segment
from ....domain.usage import NOTHING, Usage
from .facts import shortened, written_out
from .json_bytes import decode, encode


class Row(Columns):
    """A header as it is hashed."""

    __slots__ = ()

    @classmethod
    def stored(cls, columns: Sequence[Any]) -> Row:
        """Read the columns of a database.

        Raises:
            DamagedEvent: the facts cannot be read.
        """
        *rest, facts = columns
        return cls._make((*rest, written_out(facts) if type(facts) is str else facts))

    def columns(self) -> tuple[Any, ...]:
        """What a database holds of it: the facts are short there."""
        return self if self.facts is None else (*self[:-1], shortened(self.facts))


HEADERS: Mapping[str, type[Header]] = {kind.TOPIC: kind for kind in (TurnHeader, EntryHeader)}
"""Their fields are a row's."""
_NAMES = Row._fields
_PLACED = _NAMES[:-1]
"""Those that hold a field of the event each."""
_TYPES = frozenset(
    (name, kind)
    for name in _NAMES
    for kind in (bytes if name == "identity" else str if name == "facts" else int, type(None))
) - {("branch", type(None))}
"""SQLite takes a value of any type into any column."""
_SOUND: set[tuple[type, ...]] = set()
"""The types of the rows met so far that were right; there are few."""
_LONG = re.compile(r"[0-9]{19}")
"""Integers that may not fit into 64 bits."""
_VERBATIM = (e.TurnRecorded, e.EntryRecorded, e.EntryConflicted, e.EntryCorrupted)
_CAREFULLY = Mark.CAREFUL | Mark.RAW
_HALF = re.compile("[\ud800-\udfff]")
_OF_OTHERS = (
    *("total_cost_usd", "counting_since", "api_ms", "model_usage"),
    *("agent", "called_by", "of_session"),
)
"""What counters have that are none of a response of the stream's own."""
_ENTRY_KINDS = {Mark.USER: "user", Mark.ASSISTANT: "assistant"}


def to_row(event: e.SessionEvent) -> tuple[Row, bytes | None, bool]:
    """Write an event.

    Returns:
        The header, the body (None where the event has no content), and whether the body needs
        the careful decoder.
    """
    values = event.__dict__
    kind = type(event)
    if kind is e.TurnRecorded or kind is e.EntryRecorded:
        marks = values["marks"]
        name = values["kind"]
        row = Row(
            values["branch"],
            values["occurred_at"],
            values["identity"],
            marks,
            values["turn"],
            values["prompt"],
            values["parent"],
            values["before"],
            values["place"],
            None if name == _ENTRY_KINDS.get(marks & 3) else _kind_facts(name),
        )
        return row, values["body"], marks & _CAREFULLY != 0
    if kind is e.UsageRecorded:
        return _usage_row(event), None, False  # type: ignore[arg-type]
    plan = _plan(kind)
    facts_found = {
        name: values[name] for name, default in plan.facts.items() if values[name] != default
    }
    facts = None
    if facts_found:
        facts = _facts(_plain(facts_found))
    row = Row(
        values["branch"],
        values["occurred_at"],
        values["identity"],
        values.get("marks"),
        values.get("turn"),
        values.get("prompt") if plan.numbered else None,
        values.get("parent"),
        values.get("before"),
        values["place"],
        facts,
    )
    body: bytes | None = None
    careful = False
    if isinstance(event, _VERBATIM):
        body = values["body"]
        careful = True
    elif plan.content:
        content = {
            name: values[name] for name, default in plan.content.items() if values[name] != default
        }
        if content:
            body, careful = encode(_plain(content))
    return row, body, careful


@lru_cache(maxsize=256)
def _kind_facts(kind: str) -> str:
    return _facts({"kind": kind})


def _facts(found: Mapping[str, Any]) -> str:
    return _printable(encode(found)[0].decode("utf-8", "surrogatepass"))


def _usage_row(event: e.UsageRecorded) -> Row:
    facts: dict[str, Any] = {}
    if event.model is not None:
        facts["model"] = event.model
    if event.request_id is not None:
        facts["request_id"] = event.request_id
    facts["counters"] = list(event.counters)
    if any(event.counted):
        facts["counted"] = list(event.counted)
    if event.finished:
        facts["finished"] = True
    if not event.native:
        facts["native"] = False
    if event.fast:
        facts["fast"] = True
    if event.quality != "exact":
        facts["quality"] = event.quality
    if event.characters:
        facts["characters"] = event.characters
    if event.cli_version is not None:
        facts["cli_version"] = event.cli_version
    if event.source != "response":
        facts["source"] = event.source
        for name in _OF_OTHERS:
            if (told := getattr(event, name)) is not None:
                facts[name] = told
    return Row(
        event.branch,
        event.occurred_at,
        event.identity,
        None,
        event.turn,
        None,
        None,
        None,
        event.place,
        _facts(facts),
    )


def from_row(topic: str, row: Row, body: bytes | None) -> e.SessionEvent:
    """Read an event back, whatever release wrote it.

    Args:
        body: the content; None where it was erased, or was not asked for. The fields it held are
            then empty.

    Raises:
        UnknownTopic: a later release wrote it.
        DamagedEvent: its facts or its content cannot be read.
    """
    kind = e.EVENTS.get(topic)
    if (types := tuple(map(type, row))) not in _SOUND:
        _check_types(topic, row, types)
    try:
        if kind is e.TurnRecorded or kind is e.EntryRecorded:
            return kind.whole(_entry_values(row, body))
        facts: Any = _read_facts(row.facts) if row.facts is not None else {}
    except NotJson as problem:
        raise DamagedEvent(f"the facts of a {topic} are no JSON: {problem}") from problem
    if kind is None:
        return e.revive(topic, {**_columns(row), **facts, **_content(topic, body)})
    if kind is e.UsageRecorded:
        return _usage(row, facts)
    plan = _plan(kind)
    values = {name: value for name, value in _columns(row).items() if name in plan.columns}
    values.update(facts)
    if issubclass(kind, _VERBATIM):
        values["body"] = body if body is not None else b""
    else:
        for name in plan.required_content:
            values[name] = plan.required_content[name]
        values.update(_content(topic, body))
    return e.revive(topic, values)


def _usage(row: Row, facts: dict[str, Any]) -> e.UsageRecorded:
    counters, counted = facts.get("counters"), facts.get("counted")
    return e.UsageRecorded.whole(
        {
            **_usage_defaults(),
            **facts,
            "branch": row.branch,
            "occurred_at": row.occurred_at,
            "identity": row.identity,
            "place": row.place,
            "turn": row.turn,
            "message_id": message_of(row.identity),
            "counters": Usage(*counters) if counters else NOTHING,
            "counted": Usage(*counted) if counted else NOTHING,
        }
    )


@cache
def _usage_defaults() -> dict[str, Any]:
    return {name: field.default for name, field in e.UsageRecorded.model_fields.items()}


def header_from_row(kind: type[Header], values: tuple[Any, ...]) -> Header:
    """Read the header of an entry alone.

    Raises:
        DamagedEvent: it cannot be read.
    """
    if (types := tuple(map(type, values))) not in _SOUND:
        _check_types(kind.TOPIC, values, types)
    return tuple.__new__(kind, values)


def _check_types(topic: str, row: tuple[Any, ...], types: tuple[type, ...]) -> None:
    if not _TYPES.issuperset(zip(_NAMES, types, strict=True)):
        raise DamagedEvent(f"the header of a {topic} holds values of other types: {row!r:.200}")
    _SOUND.add(types)


def _entry_values(row: Row, body: bytes | None) -> dict[str, Any]:
    branch, occurred_at, identity, marks, turn, prompt, parent, before, place, facts = row
    marks = marks or 0
    return {
        "branch": branch,
        "occurred_at": occurred_at,
        "identity": identity,
        "place": place,
        "body": body if body is not None else b"",
        "kind": _ENTRY_KINDS.get(marks & 3, "") if facts is None else _kind_told(facts, marks),
        "marks": marks,
        "parent": parent,
        "before": before,
        "turn": turn,
        "prompt": prompt,
    }


@lru_cache(maxsize=256)
def _kind_told(facts: str, marks: int) -> Any:
    found: Any = _read_facts(facts)
    return found.get("kind") if found else _ENTRY_KINDS.get(marks & 3, "")


def _read_facts(text: str) -> Any:
    if "\\" not in text and _LONG.search(text) is None:
        try:
            return decode(text.encode(), False)
        except NotJson:
            pass  # the careful decoder reads more, and says what it cannot
    return decode(text.encode(), True)


def _columns(row: Row) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _PLACED if getattr(row, name) is not None}
    return values


def _content(topic: str, body: bytes | None) -> dict[str, Any]:
    if body is None:
        return {}
    try:
        content = decode(body, True)
    except NotJson as problem:
        raise DamagedEvent(f"the content of a {topic} is no JSON: {problem}") from problem
    return content if isinstance(content, dict) else {}


class _Plan(NamedTuple):
    """Where the fields of one kind of event go."""

    columns: frozenset[str]
    facts: Mapping[str, Any]
    content: Mapping[str, Any]
    required_content: Mapping[str, Any]
    numbered: bool


_PLANS: dict[type[e.SessionEvent], _Plan] = {}
_MISSING = object()
_EMPTY: dict[str, Any] = {"title": "", "prompt": "", "tags": (), "metadata": {}, "name": ""}


def _plan(kind: type[e.SessionEvent]) -> _Plan:
    plan = _PLANS.get(kind)
    if plan is None:
        fields = kind.model_fields
        # SessionStarted's prompt is a text, everywhere else it is a number of the header's.
        columns = frozenset(n for n in _PLACED if n in fields and n not in kind.CONTENT)
        defaults = {n: _MISSING if f.is_required() else f.default for n, f in fields.items()}
        plan = _PLANS[kind] = _Plan(
            columns,
            {
                n: d
                for n, d in defaults.items()
                # A response's message id is its identity.
                if n not in columns and n not in kind.CONTENT and n != "message_id"
            },
            {n: defaults[n] for n in kind.CONTENT},
            {n: _EMPTY.get(n, "") for n in kind.CONTENT if defaults[n] is _MISSING},
            "prompt" in columns,
        )
    return plan


def _plain(value: Any) -> Any:
    """Named tuples as lists, so that any JSON encoder takes them."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, Segment):
        return value.plain
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    if isinstance(value, BaseModel):
        return _plain(value.model_dump())
    return value


def _printable(text: str) -> str:
    # A text column of PostgreSQL takes no half of a surrogate; JSON can spell it. What is whole
    # stays as it is: two escapes in a row are read as two halves.
    if text.isascii():
        return text
    return _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
