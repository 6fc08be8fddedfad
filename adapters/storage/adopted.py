"""Events of another log, checked before they are written: nothing of them is taken on trust."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from ...domain.entry import Mark
from ...domain.errors import InvalidEvidence, TurnlogError
from ...domain.events import EntryRecorded, SessionEvent, TurnRecorded
from .contract.evidence import Hashed
from .contract.values import Stream
from .damage import UNREADABLE
from .encoding.chain import body_hash, hashed_header, linked
from .encoding.rows import Row, from_row
from .encoding.salts import SALT

_CAREFULLY = Mark.CAREFUL | Mark.RAW
_LARGEST = 1 << 63
_LARGEST_VERSION = 1 << 31


class Adopted(NamedTuple):
    """An event as it is to be written."""

    event: SessionEvent
    row: Row
    hashed: Hashed
    careful: bool
    """Whether its body needs the careful decoder."""


def adopted(stream: Stream, events: Sequence[Hashed]) -> list[Adopted]:
    """Events that follow on a stream's head.

    Raises:
        InvalidEvidence: they do not, or are no events.
    """
    chain, version, at = stream.chain, stream.version, stream.recorded_at
    taken = []
    for hashed in events:
        version += 1
        try:
            one = _adopted(stream.key.stream_id, hashed)
        except (TurnlogError, *UNREADABLE) as problem:
            raise _refused(hashed, f"it cannot be read: {problem}") from problem
        chain = linked(chain, hashed.header, hashed.identity, hashed.body_hash)
        if hashed.version != version or chain != hashed.chain:
            raise _refused(hashed, f"it does not follow on version {version - 1}")
        if not at <= hashed.recorded_at < _LARGEST:
            raise _refused(hashed, "it was recorded before the event that precedes it")
        at = hashed.recorded_at
        taken.append(one)
    return taken


def _adopted(name: str, hashed: Hashed) -> Adopted:
    stream, version, topic, at, *columns, facts, _ = json.loads(hashed.header)
    branch, occurred, *numbers = columns
    row = Row._make((branch, occurred, hashed.identity, *numbers, facts))
    told = hashed_header(name, hashed.version, hashed.topic, hashed.recorded_at, row)
    if told != hashed.header or (stream, version, topic, at) != (name, *hashed[2:5]):
        raise InvalidEvidence("its header is spelled otherwise than this log would")
    if not all(number is None or abs(number) < _LARGEST_VERSION for number in numbers):
        raise InvalidEvidence("its header holds a number that is too large")
    if occurred is not None and abs(occurred) >= _LARGEST:
        raise InvalidEvidence("its header holds a time that is too large")
    if hashed.body is not None and len(hashed.seed or b"") != SALT:
        raise InvalidEvidence(f"the salt of its content has not {SALT} bytes")
    event = from_row(hashed.topic, row, hashed.body)
    marked = isinstance(event, TurnRecorded | EntryRecorded) and event.marks & _CAREFULLY != 0
    return Adopted(event, row, hashed, marked or _is_replaced(hashed))


def _is_replaced(hashed: Hashed) -> bool:
    """Whether its content was redacted: then its marks are not of what is there now."""
    if hashed.body is None or hashed.seed is None:
        return False
    return body_hash(hashed.seed, hashed.version, hashed.body) != hashed.body_hash


def _refused(hashed: Hashed, what: str) -> InvalidEvidence:
    return InvalidEvidence(
        f"version {hashed.version} of {hashed.stream!r:.200} cannot be taken over: {what}"
    )
