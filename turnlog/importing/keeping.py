"""Files that transcripts point to and the CLI's clean-up takes with it: kept once per content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePosixPath
from typing import NamedTuple

from ..adapters.claude.found import SideFile
from ..adapters.claude.kept_files import LARGEST, read_kept, too_large
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Source, StoredFile
from ..adapters.storage.encoding.compression import Compressor
from ..domain.entry import FILE, keyed
from ..domain.errors import TurnlogError, UnknownSession
from ..domain.events import FileKept
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..domain.session import THERE
from .arriving import Import
from .planning import is_as_left, source_name
from .remembering import Sessions, sessions_of

MOST_BYTES = 8 << 20
"""Bytes of files after which a commit is due."""

MOST_FILES = 64

Named = Mapping[str, AbstractSet[SessionKey]]
"""Sessions by a name that their entries, or their lines in the history, mention."""


class UnknownFile(TurnlogError):
    """No kept file has that digest."""


class KeptFile(NamedTuple):
    """A file as a session had it."""

    name: str
    """Its place in the configuration directory, with slashes."""
    kind: str
    size: int
    """In bytes."""
    digest: str
    """SHA-256 of its content, in hexadecimal."""
    version: int
    """Of the event that tells of it."""


class _Wanted(NamedTuple):
    """A file and the sessions it is to be kept for."""

    file: SideFile
    keys: tuple[SessionKey, ...]


def keep_files(importing: Import, files: Sequence[SideFile], plans: Named, pasted: Named) -> None:
    """Keep the files of sessions that are in the log.

    Args:
        plans: the names of plans, with the sessions that mention them.
        pasted: the hashes of pasted texts, with the sessions they were pasted in.
    """
    group: list[tuple[_Wanted, StoredFile]] = []
    size = 0
    for wanted in _wanted(importing, files, plans, pasted):
        content = read_kept(wanted.file.path, importing.redaction)
        if isinstance(content, str):
            importing.summary.skip(wanted.file.path, content)
            continue
        group.append((wanted, content))
        size += content.size
        if size >= MOST_BYTES or len(group) >= MOST_FILES:
            _keep(importing, group)
            group, size = [], 0
    if group:
        _keep(importing, group)


def kept_files(store: Store, key: SessionKey) -> list[KeptFile]:
    """The files kept for a session, in the order in which they were; of one name the newest last.

    Raises:
        UnknownSession: there is no such session.
    """
    with store.read() as reader:
        stream = reader.find(key)
        if stream is None:
            raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
        return [
            KeptFile(event.name, event.kind, event.size, event.digest, recorded.version)
            for recorded in reader.events(stream, content="notes")
            if isinstance(event := recorded.event, FileKept)
        ]


def kept_content(store: Store, digest: str) -> bytes:
    """A kept file's content.

    Raises:
        UnknownFile: no kept file has that digest.
        DamagedBlock: the content cannot be read back.
    """
    with store.read() as reader:
        try:
            found = reader.file(bytes.fromhex(digest))
        except ValueError:
            found = None
    if found is None:
        raise UnknownFile(f"no kept file has the digest {digest!r:.80}")
    return Compressor().decompress(found.codec, None, found.data)


def _wanted(
    importing: Import, files: Sequence[SideFile], plans: Named, pasted: Named
) -> Iterator[_Wanted]:
    strays = {file.session_id for file in files if file.project_key is None} - {None}
    places = sessions_of(importing.store, strays)
    wanted = []
    with importing.store.read() as reader:
        for file in files:
            keys = _owners(file, places, plans, pasted)
            there = [key for key in keys if _is_there(importing, reader, key)]
            if not there:
                importing.summary.unclaimed += 1
                continue
            changed = tuple(key for key in there if not _is_kept(importing, reader, file, key))
            if not changed:
                continue
            if file.size > LARGEST:
                importing.summary.skip(file.path, too_large(file.size))
                continue
            wanted.append(_Wanted(file, changed))
    yield from wanted


def _owners(file: SideFile, places: Sessions, plans: Named, pasted: Named) -> Sequence[SessionKey]:
    if file.session_id is not None:
        if file.project_key is not None:
            return [SessionKey(file.project_key, file.session_id)]
        return places.get(file.session_id, [])
    name = PurePosixPath(file.name).stem
    if file.kind == "plan":
        # A subagent's plan has the session's name and its own: <words>-agent-<id>.
        return sorted(plans.get(name.partition("-agent-")[0], ()))
    return sorted(pasted.get(name, ()))


def _is_there(importing: Import, reader: Reader, key: SessionKey) -> bool:
    stream = reader.find(key)
    return (
        stream is not None
        and stream.state.presence in THERE
        and not importing.leaves_out(reader, key)
    )


def _source_name(importing: Import, file: SideFile, key: SessionKey) -> str:
    return source_name(importing.machine, file.path, key.stream_id)


def _is_kept(importing: Import, reader: Reader, file: SideFile, key: SessionKey) -> bool:
    left = reader.source(_source_name(importing, file, key))
    return left is not None and is_as_left(left, file.size, file.mtime_ns, 0)


def _keep(importing: Import, group: Sequence[tuple[_Wanted, StoredFile]]) -> None:
    def work(transaction: Transaction) -> list[int]:
        return [_keep_one(importing, transaction, *one) for one in group]

    for (_, content), kept in zip(group, importing.store.write(work), strict=True):
        importing.summary.kept_files += kept
        importing.summary.kept_bytes += kept * content.size


def _keep_one(
    importing: Import, transaction: Transaction, wanted: _Wanted, content: StoredFile
) -> int:
    """For how many sessions this is new."""
    file = wanted.file
    kept = 0
    for key in wanted.keys:
        stream = transaction.open(key)
        identity = keyed(
            FILE,
            stream.memory.salt,
            content.digest,
            file.name.encode("utf-8", "surrogatepass"),
        )
        if identity not in transaction.known(stream, [identity]):
            transaction.keep_file(content)
            event = FileKept(
                branch=stream.state.branch,
                identity=identity,
                name=file.name,
                digest=content.digest.hex(),
                kind=file.kind,
                size=content.size,
            )
            transaction.record(stream, [event], fold(stream.state, [event]))
            kept += 1
        left = Source(_source_name(importing, file, key), file.size, file.mtime_ns, 0, file.size)
        transaction.keep_source(left)
    return kept
