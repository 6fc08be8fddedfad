"""The first line of an exported trail: what the lines behind it are to be."""

from __future__ import annotations

from typing import Any

from ..domain.errors import InvalidEvidence
from .lines import FORMAT, Line, read_line
from .proofs import Proof
from .seals import Seal


def read_head(raw: bytes) -> Line:
    """Read it.

    Raises:
        InvalidEvidence: the file is no trail.
    """
    try:
        head = read_line(raw)
    except InvalidEvidence as problem:
        raise InvalidEvidence(f"this is no exported trail: of its first line, {problem}") from None
    told = head.members
    if told.get("format") != FORMAT:
        raise InvalidEvidence(
            f"this is no trail: its format is {told.get('format')!r:.80}, not {FORMAT!r}; a later "
            "release may read it"
        )
    types = {"log": str, "after": int, "upto": int, "content": bool}
    for name, kind in types.items():
        if type(told.get(name)) is not kind:
            raise InvalidEvidence(f"line 1: its {name} is {told.get(name)!r:.60}")
    return head


def fits(head: dict[str, Any], sealed: Seal | Proof) -> None:
    """Make sure that a trail is whole enough to be compared with what was sealed.

    Raises:
        InvalidEvidence: it is not, or is of another log.
    """
    seal = sealed.seal if isinstance(sealed, Proof) else sealed
    if head["log"] != seal.log:
        raise InvalidEvidence(f"the seal is of the log {seal.log}, the trail of {head['log']}")
    if head["upto"] < seal.position:
        raise InvalidEvidence(
            f"the trail ends at position {head['upto']}, before the seal's {seal.position}: "
            "export it again"
        )
    if isinstance(sealed, Seal) and (head["after"] != 0 or head.get("streams") is not None):
        raise InvalidEvidence(
            "the trail holds a part of the log, and the seal is of all of it; export the whole "
            "log, or prove the session with `turnlog seal --prove`"
        )
