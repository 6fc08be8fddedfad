"""What becomes of an event's content where texts are taken out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..adapters.storage.contract.values import StoredFile
from ..adapters.storage.encoding.json_bytes import decode, encode
from ..adapters.storage.encoding.rows import to_row
from ..domain import events as e
from ..domain.errors import NotJson
from ..domain.recorded import Recorded
from ..domain.redaction import REDACTED, Replace, entry_without, texts_in, value_without

VERBATIM = (e.TurnRecorded, e.EntryRecorded, e.EntryConflicted, e.EntryCorrupted)
"""Events that carry what somebody said as it came."""
_NOT_TEXT = frozenset(("digest", "actor", "user_id"))
"""Content that a redaction leaves: names, and the key of a kept file."""


class Change(NamedTuple):
    """An event's new content."""

    recorded: Recorded
    body: bytes
    texts: list[str]
    """What was taken out: the texts as they were."""
    file: StoredFile | None = None
    """The kept file's content as it is now, where that changed."""


def changed(recorded: Recorded, replace: Replace) -> Change | None:
    """An event without some texts; None where it holds none of them."""
    event = recorded.event
    if isinstance(event, VERBATIM):
        return _changed_entry(recorded, event.body, replace)
    before = {name: getattr(event, name) for name in event.CONTENT if name not in _NOT_TEXT}
    after = {name: value_without(value, replace) for name, value in before.items()}
    if after == before:
        return None
    body = to_row(event.model_copy(update=after))[1]
    return Change(recorded, body, texts_in(before, after)) if body is not None else None


def entry_in(body: bytes) -> Mapping[str, Any] | None:
    """The entry that a body holds; None where it is erased, or was none."""
    try:
        entry: Any = decode(body.partition(b"\n")[0], True) if body else None
    except NotJson:
        return None
    return entry if isinstance(entry, Mapping) else None


def _changed_entry(recorded: Recorded, body: bytes, replace: Replace) -> Change | None:
    if not body:
        return None
    entry = entry_in(body)
    if entry is None or isinstance(recorded.event, e.EntryCorrupted):
        text = body.decode("utf-8", "surrogateescape")
        told = replace(text)
        data = told.encode("utf-8", "surrogateescape")
        return Change(recorded, data, [text]) if told != text else None
    after = entry_without(entry, replace)
    if after == entry:
        # The line as it was found may spell it so that only there it can be seen.
        line = body.partition(b"\n")[0]
        raw = body[len(line) :].decode("utf-8", "replace")
        if not raw or replace(raw) == raw:
            return None
        return Change(recorded, line, [REDACTED])
    return Change(recorded, encode(after)[0], texts_in(entry, after))
