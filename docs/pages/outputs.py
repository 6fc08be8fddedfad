"""What the commands print that the README shows."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from turnlog.adapters import cli
from turnlog.reading import figures

from .markdown import ROOT

HISTORY = "docs/demo/history"


def listing() -> str:
    """What `turnlog sessions` prints of the demo's history."""
    return _printed(["sessions"])


def branches() -> str:
    """What `turnlog branches` prints after the demo's rewind."""
    rewind = ["rewind", "8b6e", "--to", "prompt:2", "--reason", "the lock was a wrong turn"]
    printed = _printed(["branches", "8b6e"], before=rewind)
    return re.sub(r"left behind \d{4}-\d\d-\d\d \d\d:\d\d", "left behind 2026-10-14 09:00", printed)


def days() -> str:
    """What `turnlog stats --by day` prints of the demo's history."""
    return _printed(["stats", "--by", "day"])


def hits() -> str:
    """What `turnlog search` prints of the demo's history."""
    return _printed(["search", "lock redis", "--limit", "2"])


def _printed(command: list[str], before: list[str] | None = None) -> str:
    with tempfile.TemporaryDirectory() as folder, _terminal(Path(folder) / "log.db"):
        _run(["import", str(ROOT / HISTORY), "--workers", "1"])
        if before is not None:
            _run(before)
        lines = _run(command).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


@contextlib.contextmanager
def _terminal(database: Path) -> Iterator[None]:
    """A hundred columns, in UTC, on a day when nothing of the history happened."""
    settings = {
        "COLUMNS": "100",
        "TZ": "UTC",
        "TURNLOG_DATABASE_URL": str(database),
        "TURNLOG_ACTOR": "ada",
    }
    with (
        mock.patch.dict(os.environ, settings),
        mock.patch.object(figures, "today", return_value=""),
    ):
        time.tzset()
        yield
    time.tzset()


def _run(arguments: list[str]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = cli.run(arguments)
    assert code == 0, arguments
    return out.getvalue()
