"""Write the demo's history: a small configuration directory as Claude Code leaves it.

Run from the root of a checkout: ``python -m docs.demo.make_history [DIRECTORY]``. The result is
kept under ``docs/demo/history``; a test holds the two together.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from docs.demo.stories import checkout, small, tiles, webhooks
from tests.support.config_dir import append_history, history_lines
from tests.support.transcripts import Transcript

HISTORY = Path(__file__).parent / "history"


def make_history(directory: Path) -> None:
    """Write the history into a directory, in place of whatever is there."""
    shutil.rmtree(directory, ignore_errors=True)
    append_history(directory, history_lines(_long_gone()))
    webhook = webhooks.tell()
    sessions = (
        checkout.tell(),
        webhook,
        webhooks.fork(webhook),
        tiles.tell(),
        small.tell_flag(),
        small.tell_links(),
    )
    for session in sessions:
        session.write(directory)


def _long_gone() -> Transcript:
    """A session of which only the prompts are left: its transcript was cleaned up."""
    s = Transcript(
        "5d0f7b29-e3c4-4a18-9f62-b8a1c64e0d73",
        seed=10,
        cwd=checkout.CWD,
        start="2026-09-08T12:00:00Z",
    )
    s.prompt("Orders need a currency. Where would you put it?")
    s.wait(minutes=20)
    s.prompt("Backfill the old ones with EUR, in batches.")
    s.wait(minutes=9)
    s.prompt("How do I roll that back if it goes wrong?")
    return s


if __name__ == "__main__":
    make_history(Path(sys.argv[1]) if len(sys.argv) > 1 else HISTORY)
