"""Imports in a process of their own, cut into small commits so that a kill has many places."""

from __future__ import annotations

from typing import Any

import turnlog
from tests.faults.processes import Connection
from turnlog.adapters.claude import portions
from turnlog.importing import arriving

LARGEST = 24 << 10


def in_small_steps() -> None:
    """Record many small parts. The log's own import and the one it is compared with must agree."""
    portions.LARGEST = LARGEST
    arriving.MOST_BYTES = 2 * LARGEST


def import_all(pipe: Connection, url: str, path: str, workers: int) -> None:
    """Import a path; tells when it begins, and how many transcripts are done."""
    in_small_steps()
    with turnlog.open(url) as log:
        pipe.send("open")

        def tell(told: Any) -> None:
            pipe.send(told.files)

        log.import_claude(path, workers=workers, machine="ada", progress=tell)
    pipe.send("done")
