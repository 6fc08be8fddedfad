"""Verifying and rebuilding, with their progress."""

from __future__ import annotations

import time

from rich.text import Text

from .as_json import key_json
from .figures import number
from .opened import Opened, key_of
from .progress import bar
from .safe_text import one_line
from .screen import screen, write_json


def verify(work: Opened, name: str | None, as_json: bool) -> bool:
    """Check the log, or one session, and say whether it holds."""
    key = key_of(work.session(name)) if name is not None else None
    with bar("verifying", quiet=as_json) as progress:
        found = work.log.verify(key, lambda streams: progress(streams, None))
    if as_json:
        write_json(
            {
                "holds": found.holds,
                "streams": found.streams,
                "events": found.events,
                "problems": [
                    {
                        **key_json(problem.key),
                        "version": problem.version,
                        "position": problem.position,
                        "what": problem.what,
                    }
                    for problem in found.problems
                ],
            }
        )
        return found.holds
    checked = f"{number(found.events, 'event')} of {number(found.streams, 'stream')}"
    if found.holds:
        screen().print(Text.assemble(("✓ ", "good"), f"The log holds: {checked} checked."))
    else:
        screen().print(Text("✗ The log does not hold.", "bad"))
        for problem in found.problems:
            screen().print(Text(f"  {one_line(str(problem))}"))
        screen().print(
            f"{checked} hold. From a named event on, its session cannot be trusted: restore the "
            "log from a copy, or import the transcript into a new log.",
            style="quiet",
        )
    return found.holds


def rebuild(work: Opened, as_json: bool) -> None:
    """Fold the read models again."""
    began = time.monotonic()
    with bar("rebuilding", quiet=as_json) as progress:
        done = work.log.rebuild(progress)
    seconds = time.monotonic() - began
    if as_json:
        write_json({"streams": done.streams, "events": done.events, "seconds": round(seconds, 3)})
        return
    told = f"{number(done.events, 'event')} of {number(done.streams, 'stream')} in {seconds:.1f} s"
    screen().print(Text.assemble(("✓ ", "good"), f"Rebuilt the read models: {told}."))
