"""Seals and proofs on the screen, and as files."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from ...evidence.files import refuse_taken, write_evidence
from ...projections.audit import AuditFilter
from ...projections.audit.kinds import SEALED
from ...projections.audit.query import MOST
from .figures import moment, number
from .opened import Opened, key_of
from .safe_text import one_line
from .screen import screen, write_json


def seal(work: Opened, out: str | None, reason: str | None, as_json: bool) -> None:
    """Seal the log, and say how to keep it."""
    path = _free(out)
    made = work.log.seal(work.actor, reason)
    if path is not None:
        write_evidence(path, made)
    if as_json:
        write_json(made.as_json())
        return
    told = f"{number(made.events, 'event')} of {number(made.streams, 'stream')}"
    screen().print(
        Text.assemble(
            ("✓ ", "good"), f"Sealed {told}, up to position {made.position} (seal {made.number})."
        )
    )
    screen().print(f"  fingerprint  {made.fingerprint}")
    kept = f"{path}, or the fingerprint," if path is not None else "the fingerprint"
    screen().print(
        f"Keep {kept} where nobody can write who can write to the log; `turnlog verify --seal` "
        "compares.",
        style="quiet",
    )


def list_seals(work: Opened, as_json: bool) -> None:
    """The seals there are, the newest first."""
    found = work.log.audit(AuditFilter(kinds=(SEALED,)), MOST)
    if as_json:
        seals = [deed.seal.as_json() for deed in found if deed.seal is not None]
        write_json({"seals": seals})
        return
    if not found:
        screen().print("The log was never sealed. Do it with `turnlog seal`.")
        return
    screen().print(
        f"{'seal':>4}  {'sealed':<16}  {'position':>8}  {'streams':>7}  fingerprint", style="bold"
    )
    for deed in found:
        made = deed.seal
        assert made is not None
        line = f"{made.number:>4}  {moment(deed.recorded_at)}  {made.position:>8}  "
        line += f"{made.streams:>7}  {made.fingerprint}"
        screen().print(line, no_wrap=True, crop=False, overflow="ignore")
        if deed.reason or deed.actor:
            by = f" by {one_line(deed.actor)}" if deed.actor else ""
            screen().print(f"      {one_line(deed.reason or 'sealed')}{by}", style="quiet")


def prove(work: Opened, name: str, out: str | None, as_json: bool) -> None:
    """Prove that a session is under the last seal."""
    path = _free(out)
    proof = work.log.prove(key_of(work.session(name)))
    if path is not None:
        write_evidence(path, proof)
    if as_json or path is None:
        write_json(proof.as_json())
        return
    told = number(len(proof.streams), "stream")
    screen().print(
        Text.assemble(("✓ ", "good"), f"Proved {told} under seal {proof.seal.number}: {path}")
    )


def _free(out: str | None) -> Path | None:
    """The path of a file that is not there yet: nothing is sealed that could not be kept.

    Raises:
        Refused: there is one.
        OSError: there is no folder for it.
    """
    if out is None:
        return None
    path = Path(out)
    refuse_taken(path)
    return path
