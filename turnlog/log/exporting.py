"""What is written as files: sessions, and the events and figures that other tools read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ..analytics.exporting import Asked, Exported, export
from ..domain.points import Point, in_milliseconds, read_time
from ..exchange.asked import Chosen, SessionsExported
from ..exchange.imported import SessionsImported
from ..projections.sessions import ALL, Session
from .part import At, Part

Time = str | int | datetime
"""ISO 8601 (in UTC where it names no zone), milliseconds since 1970 UTC, or a datetime."""


class Exporting(Part):
    """Exporting."""

    def export(
        self,
        out: str | Path,
        what: str = "usage",
        format: str = "parquet",
        *,
        content: str = "notes",
        project: str | None = None,
        user: str | None = None,
        since: Time | None = None,
        until: Time | None = None,
        update: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> Exported:
        """Write events or usage into files of a folder, one folder a day, in constant memory.

        Nothing is there under its name until everything is, and ``_manifest.json`` says what.

        Args:
            out: a folder; new, empty, or with ``update`` one that holds such an export.
            what: ``events``, a row each, or ``usage``, a row for each copy of a response.
            format: ``parquet`` (needs ``turnlog[parquet]``), ``csv`` or ``jsonl``.
            content: of events: ``none`` of what a person or a model wrote, ``notes`` (titles,
                tags, reasons), or ``all`` with the transcripts' lines.
            project: only projects with this in their key.
            user: only this user's sessions.
            since, until: only what happened from the one up to the other: events by their own
                account, else when they were recorded.
            update: bring an export that is there up to date: events that came since are added,
                usage is written anew.
            progress: called now and then with the number of rows so far.

        Raises:
            Refused: an unknown format, a folder that holds something else, limits upside down.
            InvalidPoint: a time is none.
            MissingExtra: pyarrow is not installed.
            StorageError: the folder cannot be written, or is full; nothing was added to it.
        """
        asked = Asked(what, format, content, project, user, _time(since), _time(until))
        return export(self.store, Path(out), asked, update, progress)

    def export_sessions(
        self,
        out: str | Path,
        sessions: Chosen = ALL,
        format: str | None = None,
        *,
        at: At | None = None,
        overwrite: bool = False,
        progress: Callable[[Session], None] | None = None,
    ) -> SessionsExported:
        """Write sessions as files: to be read, resumed by Claude Code, or imported elsewhere.

        Args:
            out: for ``html`` and ``markdown`` a folder, or with one session a file that ends in
                ``.html`` or ``.md``; for ``jsonl`` a file; for ``claude`` a configuration
                directory.
            sessions: which, as ``sessions`` lists them, or their keys.
            format: ``html``, ``markdown``, ``jsonl`` or ``claude``; None takes what ``out`` ends
                in.
            at: of ``claude``: up to this point, not all of the live branch.
            overwrite: whether files that are there are replaced.
            progress: called with each session once it is written.

        Raises:
            Refused: there is no such format, a file is there already, or Claude Code could not
                resume a session.
            UnknownSession: a key names none.
            InvalidPoint, PointNotFound: as ``at`` does.
            DamagedEvent: an event cannot be read back.
            OSError: a file cannot be written.
        """
        from ..exchange.exporting import export_sessions  # pages need what nothing else does

        point = Point.of(at) if at is not None else None
        return export_sessions(self.store, Path(out), sessions, format, point, overwrite, progress)

    def import_sessions(
        self,
        path: str | Path,
        *,
        restore: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> SessionsImported:
        """Take in what ``export_sessions`` wrote as ``jsonl``: the same events, the same chain.

        Every hash is checked before anything is written; each session is written whole or not at
        all, and what is here already is not written again.

        Args:
            path: of the file.
            restore: also sessions that were deleted or erased here.
            progress: called with the events taken in so far, and how many there are.

        Raises:
            InvalidEvidence: a line is missing, or is not what was exported; the message names it.
            Refused: a session of the file has another history here.
            OSError: the file cannot be read.
        """
        from ..exchange.taking_in import import_sessions

        return import_sessions(self.store, Path(path), restore, progress)


def _time(given: Time | None) -> int | None:
    if isinstance(given, str):
        return read_time(given)
    return in_milliseconds(given) if isinstance(given, datetime) else given
