"""Moments of the whole log: a position in it, or a time by the store's clock.

A point in time (``points``) lies in one session; a moment cuts every session at once.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from .errors import InvalidPoint
from .points import in_milliseconds, read_time

_LONGEST = 16


class Moment(NamedTuple):
    """A moment: what was recorded up to it had happened."""

    kind: Literal["position", "recorded"]
    number: int
    """The position of the last event seen; for a time, milliseconds since 1970 UTC."""

    def __str__(self) -> str:
        return f"{self.kind}:{self.number}"

    @classmethod
    def of(cls, asked: str | int | datetime | Moment) -> Moment:
        """Read a moment; a bare number is a position, any other text a time.

        Args:
            asked: ``position:1200`` or 1200; ``recorded:2026-01-30T14:23Z``, the same without its
                first word, or a ``datetime``. A time without a zone is in UTC.

        Raises:
            InvalidPoint: it is none of these; the message shows how it is written.
        """
        if isinstance(asked, Moment):
            return asked
        if isinstance(asked, datetime):
            return cls("recorded", in_milliseconds(asked))
        text = str(asked)
        kind, colon, value = text.partition(":")
        if colon and kind == "recorded":
            return cls("recorded", read_time(value))
        if (colon and kind == "position") or _is_number(text):
            value = value if colon else text
            if not _is_number(value) or len(value) >= _LONGEST:
                raise InvalidPoint(f"{text!r} needs a whole number from 0, like position:1200")
            return cls("position", int(value))
        if colon and kind.isascii() and kind.isalpha():
            raise InvalidPoint(
                f"{text!r} is no moment of the whole log; write position:1200, or a time by the "
                "log's clock like 2026-01-30T14:23Z"
            )
        return cls("recorded", read_time(text))

    def saw(self, recorded_at: int) -> bool:
        """Whether what was recorded at a time was there, as far as the clock tells.

        Args:
            recorded_at: milliseconds since 1970 UTC.
        """
        return self.kind == "position" or recorded_at <= self.number


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
