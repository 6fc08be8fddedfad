"""What a folder of exported files holds, and how new files come into it: all of them or none."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from ..adapters.folders import sync_folder
from ..domain.errors import Refused

FILE = re.compile(r"day=[0-9A-Z_-]+/(?:events|usage)-(\d{6,})-\d{4,}\.(?:parquet|csv|jsonl)")
"""The name of an exported file; the first number is that of the export."""
NAME = "_manifest.json"
"""Names that begin so are passed over by Spark and Hive."""
HIDDEN = ".turnlog-"
"""How the name of a file begins until the export is complete."""


class Seen(NamedTuple):
    """How much of the log an export looked at."""

    position: int
    last: int = 0
    """The position of the last event; 0 where there was none."""
    chain: str = ""
    """Its hash chain, in hexadecimal."""


@dataclass(frozen=True)
class Manifest:
    """The account of an export."""

    what: str
    format: str
    content: str
    """Of events: how much of what they carry."""
    columns: int
    """The version of the columns."""
    project: str | None
    user: str | None
    since: int | None
    until: int | None
    """Milliseconds since 1970 UTC."""
    position: int = 0
    """The events up to there were looked at."""
    last: int = 0
    chain: str = ""
    """The position of the last event among them, and its hash chain: by these a log is known."""
    rows: int = 0
    files: dict[str, int] = field(default_factory=dict)
    """The rows of each file, by its path."""
    arriving: tuple[str, ...] = ()
    """Files that are complete and still have their hidden names."""
    leaving: tuple[str, ...] = ()
    """Files that are to be removed."""

    def asks_the_same(self, other: Manifest) -> bool:
        """Whether another export may go on from this one."""
        return _asked(self) == _asked(other)

    def with_files(self, seen: Seen, added: dict[str, int], kept: dict[str, int]) -> Manifest:
        """The same after an export: some files stay, others come."""
        files = {**kept, **added}
        return replace(
            self,
            position=seen.position,
            last=seen.last or self.last,
            chain=seen.chain or self.chain,
            rows=sum(files.values()),
            files=files,
            arriving=tuple(added),
            leaving=tuple(path for path in self.files if path not in files),
        )


def _asked(manifest: Manifest) -> dict[str, Any]:
    kept = asdict(manifest)
    return {name: kept[name] for name in list(kept)[: list(kept).index("position")]}


def read_manifest(folder: Path) -> Manifest | None:
    """The account of a folder; None where it has none.

    Raises:
        Refused: what lies there is no account of an export.
    """
    path = folder / NAME
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    try:
        values = json.loads(text)
        values["arriving"], values["leaving"] = (
            tuple(values.get(name, ())) for name in ("arriving", "leaving")
        )
        found = Manifest(**values)
        _check(found)
    except (ValueError, TypeError, KeyError, AttributeError) as problem:
        raise Refused(
            f"{path} is no account of an export ({problem}); name another folder"
        ) from problem
    return found


def _check(manifest: Manifest) -> None:
    """Files are removed by what an account says: it must name none but an export's own."""
    numbers = (manifest.position, manifest.last, manifest.rows, *manifest.files.values())
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError("a number in it is none")
    for name in (*manifest.files, *manifest.arriving, *manifest.leaving):
        if not FILE.fullmatch(name):
            raise ValueError(f"{name!r} is no file of an export")


def settle(folder: Path, manifest: Manifest) -> Manifest:
    """Bring in what was announced, and take out what is left behind. Can be done again.

    The account is written before and after: whoever is killed in between leaves a folder that
    the next export completes.
    """
    _write(folder, manifest)
    for name in manifest.arriving:
        path = folder / name
        with suppress(FileNotFoundError):  # it was brought in before
            hidden(path).replace(path)
    for name in manifest.leaving:
        (folder / name).unlink(missing_ok=True)
    settled = replace(manifest, arriving=(), leaving=())
    _write(folder, settled)
    return settled


def hidden(path: Path) -> Path:
    """A file's name until the export is complete."""
    return path.with_name(HIDDEN + path.name)


def sweep(folder: Path) -> None:
    """Remove what a broken export left: files with hidden names, and the folders it made."""
    for path in folder.glob(f"*/{HIDDEN}*"):
        path.unlink(missing_ok=True)
    _remove_empty(path for path in folder.glob("day=*") if path.is_dir())


def _remove_empty(folders: Iterable[Path]) -> None:
    for path in folders:
        with suppress(OSError):  # it is not empty
            path.rmdir()


def _write(folder: Path, manifest: Manifest) -> None:
    path = folder / NAME
    temporary = hidden(path)
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(folder)
