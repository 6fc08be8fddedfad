"""Evidence as files: seals, proofs and trails, written whole or not at all, and read back."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from ..adapters.storage.contract.store import Store
from ..domain.errors import InvalidEvidence, Refused
from ..domain.keys import SessionKey
from .checking_files import FileVerified, verify_lines
from .exporting import TrailExported, export
from .proofs import FORMAT as PROOF
from .proofs import Proof, read_proof
from .seals import Seal, read_seal

LARGEST = 1 << 26
"""Bytes of the largest seal or proof that is read."""


def write_evidence(path: Path, evidence: Seal | Proof) -> None:
    """Keep a seal or a proof in a file of its own.

    Raises:
        Refused: there is a file already.
        OSError: it cannot be written.
    """
    text = json.dumps(evidence.as_json(), indent=2) + "\n"
    _write_new(path, lambda file: file.write(text.encode()))


def read_evidence(path: Path) -> Seal | Proof:
    """A seal, or a proof, from its file.

    Raises:
        InvalidEvidence: it holds neither, or was edited.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    try:
        found: Any = json.loads(data) if len(data) <= LARGEST else None
    except (ValueError, RecursionError) as problem:
        raise InvalidEvidence(f"{path} is no seal: it is no JSON: {problem}") from None
    try:
        if isinstance(found, dict) and found.get("format") == PROOF:
            return read_proof(found)
        return read_seal(found)
    except InvalidEvidence as problem:
        raise InvalidEvidence(f"{path}: {problem}") from None


def export_trail(
    store: Store,
    path: Path,
    key: SessionKey | None = None,
    after: int = 0,
    content: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> TrailExported:
    """Write the trail into a new file; see ``exporting.export``.

    Raises:
        Refused: there is a file already.
        OSError: it cannot be written.
    """
    exported: list[TrailExported] = []

    def write(file: BinaryIO) -> None:
        exported.append(export(store, file.write, key, after, content, progress))

    _write_new(path, write)
    return exported[0]


def verify_file(
    path: str | Path,
    seal: Seal | Proof | str | Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> FileVerified:
    """Verify an exported trail; no database is needed.

    Args:
        path: of the file that ``Log.export_audit`` wrote.
        seal: also compare with what was sealed: a seal, or the proof of a session, or its file.
        progress: called with the number of lines read.

    Raises:
        InvalidEvidence: it is no trail, or does not hold what the seal is of.
        OSError: a file cannot be read.
    """
    if isinstance(seal, str | Path):
        seal = read_evidence(Path(seal))
    with Path(path).open("rb") as file:
        return verify_lines(file, seal, progress)


def refuse_taken(path: Path) -> None:
    """Make sure that a file can be made.

    Raises:
        Refused: there is one already.
        FileNotFoundError: there is no folder for it.
    """
    if path.exists():
        raise Refused(f"{path} is there already, and may be evidence; name another file")
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))


def _write_new(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside its place and put it there when it is whole; evidence replaces none."""
    refuse_taken(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # What people and models wrote is for the owner's eyes, as the database is.
        with open(beside, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)
