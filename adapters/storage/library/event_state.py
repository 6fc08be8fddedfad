"""A session's event as the state of a stored event of the eventsourcing library.

The first line is the header: a JSON object of the columns that are set (bytes in hexadecimal) and,
last, the facts. After the line feed stands the body, verbatim; without one there is no body.
"""

from __future__ import annotations

import operator

import orjson

from ....domain.events import SessionEvent
from ..encoding.rows import Row, from_row, to_row
from .errors import NotForTheLog

_FACTS = b',"facts":'
_BYTES = ("identity",)

NO_COLUMNS = Row(0, *[None] * (len(Row._fields) - 1))
"""A header in which nothing is set."""


def state_of(event: SessionEvent) -> bytes:
    """Write an event.

    Raises:
        NotForTheLog: it would not come back as it is.
    """
    row, body, _ = to_row(event)
    if from_row(event.TOPIC, row, body) != event:
        raise NotForTheLog(
            f"this {event.TOPIC} would lose something on its way through the log: {event!r:.300}"
        )
    return frame(row, body)


def event_of(topic: str, state: bytes) -> SessionEvent:
    """Read an event.

    Raises:
        UnknownTopic: a later release wrote it.
        NotForTheLog: the state is not framed as ``frame`` does.
        DamagedEvent: its facts or its content cannot be read.
    """
    return from_row(topic, *unframe(state))


def checked_event(topic: str, state: bytes) -> SessionEvent:
    """Read an event that somebody else wrote, and be sure that it comes back as it is.

    Raises:
        UnknownTopic, NotForTheLog, DamagedEvent: as ``event_of``, or a field is wrong.
    """
    event = event_of(topic, state)
    try:
        event = type(event).model_validate(dict(event))
    except ValueError as problem:
        raise NotForTheLog(f"the state is no {topic}: {problem}") from problem
    row, body, _ = to_row(event)
    if topic != event.TOPIC or state != frame(row, body):
        raise NotForTheLog(f"the state of the {topic} is not as this release of turnlog writes it")
    return event


def frame(row: Row, body: bytes | None) -> bytes:
    """Join a header and a body."""
    columns = {name: value for name, value in row._asdict().items() if value is not None}
    facts = columns.pop("facts", None)
    for name in _BYTES:
        if name in columns:
            columns[name] = columns[name].hex()
    line = orjson.dumps(columns)
    if facts is not None:
        line = b"%b%b%b}" % (line[:-1], _FACTS, facts.encode())
    return line if body is None else b"%b\n%b" % (line, body)


def unframe(state: bytes) -> tuple[Row, bytes | None]:
    """The inverse of ``frame``.

    Raises:
        NotForTheLog: it is none that ``frame`` made.
    """
    line, end, body = state.partition(b"\n")
    # Columns are numbers and hexadecimal digits, so the first such mark is the frame's own.
    head, found, facts = line.partition(_FACTS)
    try:
        columns = orjson.loads(head + b"}" if found else head)
        for name, value in columns.items():
            columns[name] = bytes.fromhex(value) if name in _BYTES else operator.index(value)
        row = NO_COLUMNS._replace(**columns, facts=facts[:-1].decode() if found else None)
    except (AttributeError, TypeError, ValueError) as problem:
        raise NotForTheLog(f"the state of the event has no header: {line[:60]!r}") from problem
    return row, body if end else None
