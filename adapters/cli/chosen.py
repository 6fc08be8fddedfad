"""What the options of ``commands.which`` ask for."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from ...domain.errors import Refused
from ...domain.statuses import RESUMABLE, known
from ...projections.sessions import Filter
from .times import span

PRESENCES = ("present", "archived", "deleted", "erased")
_MOST_USD = Decimal(1_000_000_000)


def asked(options: dict[str, Any]) -> Filter:
    """What the options ask for, by their names in a command.

    Raises:
        Refused: no session can be so.
    """
    first, last = span(options["since"], options["until"])
    return Filter(
        user_id=options["user"],
        project=options["project"],
        directory=options["directory"],
        status=_statuses(options["status"] or [], options["resumable"]),
        tags=tuple(options["tag"] or ()),
        any_tags=tuple(options["any_tag"] or ()),
        text=options["text"],
        since=first,
        until=last,
        presence=_presences(options["archived"], options["deleted"], options["all_"]),
        model=options["model"],
        min_cost_usd=usd(options["min_cost"]),
        max_cost_usd=usd(options["max_cost"]),
        min_turns=options["min_turns"],
        max_turns=options["max_turns"],
    ).checked()


def _statuses(named: list[str], resumable: bool) -> tuple[str, ...] | None:
    """The statuses that are asked for; None where they do not matter."""
    for status in named:
        known(status)
    return (*named, *(s for s in RESUMABLE if resumable and s not in named)) or None


def _presences(archived: bool, deleted: bool, everything: bool) -> tuple[str, ...]:
    if everything:
        return PRESENCES
    chosen = (("archived",) if archived else ()) + (("deleted", "erased") if deleted else ())
    return chosen or ("present",)


def usd(text: str | None) -> Decimal | None:
    """An amount as it is typed.

    Raises:
        Refused: it is none.
    """
    if text is None:
        return None
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal(-1)
    if amount.is_nan() or not 0 <= amount <= _MOST_USD:
        raise Refused(f"{text!r} is no amount of dollars; write it like 0.50")
    return amount
