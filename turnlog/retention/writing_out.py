"""A session written to a file of its own before its content goes: whole, synced, and verified."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ..adapters.folders import sync_folder
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..domain.keys import SessionKey
from ..exchange.carried import check
from ..exchange.carrying import write_sessions
from ..exchange.files import new_file, remove_unfinished
from ..reading.finding import row_of

LONGEST_NAME = 100
"""Characters of a file's name that tell which session it is."""
_UNFINISHED = re.compile(r"[\w-]+-[0-9a-f]{8}-[0-9]+(?:-[0-9]+)?\.jsonl|[\w.-]{100}")
"""The name of a file while it is written: of a long one only the beginning is in it."""


class Exported(NamedTuple):
    """A session as it was written."""

    path: Path
    digest: str
    """SHA-256 of the file, in hexadecimal."""
    heads: dict[SessionKey, int]
    """Its streams, and the version of each that is the last one in the file."""

    @property
    def told(self) -> str:
        """What the event tells of it."""
        return f"{self.path.name} sha256:{self.digest}"

    def is_of(self, reader: Reader, keys: Iterable[SessionKey]) -> bool:
        """Whether the file holds all there is of some streams by now."""
        found = {key: stream.version for key in keys if (stream := reader.find(key)) is not None}
        return found == self.heads


def clear(folder: Path) -> None:
    """Remove what a clean-up left unfinished that was killed: what is erased must not stay there.

    Raises:
        OSError: it cannot be removed.
    """
    remove_unfinished(folder, _UNFINISHED)


def write_out(store: Store, key: SessionKey, folder: Path) -> Exported:
    """Write a session with its subagents into a new file, which another log can take in.

    Raises:
        UnknownSession: there is no such session.
        InvalidEvidence: what was written does not verify; nothing may be erased by it.
        OSError: it cannot be written.
    """
    with store.read() as reader:
        row = row_of(reader, key)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _free(folder, key, row.version)
    with new_file(path) as file:
        write_sessions(store, file.write, [row], lambda session: None)
    sync_folder(folder)
    with path.open("rb") as file:
        parts = check(file, lambda part, event: None)
        file.seek(0)
        digest = _digest(file)
    heads = {part.key: part.upto for part in parts if part.key.main == key.main}
    return Exported(path, digest, heads)


def _digest(file: Iterable[bytes]) -> str:
    digest = sha256()
    for line in file:
        digest.update(line)
    return digest.hexdigest()


def _free(folder: Path, key: SessionKey, version: int) -> Path:
    """A name that no file has; nothing of the key can lead out of the folder."""
    name = key.stream_id
    plain = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[-LONGEST_NAME:]
    stem = f"{plain}-{sha256(name.encode()).hexdigest()[:8]}-{version}"
    path = folder / f"{stem}.jsonl"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.jsonl"
    return path
