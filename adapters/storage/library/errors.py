"""Errors that are both turnlog's and the eventsourcing library's, raised where the two meet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from eventsourcing.persistence import DataError, IntegrityError, OperationalError

from ....domain.errors import StorageError, TurnlogError


class VersionTaken(TurnlogError, IntegrityError):
    """An event, a snapshot or a tracking mark that is not the next one."""


class NotForTheLog(TurnlogError, DataError):
    """A stored event that the log cannot take; the message says why."""


class Unavailable(StorageError, OperationalError):
    """The database could not do what was asked; nothing was half-written."""


@contextmanager
def library_errors() -> Iterator[None]:
    """Raise what fails in the database as the library's callers expect it."""
    try:
        yield
    except StorageError as problem:
        if type(problem) is not StorageError:
            raise
        raise Unavailable(str(problem)) from problem
