"""Entries on their way to the log: encoded, hashed and understood before any lock is taken."""

from __future__ import annotations

from collections.abc import Iterable

from ...domain.entry import Entry
from ...domain.errors import NotJson
from ...domain.keys import SessionKey
from ..storage.encoding.careful_json import TooDeep
from ..storage.encoding.json_bytes import encode
from .transcript import understand


def prepare(key: SessionKey, entries: Iterable[object]) -> list[Entry]:
    """Make a batch of what the SDK or an application hands over. Nothing is ever refused.

    Args:
        key: of the stream the entries are for.
        entries: JSON objects; what is none is kept as a corrupt entry, in Python's spelling.
    """
    main = key.subpath is None
    session_id = key.session_id
    batch = []
    for entry in entries:
        try:
            body, careful = encode(entry)
        except TooDeep as problem:
            batch.append(corrupt(problem.data, str(problem)))
            continue
        except NotJson as problem:
            batch.append(corrupt(_spelled(entry), str(problem)))
            continue
        if isinstance(entry, dict):
            batch.append(understand(entry, body, session_id, careful, main=main))
        else:
            batch.append(corrupt(body, "not a JSON object"))
    return batch


def _spelled(entry: object) -> bytes:
    try:
        text = repr(entry)
    except Exception:  # of a class of the application's own, or nested too deep for Python
        text = f"<{type(entry).__qualname__}>"
    return text.encode("utf-8", "surrogatepass")


def corrupt(data: bytes, why: str) -> Entry:
    """Bytes that are no entry, kept as they were found."""
    return Entry(data, corrupt=why)
