"""What an import found and did, in figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

MOST_SHOWN = 100
"""Corrupt pieces and skipped files that a summary tells one by one; it counts all of them."""


class CorruptPiece(NamedTuple):
    """Bytes of a transcript that hold no entry. They are recorded as they were found."""

    path: Path
    offset: int
    """Where they begin in the file, in bytes."""
    size: int
    reason: str


class SkippedFile(NamedTuple):
    """A file or folder that was not read, or not to its end."""

    path: Path
    reason: str


class Progress(NamedTuple):
    """How far an import has come."""

    files: int
    """Transcripts done with."""
    files_total: int
    bytes: int
    """Of the transcripts, read or passed by as unchanged."""
    bytes_total: int
    path: Path | None
    """The transcript written last."""


@dataclass(slots=True)
class ImportSummary:
    """What an import found and did."""

    files: int = 0
    """Transcripts found."""
    unchanged: int = 0
    """Those of them that were as the last import left them, and were not read."""
    sessions: int = 0
    subagents: int = 0
    recorded: int = 0
    """Entries that were new."""
    known: int = 0
    """Entries that were read and had been recorded before."""
    conflicts: int = 0
    """Entries with a uuid that is recorded with another content; kept, never loaded."""
    corrupt: int = 0
    """Pieces that are no entries; kept as they were found, never loaded."""
    corrupt_pieces: list[CorruptPiece] = field(default_factory=list)
    """The first of them."""
    recovered: int = 0
    """Entries saved from lines that were torn, glued or otherwise broken."""
    respelled: int = 0
    """Entries spelled otherwise than turnlog does; their lines are kept too."""
    unfinished: int = 0
    """Transcripts whose last line is not finished yet; it is left for the next import."""
    deleted: int = 0
    """Transcripts left out because their session was deleted or erased here."""
    skipped: int = 0
    """Files and folders that were not read, or not to the end."""
    skipped_files: list[SkippedFile] = field(default_factory=list)
    """The first of them, each with its reason."""
    prompt_only: int = 0
    """Sessions of which only the prompts are left, found in ``history.jsonl``."""
    prompts: int = 0
    """Their prompts that were new."""
    kept_files: int = 0
    """Files that transcripts point to and that were kept now, once for each session."""
    kept_bytes: int = 0
    unclaimed: int = 0
    """Files that were not kept because no session in the log points to them."""
    bytes: int = 0
    """Of the transcripts that were read."""
    seconds: float = 0.0

    def skip(self, path: Path, reason: str) -> None:
        """Note what was not read."""
        self.skipped += 1
        if len(self.skipped_files) < MOST_SHOWN:
            self.skipped_files.append(SkippedFile(path, reason))

    def found_corrupt(self, piece: CorruptPiece) -> None:
        """Note bytes that hold no entry."""
        self.corrupt += 1
        if len(self.corrupt_pieces) < MOST_SHOWN:
            self.corrupt_pieces.append(piece)

    @property
    def found_something(self) -> bool:
        """Whether anything was new."""
        new = (self.recorded, self.conflicts, self.corrupt, self.prompts, self.kept_files)
        return any(new) or self.skipped > 0

    def add(self, other: ImportSummary) -> None:
        """Take in the figures of a later look at the same files."""
        for name in self.__slots__:
            if name in ("corrupt_pieces", "skipped_files"):
                shown = getattr(self, name)
                shown += getattr(other, name)[: MOST_SHOWN - len(shown)]
            else:
                setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_dict(self) -> dict[str, Any]:
        """The figures by name, as plain JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values["corrupt_pieces"] = [
            {**p._asdict(), "path": str(p.path)} for p in self.corrupt_pieces
        ]
        values["skipped_files"] = [{**s._asdict(), "path": str(s.path)} for s in self.skipped_files]
        return values
