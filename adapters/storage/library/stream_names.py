"""The names of streams, and what the eventsourcing library calls them.

A session's stream has its own text id for a name. Any other aggregate's stream is named by a mark
that no session's name begins with, the sort of its id, and the id. So neither can take the other's
place, and whoever asks for sessions never meets a foreign stream.
"""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote, unquote
from uuid import UUID

from ....domain.errors import InvalidKey
from ....domain.keys import LONGEST_ID, SessionKey
from ..sql.schema import FOREIGN
from .errors import NotForTheLog


class IdType(StrEnum):
    """The sort of ids an application gives its aggregates.

    Applications of one sort share a sequence; those of the other have one of their own. Sessions
    have text ids.
    """

    UUID = "uuid"
    TEXT = "text"


UUIDS = FOREIGN + "u"
"""How the names of streams begin whose ids are UUIDs."""
_TEXTS = FOREIGN + "t"


def stream_name(originator_id: UUID | str, id_type: IdType) -> str:
    """The name of an aggregate's stream.

    Raises:
        NotForTheLog: the id is of the other sort, or too long.
    """
    if isinstance(originator_id, UUID) != (id_type is IdType.UUID):
        raise NotForTheLog(
            f"{originator_id!r} is no {id_type} id; set ORIGINATOR_ID_TYPE to the sort of ids the "
            "application uses, 'uuid' or 'text'"
        )
    if isinstance(originator_id, UUID):
        return UUIDS + originator_id.hex
    if session_key(originator_id) is not None:
        return originator_id
    name = _TEXTS + quote(originator_id, safe="", errors="surrogatepass")
    if len(name) > LONGEST_ID:
        raise NotForTheLog(
            f"the id takes {len(name):,} characters, at most {LONGEST_ID:,} fit: {name[:60]}…"
        )
    return name


def originator_id(name: str) -> UUID | str:
    """The inverse of ``stream_name``."""
    if name.startswith(UUIDS):
        return UUID(name.removeprefix(UUIDS))
    if name.startswith(FOREIGN):
        return unquote(name.removeprefix(_TEXTS), errors="surrogatepass")
    return name


def session_key(name: str) -> SessionKey | None:
    """The key of a session's stream; None for any other name."""
    try:
        key = SessionKey.of(SessionKey.parse(name))
    except (InvalidKey, ValueError):
        return None
    return key if key.stream_id == name else None
