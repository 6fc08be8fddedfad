"""Which statuses there are, and with which a session may be gone on with."""

from __future__ import annotations

from typing import Any, get_args

from .errors import Refused
from .events import Status

STATUSES: tuple[Status, ...] = get_args(Status)
RESUMABLE: tuple[Status, ...] = ("active", "incomplete")
"""A prompt waits for its answer, or the answer was cut off: such a session is on the active list
until it is completed, fails, or is given up."""


def known(status: Any) -> Status:
    """A status that exists.

    Raises:
        Refused: there is none of that name.
    """
    if status not in STATUSES:
        raise Refused(f"{status!r:.80} is no status; take one of {', '.join(STATUSES)}")
    found: Status = status
    return found
