"""Verifying, with its progress."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from ...domain.errors import InvalidEvidence, Refused
from ...evidence.files import read_evidence
from ...evidence.files import verify_file as check_file
from ...evidence.proofs import Proof
from ...evidence.seals import Seal
from ...exchange.carried import Part, check, is_export_at
from ...reading.verifying import Verified
from .as_json import key_json
from .figures import number
from .opened import Opened, key_of
from .progress import bar
from .safe_text import one_line
from .screen import read_or_not, screen, write_json


def verify(work: Opened, name: str | None, seal: str | None, as_json: bool) -> bool:
    """Check the log, or one session, and say whether it holds."""
    key = key_of(work.session(name)) if name is not None else None
    sealed = _sealed(seal) if seal is not None else None
    if isinstance(sealed, Proof):
        sealed = sealed.seal
    with bar("verifying", quiet=as_json) as progress:
        found = work.log.verify(key, lambda streams: progress(streams, None), sealed)
    with read_or_not():
        if as_json:
            write_json(_json(found))
        else:
            _tell_log(work, found)
    return found.holds


def _json(found: Verified) -> dict[str, Any]:
    return {
        "holds": found.holds,
        "streams": found.streams,
        "events": found.events,
        "problems": [
            {
                **(key_json(problem.key) if problem.key is not None else {}),
                **({"stream": problem.stream} if problem.key is None else {}),
                "version": problem.version,
                "position": problem.position,
                "what": problem.what,
            }
            for problem in found.problems
        ],
    }


def _tell_log(work: Opened, found: Verified) -> None:
    checked = _tell("log", found.events, found.streams, found.problems)
    if not found.holds:
        screen().print(
            f"{checked} hold. From a named event on, its session cannot be trusted: restore the "
            "log from a copy, or import the transcript into a new log.",
            style="quiet",
        )
    elif work.log.store.locked:
        screen().print("  Headers alone: the keys of this encrypted log were not given.")


def _tell(what: str, events: int, streams: int, problems: Sequence[object]) -> str:
    """Say whether something holds, and what does not.

    Returns:
        What was checked of it.
    """
    checked = f"{number(events, 'event')} of {number(streams, 'stream')}"
    if problems:
        screen().print(Text(f"✗ The {what} does not hold.", "bad"))
        for problem in problems:
            screen().print(Text(f"  {one_line(str(problem))}"))
    else:
        screen().print(Text.assemble(("✓ ", "good"), f"The {what} holds: {checked} checked."))
    return checked


def verify_file(path: str, seal: str | None, as_json: bool) -> bool:
    """Check an exported trail, or exported sessions, and say whether it holds."""
    if is_export_at(Path(path)):
        return _verify_sessions(Path(path), seal, as_json)
    sealed = read_evidence(Path(seal)) if seal is not None else None
    with bar("verifying", quiet=as_json) as progress:
        found = check_file(path, sealed, lambda lines: progress(lines, None))
    with read_or_not():
        if as_json:
            told = found._asdict()
            told["problems"] = [problem._asdict() for problem in found.problems]
            write_json({"holds": found.holds, **told})
        else:
            _tell("trail", found.events, found.streams, found.problems)
            if found.holds:
                screen().print(f"  last line  {found.line}", style="quiet")
    return found.holds


def _verify_sessions(path: Path, seal: str | None, as_json: bool) -> bool:
    if seal is not None:
        raise Refused("exported sessions have no seal; a trail has: `turnlog audit --export`")
    parts: list[Part] = []
    problems = []
    try:
        with path.open("rb") as file:
            parts = check(file)
    except InvalidEvidence as found:
        problems.append(str(found))
    events, streams = sum(part.upto for part in parts), len(parts)
    with read_or_not():
        if as_json:
            told = {"events": events, "streams": streams, "problems": problems}
            write_json({"holds": not problems, **told})
        else:
            _tell("export", events, streams, problems)
    return not problems


def _sealed(given: str) -> Seal | Proof | str:
    """A seal by its file, else its fingerprint."""
    if re.fullmatch("[0-9a-f]{16,64}", given) and not Path(given).exists():
        return given
    return read_evidence(Path(given))
