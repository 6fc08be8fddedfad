"""What keeps a session that is gone from coming back with its file: its own header.

Headers outlive every erasure, and with them a session's key and that it is gone. So no list of
hashes is kept beside them (docs/decisions tells more).
"""

from __future__ import annotations

from ..adapters.storage.contract.reader import Reader
from ..domain.keys import SessionKey
from ..domain.session import GONE
from ..projections.printable import printable
from ..projections.sessions.due import named
from ..reading.finding import tables_in


def is_gone(reader: Reader, key: SessionKey) -> bool:
    """Whether a session was deleted or erased here: under its key, or wherever its id was known.

    It counts as gone when a new life of it has begun, too: its file still holds the former one.
    """
    found = reader.find(key.main)
    if found is not None:
        return found.state.presence in GONE or found.state.life > 0
    rows = reader.query(named(tables_in(reader), printable(key.session_id) or ""))
    return bool(rows) and all(presence in GONE for (presence,) in rows)
