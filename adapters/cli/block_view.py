"""Five-hour blocks, and the one line that tells where one stands."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from ...domain.errors import UnknownSession
from ...projections.sessions import Spent
from ...projections.usage.blocks import Block
from ...reading.budgets import blocks_of, budget_of, now_ms
from ...reading.usage import Asked, total, usage
from ...reading.usage_of_sessions import Period
from .figures import dollars, iso, moment, money, spent_json, tokens
from .opened import Opened
from .safe_text import clean
from .screen import screen, write_json
from .tables import Columns, cells
from .usage_view import bar_of, weight

_DAY = 86_400_000


def show_blocks(work: Opened, since: int | None, until: int | None, as_json: bool) -> None:
    """Show the five-hour blocks, the present one with its rate and where it leads."""
    with work.log.store.read() as reader:
        found = blocks_of(reader, Period(since, until))
    if as_json:
        write_json({"blocks": [_block_json(block) for block in found]})
        return
    if not found:
        screen().print("Nothing was spent.")
        return
    table = Columns()
    table.add("block of five hours")
    table.add("", goes=1)
    table.spent()
    most = max(weight(block.spent) for block in found)
    for block in found:
        bar = Text(bar_of(weight(block.spent), most), "green" if block.active else "cyan")
        table.row(moment(block.begin), bar, *cells(block.spent))
    screen().print(table)
    if found[-1].active:
        screen().print(f"now: {_rate(found[-1])}", style="title")


def _rate(block: Block) -> str:
    an_hour = money(Spent(cost_nano_usd=block.nano_usd_per_hour))
    will_be = money(Spent(cost_nano_usd=block.projected_nano_usd))
    return (
        f"{_time(block.remaining_minutes)} left · {an_hour} and "
        f"{tokens(block.tokens_per_minute * 60)} tokens an hour · {will_be} and "
        f"{tokens(block.projected_tokens)} tokens at its end"
    )


def _time(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours}h {rest:02}m" if hours else f"{rest}m"


def _block_json(block: Block) -> dict[str, Any]:
    told: dict[str, Any] = {
        "begin": iso(block.begin),
        "end": iso(block.end),
        "last": iso(block.last),
        "active": block.active,
        "billed": spent_json(block.spent),
    }
    if block.active:
        told |= {
            "elapsed_minutes": block.elapsed_minutes,
            "remaining_minutes": block.remaining_minutes,
            "tokens_per_minute": block.tokens_per_minute,
            "cost_usd_per_hour": dollars(block.nano_usd_per_hour),
            "projected_cost_usd": dollars(block.projected_nano_usd),
            "projected_tokens": block.projected_tokens,
        }
    return told


def show_status(work: Opened, name: str | None, tz: str | None, as_json: bool) -> bool:
    """One line: a session, today, the present block, the budget.

    Returns:
        Whether the budget holds, or there is none.
    """
    session = work.session(name) if name is not None else None
    now = now_ms()
    settings = work.settings
    with work.log.store.read() as reader:
        days = usage(reader, Asked("day", Period(now - 2 * _DAY, None), tz))
        today = total(row for row in days if row.key == _today(tz)).billed
        found = blocks_of(reader, Period(now - _DAY, None), now)
        block = found[-1] if found and found[-1].active else None
        budget = None
        if settings.budget_usd is not None:
            budget = budget_of(reader, settings.budget_usd, settings.budget_per, tz, now)
    if as_json:
        write_json(
            {
                "session": spent_json(session.billed) if session is not None else None,
                "today": spent_json(today),
                "block": _block_json(block) if block is not None else None,
                "budget": {
                    "per": budget.per,
                    "name": budget.name,
                    "limit_usd": dollars(budget.limit_nano_usd),
                    "spent_usd": dollars(budget.spent.cost_nano_usd),
                    "percent": budget.percent,
                    "state": budget.state,
                }
                if budget is not None
                else None,
            }
        )
    else:
        parts = [f"{money(session.billed)} session"] if session is not None else []
        parts.append(f"{money(today)} today")
        if block is not None:
            an_hour = money(Spent(cost_nano_usd=block.nano_usd_per_hour))
            left = _time(block.remaining_minutes)
            parts.append(f"{money(block.spent)} block, {left} left, {an_hour}/h")
        if budget is not None:
            mark = {"fine": "", "near": " !", "over": " !!"}[budget.state]
            parts.append(f"{budget.percent}% of the {budget.per}'s budget{mark}")
        sys.stdout.write(clean(" · ".join(parts)) + "\n")
    return budget is None or budget.state != "over"


def _today(tz: str | None) -> str:
    from zoneinfo import ZoneInfo

    local = datetime.now(ZoneInfo(tz)) if tz else datetime.now(UTC).astimezone()
    return local.strftime("%Y-%m-%d")


def told_session(work: Opened) -> str | None:
    """The session that Claude Code names on standard input, as it does for a status line.

    None where nothing is told, or nothing of it is recorded yet.
    """
    if sys.stdin is None or sys.stdin.isatty():
        return None
    try:
        told = json.loads(sys.stdin.read(1 << 20) or "null")
    except ValueError:
        return None
    name = told.get("session_id") if isinstance(told, dict) else None
    if not isinstance(name, str) or not name:
        return None
    try:
        return work.session(name).session_id
    except UnknownSession:
        return None
