"""What read models keep of what people wrote: the text itself, or in an encrypted log no text.

There, what is only compared (a user, a tag, a branch, a folder) is kept as a keyed hash, and what
is only shown (a title, a label) as a reference to where the log holds it.
"""

from __future__ import annotations

from typing import Protocol

from .printable import printable


class Texts(Protocol):
    """How texts get into a read model."""

    def name(self, text: str | None) -> str | None:
        """A text that is compared: equal ones are kept alike."""

    def of_state(self, stream: int, field: str, text: str | None) -> str | None:
        """A text that the session's state holds in a field.

        Args:
            stream: the stream's number.
        """

    def of_event(self, stream: int, version: int, field: str, text: str | None) -> str | None:
        """A text that an event holds in a field."""

    def part(self, text: str | None) -> str | None:
        """A part of such a text, which is looked for.

        Raises:
            Refused: there is no text to look for it in.
        """


class Shown:
    """As they are."""

    def name(self, text: str | None) -> str | None:
        """The text."""
        return printable(text)

    def of_state(self, stream: int, field: str, text: str | None) -> str | None:
        """The text."""
        return printable(text)

    def of_event(self, stream: int, version: int, field: str, text: str | None) -> str | None:
        """The text."""
        return printable(text)

    def part(self, text: str | None) -> str | None:
        """The text."""
        return printable(text)


SHOWN = Shown()
