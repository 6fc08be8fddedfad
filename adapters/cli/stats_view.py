"""Tokens and cost, of the log or of one session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.text import Text

from ...projections.sessions import Filter, Spent, Totals
from ...reading.spending import ModelSpent
from .as_json import session_json, totals_json
from .figures import money, number, spent_json
from .list_view import STATUS
from .opened import Opened, key_of
from .safe_text import one_line
from .saying import heading
from .screen import dotted, screen, write_json
from .tables import Columns, cells
from .usage_view import tell_what_is_unsure


def show_stats(work: Opened, name: str | None, as_json: bool) -> None:
    """Show the figures of the log, or of one session."""
    if name is None:
        _of_log(work, as_json)
    else:
        _of_session(work, name, as_json)


def show_some(work: Opened, asked: Filter, as_json: bool) -> None:
    """Show the figures of some sessions, with their subagents."""
    totals = work.log.stats(asked=asked)
    if as_json:
        write_json(totals_json(totals))
    else:
        _totals(totals, [])


def _of_log(work: Opened, as_json: bool) -> None:
    totals = work.log.stats()
    models = work.log.spent_by_model()
    if as_json:
        write_json({**totals_json(totals), "by_model": [_model_json(m) for m in models]})
        return
    _totals(totals, models)


def _totals(totals: Totals, models: list[ModelSpent]) -> None:
    out = screen()
    counts = [
        (totals.sessions, "session"),
        (totals.subagents, "subagent"),
        (totals.prompts, "prompt"),
        (totals.turns, "turn"),
    ]
    out.print(dotted(*((number(n, word), "title") for n, word in counts)))
    statuses = [
        Text.assemble((f"{STATUS[status][0]} ", STATUS[status][1]), f"{count:,} {status}")
        for status, count in sorted(totals.by_status.items())
    ]
    if statuses:
        out.print(Text("   ").join(statuses))
    told = f"{totals.average_turns:.1f} turns a session"
    out.print(f"{told}, {totals.entries:,} entries recorded", style="quiet")
    subagents = totals.subagents_billed
    _spending(models, totals.billed, totals.live, subagents)
    if totals.reports:
        which = number(totals.reported_sessions, "session")
        priced = money(Spent(cost_nano_usd=totals.reported_priced_nano_usd))
        told = money(Spent(cost_nano_usd=totals.reported_nano_usd))
        out.print(f"the CLI reports {told} for {which}; by price it is {priced}", style="quiet")
    tell_what_is_unsure(totals.billed)


def _of_session(work: Opened, name: str, as_json: bool) -> None:
    session = work.session(name)
    models = work.log.spent_by_model(key_of(session))
    if as_json:
        write_json({**session_json(session), "by_model": [_model_json(m) for m in models]})
        return
    heading(session.title, session.session_id)
    counts = (number(session.prompts, "prompt"), number(session.turns, "turn"))
    screen().print(dotted(*counts, number(session.subagents, "subagent")))
    subagents = session.billed.minus(session.own_billed)
    _spending(models, session.billed, session.live, subagents)
    if session.reports:
        told = money(Spent(cost_nano_usd=session.reported_nano_usd))
        counters = number(session.reports, "counter")
        screen().print(f"the CLI reports {told} for it ({counters})", style="quiet")
    tell_what_is_unsure(session.billed)


def _spending(
    models: Iterable[ModelSpent],
    billed: Spent,
    live: Spent,
    subagents: Spent,
) -> None:
    table = Columns(2)
    table.words("model", 16)
    table.add("responses", right=True, goes=1)
    table.spent()
    for row in models:
        table.row(one_line(row.model or "(none)"), f"{row.responses:,}", *cells(row.billed))
    table.section()
    table.row("billed", "", *cells(billed), style="bold")
    if live != billed:
        table.row("live", "", *cells(live))
    screen().print()
    screen().print(table)
    if live.cost_nano_usd > billed.cost_nano_usd:
        told = "live includes copies that another session is billed for"
        screen().print(told, style="quiet")
    if subagents.responses:
        told = f"of it {money(subagents)} by subagents"
        screen().print(told, style="quiet")


def _model_json(row: ModelSpent) -> dict[str, Any]:
    return {
        "model": row.model,
        "responses": row.responses,
        "placeholder_responses": row.placeholders,
        "billed": spent_json(row.billed),
    }
