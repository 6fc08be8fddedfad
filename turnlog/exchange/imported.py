"""What an import of exported sessions did, in figures."""

from __future__ import annotations

from typing import NamedTuple


class SessionsImported(NamedTuple):
    """What an import of exported sessions did."""

    sessions: int
    """In the file; those included of which a fork took something over."""
    subagents: int
    recorded: int
    """Events that were new."""
    known: int
    """Events that were here already."""
    deleted: int = 0
    """Sessions left out because they were deleted or erased here."""
