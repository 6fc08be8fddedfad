"""Tokens and cost by day, model, session, …: a table with bars, JSON, or CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.text import Text

from ...domain.errors import Refused
from ...domain.keys import SessionKey, short
from ...projections.sessions import Spent
from ...projections.usage.query import Only
from ...reading.budgets import Budget, budget_of
from ...reading.usage import Asked, total, usage
from ...reading.usage_of_sessions import Period, Spending
from ..storage.contract.reader import Reader
from .figures import dollars, money, number, spent_json, tokens
from .opened import Opened, key_of
from .safe_text import one_line
from .screen import screen, write_json
from .tables import Columns, cells

BAR = 16
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NAMELESS = {"user": "(no user)", "branch": "(no branch)", "model": "(unknown)", "day": "(no time)"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Wanted(NamedTuple):
    """What the command line asks for."""

    by: str
    since: int | None = None
    until: int | None = None
    tz: str | None = None
    limit: int = 50
    after: str | None = None
    as_json: bool = False
    as_csv: bool = False
    only: Only | None = None


def show_usage(work: Opened, name: str | None, wanted: Wanted) -> None:
    """Show what was spent, row by row."""
    if wanted.as_json and wanted.as_csv:
        raise Refused("--json and --csv are two ways to write the same; take one of them")
    main: SessionKey | None = key_of(work.session(name)) if name is not None else None
    asked = Asked(
        wanted.by,
        Period(wanted.since, wanted.until),
        wanted.tz,
        main.stream_id if main is not None else None,
        wanted.limit,
        wanted.after,
        wanted.only,
    )
    with work.log.store.read() as reader:
        rows = usage(reader, asked)
        following = _following(reader, asked, rows)
        limit = work.settings.budget_usd
        budget = None
        if limit is not None and main is None and wanted.only is None:
            budget = budget_of(reader, limit, work.settings.budget_per, wanted.tz)
    if wanted.as_json:
        _write_json(wanted.by, rows, following)
    elif wanted.as_csv:
        _write_csv(wanted.by, rows)
    else:
        _show(wanted.by, rows)
        if following:
            told = f"more: turnlog stats --by session … --after {following}"
            screen().print(told, style="quiet")
        if budget is not None:
            warn(budget)


def _following(reader: Reader, asked: Asked, rows: Sequence[Spending]) -> str | None:
    """Where the next page of sessions begins; a full page may be the last one."""
    if asked.by != "session" or len(rows) != asked.limit:
        return None
    after = rows[-1].cursor
    return after if usage(reader, asked._replace(limit=1, after=after)) else None


def _show(by: str, rows: Sequence[Spending]) -> None:
    if not rows:
        screen().print("Nothing was spent.")
        return
    table = Columns()
    table.words(by)
    table.add("", style="cyan", goes=1)
    table.spent()
    reported = any(row.reported_nano_usd is not None for row in rows)
    if reported:
        table.add("reported", style="quiet", right=True)
    most = max((weight(row.billed) for row in rows), default=0)
    for row in rows:
        bar = bar_of(weight(row.billed), most)
        figures = cells(row.billed) + ((_reported(row),) if reported else ())
        table.row(_label(by, row), bar, *figures)
    whole = total(rows)
    if len(rows) > 1:
        table.section()
        table.row("billed", "", *cells(whole.billed), style="bold")
    if whole.live != whole.billed:
        table.row("live", "", *cells(whole.live))
    if whole.subagents.responses:
        table.row("of it by subagents", "", *cells(whole.subagents), style="quiet")
    if whole.inherited.responses:
        table.row("inherited, billed elsewhere", "", *cells(whole.inherited), style="quiet")
    screen().print(table)
    tell_what_is_unsure(whole.billed)


def _reported(row: Spending) -> str:
    if row.reported_nano_usd is None:
        return "-"
    return money(Spent(cost_nano_usd=row.reported_nano_usd))


def tell_what_is_unsure(spent: Spent) -> None:
    """Which of the figures are not the whole truth, and by how much."""
    if spent.unpriced:
        told = f"+ the cost of {number(spent.unpriced, 'response')} is unknown: a model without a"
        screen().print(f"{told} price, or none told (`--by model` lists them)", style="quiet")
    if spent.placeholders:
        screen().print(
            f"{number(spent.placeholders, 'response')} of old CLIs tell "
            f"{tokens(spent.placeholder_output_tokens)} output tokens as a placeholder; by their "
            f"texts it was about {tokens(spent.estimated_output_tokens)}",
            style="quiet",
        )


def weight(spent: Spent) -> int:
    """How long a bar is: by cost, or by tokens where no cost is known."""
    return spent.cost_nano_usd or spent.usage.total_tokens


def bar_of(value: int, most: int, width: int = BAR) -> str:
    """A bar in eighths of a character."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, value * width * 8 // most)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _label(by: str, row: Spending) -> Text:
    told = Text(one_line(row.key) if row.key else _NAMELESS.get(by, "(none)"))
    if by == "session":
        told = Text(one_line(short(row.key or "")), "id")
    if row.title:
        told.append(f"  {one_line(row.title)}", "" if by == "session" else "quiet")
    return told


def warn(budget: Budget) -> None:
    """Say how much of the budget is gone, where little or nothing is left."""
    if budget.state != "fine":
        style = "bad" if budget.state == "over" else "warn"
        screen().print(Text(budget_text(budget), style))


def budget_text(budget: Budget) -> str:
    """A budget in a few words."""
    limit = Spent(cost_nano_usd=budget.limit_nano_usd)
    return f"{budget.percent}% of the budget of {money(limit)} a {budget.per} is spent"


def _write_json(by: str, rows: Sequence[Spending], following: str | None) -> None:
    whole = total(rows)
    told: dict[str, Any] = {
        "by": by,
        "rows": [{by: row.key, **_json(row)} for row in rows],
        "total": _json(whole),
    }
    if by == "session":
        told["next"] = following
    write_json(told)


def _json(row: Spending) -> dict[str, Any]:
    told: dict[str, Any] = {} if row.title is None else {"title": row.title}
    return told | {
        "billed": spent_json(row.billed),
        "live": spent_json(row.live),
        "subagents": spent_json(row.subagents),
        "inherited": spent_json(row.inherited),
        "reported_cost_usd": _dollars(row.reported_nano_usd),
    }


def _write_csv(by: str, rows: Sequence[Spending]) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(
        (
            by,
            "responses",
            "input_tokens",
            "output_tokens",
            "cache_creation_5m_tokens",
            "cache_creation_1h_tokens",
            "cache_read_input_tokens",
            "web_search_requests",
            "cost_usd",
            "unpriced_responses",
            "placeholder_output_tokens",
            "estimated_output_tokens",
            "live_cost_usd",
            "live_output_tokens",
            "subagents_cost_usd",
            "reported_cost_usd",
        )
    )
    for row in rows:
        spent, counters = row.billed, row.billed.usage
        out.writerow(
            (
                _cell(row.key),
                spent.responses,
                counters.input_tokens,
                counters.output_tokens,
                counters.cache_creation_5m,
                counters.cache_creation_1h,
                counters.cache_read_input_tokens,
                counters.web_search_requests,
                dollars(spent.cost_nano_usd),
                spent.unpriced,
                spent.placeholder_output_tokens,
                spent.estimated_output_tokens,
                dollars(row.live.cost_nano_usd),
                row.live.usage.output_tokens,
                dollars(row.subagents.cost_nano_usd),
                _dollars(row.reported_nano_usd),
            )
        )


def _dollars(nano: int | None) -> str | None:
    return dollars(nano) if nano is not None else None


def _cell(text: str | None) -> str:
    """A name that no spreadsheet takes for a formula."""
    told = one_line(text or "")
    return f"'{told}" if told.startswith(_FORMULA) and not told[:1].isdigit() else told
