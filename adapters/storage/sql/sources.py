"""What was imported from where, and the files kept beside the events: tables of their own."""

from __future__ import annotations

from typing import Any

from ..contract import Source, StoredFile
from .statements import Statements


class SourceReader:
    """Reads both tables through the cursor of a transaction."""

    cursor: Any
    _sql: Statements

    def source(self, name: str) -> Source | None:
        """How a file was left; None where nothing was imported from it."""
        self.cursor.execute(self._sql.find_source, (name,))
        row = self.cursor.fetchone()
        return Source(*row) if row is not None else None

    def file(self, digest: bytes) -> StoredFile | None:
        """A file's content by its digest."""
        self.cursor.execute(self._sql.find_file, (digest,))
        row = self.cursor.fetchone()
        return StoredFile(*row) if row is not None else None


class SourceWriter(SourceReader):
    """Writes both tables, as a part of the transaction."""

    def keep_source(self, source: Source) -> None:
        """Note how far a file was imported."""
        self.cursor.execute(self._sql.keep_source, tuple(source))

    def keep_file(self, file: StoredFile) -> None:
        """Keep a content; one that is there already stays as it is."""
        self.cursor.execute(self._sql.keep_file, tuple(file))
