"""Entries on their way to the log: encoded, hashed and understood before any lock is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...domain.entry import Entry
from ...domain.errors import NotJson
from ...domain.keys import SessionKey
from ...domain.redaction import entry_without
from ..redaction import Redaction
from ..storage.encoding.careful_json import TooDeep
from ..storage.encoding.json_bytes import encode
from .transcript import understand


def prepare(
    key: SessionKey, entries: Iterable[object], redaction: Redaction | None = None
) -> list[Entry]:
    """Make a batch of what the SDK or an application hands over. Nothing is ever refused.

    Args:
        key: of the stream the entries are for.
        entries: JSON objects; what is none is kept as a corrupt entry, in Python's spelling.
        redaction: what is taken out of them before they are recorded.
    """
    main = key.subpath is None
    session_id = key.session_id
    batch = []
    for entry in entries:
        try:
            body, careful = encode(entry)
        except TooDeep as problem:
            batch.append(corrupt(problem.data, str(problem), redaction))
            continue
        except NotJson as problem:
            batch.append(corrupt(_spelled(entry), str(problem), redaction))
            continue
        if not isinstance(entry, dict):
            batch.append(corrupt(body, "not a JSON object", redaction))
        elif redaction and (clean := entry_without(entry, redaction)) != entry:
            batch.append(without(clean, body, session_id, main))
        else:
            batch.append(understand(entry, body, session_id, careful, main=main))
    return batch


def without(clean: Mapping[str, Any], original: bytes, session_id: str, main: bool) -> Entry:
    """An entry that something was taken out of.

    Args:
        clean: what is left.
        original: the canonical bytes as they came.
    """
    body, careful = encode(clean)
    entry = understand(clean, body, session_id, careful, main=main)
    entry.original = original
    return entry


def _spelled(entry: object) -> bytes:
    try:
        text = repr(entry)
    except Exception:  # of a class of the application's own, or nested too deep for Python
        text = f"<{type(entry).__qualname__}>"
    return text.encode("utf-8", "surrogatepass")


def corrupt(data: bytes, why: str, redaction: Redaction | None = None) -> Entry:
    """Bytes that are no entry, kept as they were found."""
    if redaction and (left := redaction.of_bytes(data)) != data:
        return Entry(left, corrupt=why, original=data)
    return Entry(data, corrupt=why)
