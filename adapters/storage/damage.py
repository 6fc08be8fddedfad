"""What is stored and cannot be read back: told as damage, with the place and what to do."""

from __future__ import annotations

from ...domain.errors import DamagedEvent, KeyLost, NotEncrypted

UNREADABLE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError)
"""What reading bytes or values raises that are not those that were written."""


def damaged(what: str, problem: Exception | str) -> DamagedEvent:
    """The error for something that cannot be read.

    Args:
        what: where it lies, as a noun: session and version.
        problem: why.
    """
    why = " ".join(str(problem).split())[:300]
    if isinstance(problem, Exception) and not isinstance(problem, DamagedEvent):
        why = f"{type(problem).__name__}: {why}"
    # What became of a key tells more than that its content cannot be read.
    if isinstance(problem, KeyLost | NotEncrypted):
        return type(problem)(f"{what} cannot be read: {why}")
    return DamagedEvent(
        f"{what} cannot be read: {why}; `turnlog verify` tells how far the damage goes"
    )
