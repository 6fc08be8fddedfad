"""The demo, as `make demo` runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copytree

from docs.demo.make_history import HISTORY


def test_the_demo_runs_to_its_end(tmp_path: Path) -> None:
    """The first command that a new user types must never end in an error."""
    demo = copytree(HISTORY.parent, tmp_path / "docs" / "demo") / "demo.py"
    done = subprocess.run(
        [sys.executable, str(demo)], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The log holds" in done.stdout
    assert "That was the demo." in done.stdout
