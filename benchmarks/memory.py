"""The peak memory of a process and all that it starts, sampled from /proc."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from .bench import SkippedError

_PROC = Path("/proc")
_PAUSE_SECONDS = 0.01


def peak_of_tree(process: subprocess.Popen[bytes]) -> int:
    """Wait for `process` and give the greatest sum of its tree's proportional set sizes, in bytes.

    Raises:
        SkippedError: this system does not tell what share of a page is whose.
        RuntimeError: the process failed.
    """
    if not (_PROC / "self" / "smaps_rollup").exists():
        process.kill()
        process.wait()
        raise SkippedError("needs Linux: memory is read from /proc/PID/smaps_rollup")
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(_proportional_set_size(pid) for pid in _tree(process.pid)))
        time.sleep(_PAUSE_SECONDS)
    if process.returncode:
        raise RuntimeError(f"the import ended with exit code {process.returncode}")
    return peak


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        for task in _read_all(_PROC / str(pid) / "task", "children"):
            found.extend(int(child) for child in task.split())
    return found


def _read_all(tasks: Path, name: str) -> list[str]:
    try:
        return [(task / name).read_text() for task in tasks.iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return []  # it ended between two looks


def _proportional_set_size(pid: int) -> int:
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
