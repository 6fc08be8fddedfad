"""The file of a database, before SQLite opens it: what it is not, and what it lacks.

SQLite takes a file of a few bytes for an empty database and writes over it, and lets go of a
write-ahead log whose database was emptied. Format: https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

from pathlib import Path

from ....domain.errors import NotADatabase

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_ADVICE = "name another file, or restore this one from a copy"


def refuse_unfit(path: Path) -> None:
    """Refuse a file that is no database, or is cut off; one that is empty may become one.

    Raises:
        NotADatabase: it is none; the message says what is there.
        OSError: it cannot be read.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        header = file.read(_HEADER)
        size = file.seek(0, 2)
    ahead = path.with_name(path.name + "-wal")
    in_use = ahead.exists() and ahead.stat().st_size > 0
    if not header:
        if in_use:
            raise NotADatabase(f"{path} was cut off: it is empty, but {ahead} is not; {_ADVICE}")
        return
    if header[: len(_MAGIC)] != _MAGIC[: len(header)] or len(header) < len(_MAGIC):
        raise NotADatabase(
            f"{path} is no turnlog database: it begins with {header[:16]!r}; {_ADVICE}"
        )
    if not in_use and size < (whole := _size(header)):  # what is in use may be growing just now
        raise NotADatabase(
            f"{path} is cut off: {size:,} of {whole:,} bytes are there; restore it from a copy"
        )


def _size(header: bytes) -> int:
    """The bytes that the header says there are; 0 where it does not know."""
    if len(header) < _HEADER:
        return _HEADER
    page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    if header[24:28] != header[92:96]:  # written by a SQLite before 3.7, which keeps no count
        return 0
    return pages * (65536 if page == 1 else page)
