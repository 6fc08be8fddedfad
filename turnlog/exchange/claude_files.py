"""Sessions as the files of Claude Code, so that the CLI goes on with them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ..adapters.claude.side_files import UUID
from ..adapters.claude.slug import may_be_slug_of, project_slug
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.values import Body, Stream
from ..adapters.storage.encoding.blocks import read_entry
from ..adapters.storage.encoding.compression import Compressor
from ..domain.errors import Refused
from ..domain.events import FileKept
from ..domain.lineage import Lineage
from ..domain.points import Point
from ..projections.sessions import Session
from ..time.lineages import lineage_to
from ..time.loading import bodies_of, loadable
from ..time.travelling import find_place
from .files import folder_in, is_one_name, is_plain, new_file

_META = "agent_metadata"
"""The kind of the entry that holds a subagent's ``.meta.json``."""
_TOO_LONG = 4 << 20


class NotResumable(Refused):
    """A session that Claude Code could not go on with."""


class _File(NamedTuple):
    """A file to be written."""

    place: PurePosixPath
    """In the configuration directory."""
    lines: Callable[[], Iterator[bytes]]
    digest: bytes | None = None
    """SHA-256 of its content, where that is known before."""


def write_claude(
    store: Store,
    root: Path,
    sessions: Iterator[Session],
    at: Point | None,
    overwrite: bool,
    progress: Callable[[Session], None],
    left_out: Callable[[Session], None] | None = None,
) -> list[Path]:
    """Write sessions into a configuration directory: their live branch, or up to a point.

    Args:
        left_out: told of each that Claude Code could not resume; without it, one is refused.

    Raises:
        NotResumable: Claude Code could not resume one of them.
        Refused: a file is there already; of that session nothing is written.
    """
    written = []
    for session in sessions:
        with store.read() as reader:
            try:
                files = list(_files(reader, session, at))
            except NotResumable:
                if left_out is None:
                    raise
                left_out(session)
                continue
            for file in files:
                _refuse(root, file, overwrite)
            for file in files:
                if not _is_there(root, file):
                    written.append(_write(root, file, overwrite, session.active_at))
        progress(session)
    return written


def _files(reader: Reader, session: Session, at: Point | None) -> Iterator[_File]:
    key = session.key.main
    stream = reader.find(key)
    if stream is None or not loadable(reader, stream):
        raise NotResumable(f"session {key.session_id!r} holds nothing that Claude Code can resume")
    if not UUID.fullmatch(key.session_id):
        raise NotResumable(
            f"session {key.session_id!r:.100} cannot be resumed by Claude Code, which takes uuids "
            "as ids; export it as html, markdown or jsonl"
        )
    folder = PurePosixPath("projects", _project(key.project_key, stream.state.working_dir))
    line = stream.state.lineage
    if at is not None:
        line = lineage_to(stream, find_place(reader, stream, at))
    yield _File(folder / f"{key.session_id}.jsonl", lambda: _lines(reader, stream, line))
    for subkey in reader.subkeys(key):
        agent = reader.find(subkey)
        if agent is not None and loadable(reader, agent) and subkey.subpath is not None:
            yield from _agent(reader, agent, folder / key.session_id, subkey.subpath)
    yield from _kept(reader, stream, key.project_key, folder)


def _project(project_key: str, directory: str | None) -> str:
    """The name of the project's folder, as the CLI looks for it from the working directory."""
    if directory is not None and not may_be_slug_of(project_key, directory):
        return project_slug(directory)
    return project_key if is_plain(project_key) else project_slug(project_key)


def _agent(reader: Reader, stream: Stream, folder: PurePosixPath, subpath: str) -> Iterator[_File]:
    place = folder / _inside(f"{subpath}.jsonl")
    line = stream.state.lineage
    yield _File(place, lambda: _lines(reader, stream, line))
    meta: dict[str, Any] | None = None
    for body in bodies_of(reader, stream, line):
        if _is_meta(body):
            found = read_entry(body)
            meta = {name: value for name, value in found.items() if name != "type"}
    if meta is not None:
        told = json.dumps(meta).encode()
        yield _File(place.with_suffix(".meta.json"), lambda: iter((told,)))


def _kept(
    reader: Reader, stream: Stream, project_key: str, folder: PurePosixPath
) -> Iterator[_File]:
    """The files that the transcript points to, the newest of each name."""
    newest = {
        event.name: event
        for recorded in reader.events(stream, content="notes")
        if isinstance(event := recorded.event, FileKept) and event.digest
    }
    for name, event in newest.items():
        place = _inside(name)
        if place.parts[:2] == ("projects", project_key):
            place = folder.joinpath(*place.parts[2:])
        digest = bytes.fromhex(event.digest)
        yield _File(place, lambda digest=digest: _content(reader, digest), digest)  # type: ignore[misc]


def _content(reader: Reader, digest: bytes) -> Iterator[bytes]:
    found = reader.file(digest)
    if found is not None:
        yield Compressor().decompress(found.codec, None, found.data)


def _inside(name: str) -> PurePosixPath:
    """A place below a folder.

    Raises:
        Refused: the name leads elsewhere.
    """
    parts = name.split("/")
    if not all(map(is_one_name, parts)):
        raise Refused(f"{name!r:.200} cannot be the place of a file: it may lead elsewhere")
    return PurePosixPath(*parts)


def _lines(reader: Reader, stream: Stream, line: Lineage) -> Iterator[bytes]:
    for body in bodies_of(reader, stream, line):
        if stream.key.subpath is None or not _is_meta(body):
            yield _line(body)


def _is_meta(body: Body) -> bool:
    return _META.encode() in body.data[:_TOO_LONG] and _kind(read_entry(body)) == _META


def _kind(entry: Any) -> Any:
    return entry.get("type") if isinstance(entry, dict) else None


def _line(body: Body) -> bytes:
    if body.careful:  # halves of surrogates, which no file in UTF-8 holds, are escaped
        return json.dumps(read_entry(body), separators=(",", ":")).encode() + b"\n"
    return body.data.partition(b"\n")[0] + b"\n"


def _refuse(root: Path, file: _File, overwrite: bool) -> None:
    path = root
    for part in file.place.parts:
        path = path / part
        if path.is_symlink():
            raise Refused(f"{path} is a symbolic link, and may lead elsewhere; remove it first")
    if path.is_dir():
        raise Refused(f"{path} is a folder, where a file is to be written")
    if path.exists() and not overwrite and not _is_there(root, file):
        raise Refused(f"{path} is there already; name another folder, or --overwrite it")


def _is_there(root: Path, file: _File) -> bool:
    """Whether that very content is at its place."""
    path = root / file.place
    if file.digest is None or not path.is_file():
        return False
    with path.open("rb") as found:
        digest = sha256()
        while part := found.read(1 << 20):
            digest.update(part)
    return digest.digest() == file.digest


def _write(root: Path, file: _File, overwrite: bool, at: int) -> Path:
    path = folder_in(root, *file.place.parts[:-1]) / file.place.name
    with new_file(path, overwrite) as out:
        for line in file.lines():
            out.write(line)
    # The CLI lists sessions by the times of their files.
    os.utime(path, ns=(at * 1_000_000, at * 1_000_000))
    return path
