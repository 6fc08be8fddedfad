"""What other tools read: the log's events and figures as files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ..analytics.exporting import Asked, Exported, export
from ..domain.points import in_milliseconds, read_time
from .part import Part

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


def _time(given: Time | None) -> int | None:
    if isinstance(given, str):
        return read_time(given)
    return in_milliseconds(given) if isinstance(given, datetime) else given
