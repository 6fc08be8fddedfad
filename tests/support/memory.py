"""A folder in memory, for the files of the tests: a commit there waits for no disk."""

import os
import shutil
from pathlib import Path

_ROOM = 2 << 30  # bytes; the files of one run of all tests are some 350 MB, its databases less


def folder() -> Path | None:
    """A folder in memory where there is room; None on a machine that has none."""
    found = Path("/dev/shm")
    try:
        free = shutil.disk_usage(found).free
    except OSError:
        return None
    return found if free > _ROOM and os.access(found, os.W_OK | os.X_OK) else None
