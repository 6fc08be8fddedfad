"""What keeps the keys of an encrypted log: a folder by default, a key service behind the same port.

Wherever they are kept, it must be outside of the database and of its backups: a key that lies in
the same backup as what it seals protects nothing, and destroying it erases nothing.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

OWN = ""
"""The name under which the log's own secret is kept; no stream has it."""


class Key(NamedTuple):
    """What the content of one stream is sealed with."""

    id: bytes
    """8 random bytes, written beside whatever it seals."""
    secret: bytes
    """32 bytes, for AES-256."""


class Destroyed(NamedTuple):
    """A key that was destroyed on purpose."""

    stream: str
    at: int
    """Milliseconds since 1970 UTC."""


class Standing(NamedTuple):
    """How many keys there are."""

    streams: int
    """Streams whose content can be read."""
    destroyed: int
    """Keys that were destroyed."""


class Keys(Protocol):
    """The keys of one log, by stream. Safe to share between threads and between processes.

    Whatever it hands out or destroys is durable when the call returns.
    """

    @property
    def place(self) -> str:
        """Where they lie, in words for a message."""

    def begin(self) -> str:
        """Make what is missing, for a log that is being made.

        Returns:
            The name of this collection, by which the log knows it again.

        Raises:
            Refused: they are the keys of a log that is there already.
            KeysNeeded: they cannot be made, or not be read.
        """

    def unlock(self, name: str) -> None:
        """Make sure that these are the keys of the log that knows them by a name.

        Raises:
            KeysNeeded: they are another log's, or gone, or the master key is a wrong one.
        """

    def current(self, stream: str) -> Key | None:
        """The key that seals what is written to a stream now; None where there is none."""

    def make(self, stream: str) -> Key:
        """The same; a new one where there is none."""

    def renew(self, stream: str) -> Key:
        """A new key, which is the current one from now on."""

    def secret(self, id: bytes) -> bytes | Destroyed | None:
        """A key by its id: its secret, or when it was destroyed; None where nothing is known."""

    def replaced(self) -> list[tuple[str, bytes]]:
        """The keys in whose place another one came: the stream of each, and its id."""

    def destroy(self, stream: str) -> int:
        """Destroy the keys of a stream, for good: what they sealed is lost in every copy.

        Returns:
            How many were destroyed now.
        """

    def destroy_one(self, id: bytes) -> int:
        """Destroy one key; gives 0 where that was done before."""

    def revision(self) -> object:
        """Another value whenever a key was replaced or destroyed, by whatever process."""

    def standing(self) -> Standing:
        """How many keys there are."""

    def close(self) -> None:
        """Let go of what is open."""
