"""Taking exported sessions in: the same events, the same chain, the same session."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from ..adapters.claude.kept_files import stored
from ..adapters.storage.contract.evidence import Hashed
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Stream
from ..adapters.storage.damage import UNREADABLE
from ..domain import commands
from ..domain.errors import InvalidEvidence, Refused, StorageError
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..retention.tombstones import is_gone
from .carried import Part, check, content_of
from .imported import SessionsImported

AT_ONCE = 1 << 20
"""Bytes of bodies that are written together, one block of them,"""
MOST_AT_ONCE = 1_000
"""or so many events."""


@dataclass
class _Here:
    """A stream of the file as this log has it."""

    version: int
    """The last one that both have."""
    chain: bytes
    goes_on: bool
    """Whether more happened here than the file tells."""
    agrees: bool | None = None


def import_sessions(
    store: Store,
    path: Path,
    restore: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> SessionsImported:
    """Take in what ``export_sessions`` wrote; see ``Log.import_sessions``."""
    with path.open("rb") as file:
        if file.seekable():
            return _import(store, file, restore, progress)
        with tempfile.TemporaryFile() as copy:  # a pipe is read once, and the file twice
            shutil.copyfileobj(file, copy)
            return _import(store, copy, restore, progress)


def _import(
    store: Store,
    file: BinaryIO,
    restore: bool,
    progress: Callable[[int, int], None] | None,
) -> SessionsImported:
    with store.read() as reader:
        comparing = _Comparing(reader)
        try:
            found = check(file, comparing.watch)
        except InvalidEvidence as problem:
            raise InvalidEvidence(f"{problem}; nothing was imported") from None
        parts = [part for part in found if restore or not comparing.is_gone(part)]
        comparing.settle(parts)
    recorded = total = 0
    for _, group in groupby(parts, lambda part: part.key.main):
        session = list(group)
        recorded += store.write(partial(_take, file=file, session=session, restore=restore))
        total += sum(part.upto for part in session)
        if progress is not None:
            progress(total, sum(part.upto for part in parts))
    mains = sum(part.key.subpath is None for part in parts)
    gone = sum(part.key.subpath is None for part in found) - mains
    return SessionsImported(mains, len(parts) - mains, recorded, total - recorded, gone)


class _Comparing:
    """Compares the streams of a file with those of the same name here."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._here: dict[SessionKey, _Here | None] = {}

    def watch(self, part: Part, event: Hashed) -> None:
        """An event of the file."""
        if part.key not in self._here:
            stream = self._reader.find(part.key)
            self._here[part.key] = _here(self._reader, stream, part) if stream else None
        here = self._here[part.key]
        if here is not None and event.version == here.version:
            here.agrees = event.chain == here.chain

    def is_gone(self, part: Part) -> bool:
        """Whether a session was deleted or erased here, and the file knows nothing of it."""
        here = self._here.get(part.key.main)
        if here is not None and here.agrees and not here.goes_on:
            return False
        return is_gone(self._reader, part.key)

    def settle(self, parts: list[Part]) -> None:
        """Refuse what has another history here, or none that could come back."""
        for part in parts:
            here = self._here.get(part.key)
            if here is not None and here.agrees is False:
                raise Refused(_parted(part, here.version))
            stream = self._reader.find(part.key) if here is not None and here.goes_on else None
            if stream is not None and stream.state.presence == "erased":
                raise Refused(
                    f"session {part.key.session_id!r:.100} was erased here, for good: import it "
                    "into another log; from there, Claude Code files can be imported here as a "
                    "new life of it"
                )


def _here(reader: Reader, stream: Stream, part: Part) -> _Here:
    """The stream here at the last version that both have."""
    if stream.version <= part.upto:
        return _Here(stream.version, stream.chain, False)
    event = next(iter(reader.events(stream, part.upto - 1, part.upto, "none")))
    return _Here(part.upto, event.chain, True)


def _parted(part: Part, version: int) -> str:
    return (
        f"session {part.key.session_id!r:.100} is here with another history: by version {version} "
        "it is not what the file holds, because it went on here and elsewhere; nothing was "
        "imported. Import into another log, or export again without it"
    )


def _take(transaction: Transaction, file: BinaryIO, session: list[Part], restore: bool) -> int:
    """Take in a session with its subagents; returns how many events were new."""
    if restore:
        for part in session:
            _bring_back(transaction, part)
    return sum(_take_stream(transaction, file, part) for part in session)


def _bring_back(transaction: Transaction, part: Part) -> None:
    """Take a deletion back that happened here."""
    found = transaction.find(part.key)
    if found is None or found.version <= part.upto or found.state.presence != "deleted":
        return
    stream = transaction.open(part.key)
    events = commands.restore(stream.state, "imported again", "import")
    transaction.record(stream, events, fold(stream.state, events))


def _take_stream(transaction: Transaction, file: BinaryIO, part: Part) -> int:
    found = transaction.find(part.key)
    if found is not None and found.version >= part.upto:
        return 0
    stream = transaction.open(part.key)
    before = stream.version
    try:
        for portion in _portions(transaction, file, part, before):
            transaction.adopt(stream, portion, part.memory)
    except (InvalidEvidence, Refused, StorageError):
        raise
    except UNREADABLE as problem:
        raise InvalidEvidence(
            f"{part.key.stream_id} cannot be taken in after version {stream.version}: "
            f"{type(problem).__name__}: {problem}"
        ) from problem
    return stream.version - before


def _portions(
    transaction: Transaction, file: BinaryIO, part: Part, after: int
) -> Iterator[list[Hashed]]:
    portion: list[Hashed] = []
    size = 0
    for item in content_of(file, part):
        if not isinstance(item, Hashed):
            transaction.keep_file(stored(item.data))
            continue
        if item.version <= after:
            continue
        portion.append(item)
        size += len(item.body or b"")
        if size >= AT_ONCE or len(portion) >= MOST_AT_ONCE:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
