"""The errors turnlog raises, one family: what was wrong, with which value, and what to do."""

from __future__ import annotations


class TurnlogError(Exception):
    """Everything turnlog raises on purpose is one of these."""


class InvalidKey(TurnlogError):
    """A session key that cannot name a session."""


class InvalidPoint(TurnlogError):
    """A point in time that is written wrongly."""


class PointNotFound(TurnlogError):
    """A point in time that this session does not have."""


class InvalidQuery(TurnlogError):
    """A search for nothing, for too much, or for what no text can be."""


class UnknownSession(TurnlogError):
    """No session of that name."""


class AmbiguousSession(TurnlogError):
    """A prefix that several sessions share."""

    def __init__(self, message: str, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.candidates = candidates


class Refused(TurnlogError):
    """A command that makes no sense in the session's present state."""


class UnknownTopic(TurnlogError):
    """An event of a kind, or of a version, that this release does not know."""


class InvalidProjection(TurnlogError):
    """A projection that cannot be kept: as it is declared, or by what its fold did."""


class CannotFold(TurnlogError):
    """An event that a read model cannot take in: it stays before it, or its rebuild fails."""

    def __init__(self, message: str, name: str, position: int) -> None:
        super().__init__(message)
        self.name = name
        self.position = position


class NotCaughtUp(TurnlogError):
    """A read model that does not know yet what it was asked about."""


class NeedsRebuild(TurnlogError):
    """A read model is of an earlier release, and the log too long to fold it by the way."""


class LeaseLost(TurnlogError):
    """Another process folds the read model now; nothing was written."""


class StorageError(TurnlogError):
    """The database could not do what was asked; nothing was half-written."""


class InvalidURL(StorageError):
    """A database URL that names nothing turnlog can open."""


class MissingExtra(TurnlogError):
    """An optional part is not installed."""


class NotADatabase(StorageError):
    """The file is no turnlog database, or is damaged."""


class NewerSchema(StorageError):
    """The database was written by a later release."""


class DamagedEvent(StorageError):
    """A stored event whose bytes cannot be read back."""


class KeysNeeded(StorageError):
    """An encrypted log without its keys, or with others: what it says cannot be read or added to.

    Headers can: sessions, times, counts, tokens, cost, the hash chain.
    """


class KeyLost(DamagedEvent):
    """Content whose key is not among the log's keys. It is lost unless the key is found."""


class KeyDestroyed(KeyLost):
    """Content whose key was destroyed on purpose. It is gone for good."""


class NotEncrypted(DamagedEvent):
    """Plain content where everything is encrypted: somebody put it there."""


class ContentErased(TurnlogError):
    """What a session said was erased for good; its headers and figures are left."""


class NotJson(TurnlogError):
    """A value or a line that is not JSON."""


class InvalidEvidence(TurnlogError):
    """A seal, a proof or an exported trail that is none, or that was edited."""
