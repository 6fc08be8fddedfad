"""What was imported from where, and the files kept beside the events: tables of their own."""

from __future__ import annotations

from typing import Any

from ..contract.values import Source, StoredFile
from ..encoding.blocks import BlockCodec
from ..encryption.files import file_id, opened_file, sealed_file
from .statements import Statements


class SourceReader:
    """Reads both tables through the cursor of a transaction."""

    cursor: Any
    codec: BlockCodec
    _sql: Statements

    def source(self, name: str) -> Source | None:
        """How a file was left; None where nothing was imported from it."""
        self.cursor.execute(self._sql.find_source, (self._known_as(name),))
        row = self.cursor.fetchone()
        return Source(*row)._replace(name=name) if row is not None else None

    def file(self, digest: bytes) -> StoredFile | None:
        """A file's content by its digest."""
        self.cursor.execute(self._sql.find_file, (file_id(self.codec.cipher, digest),))
        row = self.cursor.fetchone()
        if row is None:
            return None
        return opened_file(self.codec.cipher, digest, StoredFile(*row))

    def _known_as(self, name: str) -> str:
        # A path names people and what they work on.
        cipher = self.codec.cipher
        data = name.encode("utf-8", "surrogatepass")
        return f"sealed:{cipher.hashed('source', data).hex()}" if cipher.encrypted else name


class SourceWriter(SourceReader):
    """Writes both tables, as a part of the transaction."""

    def keep_source(self, source: Source) -> None:
        """Note how far a file was imported."""
        self.cursor.execute(
            self._sql.keep_source, tuple(source._replace(name=self._known_as(source.name)))
        )

    def keep_file(self, file: StoredFile) -> None:
        """Keep a content; one that is there already stays as it is."""
        self.cursor.execute(self._sql.keep_file, tuple(sealed_file(self.codec.cipher, file)))
