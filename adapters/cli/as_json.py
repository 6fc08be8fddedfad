"""What ``--json`` writes: plain values under keys that stay."""

from __future__ import annotations

from typing import Any

from ...domain.events import Figures
from ...domain.keys import SessionKey
from ...projections.sessions import Session, Totals
from .figures import dollars, iso, spent_json, usage_json
from .opened import key_of


def key_json(key: SessionKey) -> dict[str, Any]:
    """A key as the SDK writes it."""
    told: dict[str, Any] = {"project_key": key.project_key, "session_id": key.session_id}
    if key.subpath is not None:
        told["subpath"] = key.subpath
    return told


def session_json(session: Session) -> dict[str, Any]:
    """A session of a list."""
    origin = SessionKey.parse(session.forked_from) if session.forked_from else None
    told = {
        **key_json(key_of(session)),
        "title": session.title,
        "first_message": session.first_message,
        "summary": session.summary,
        "status": session.status,
        "stop_reason": session.stop_reason,
        "presence": session.presence,
        "user_id": session.user_id,
        "working_dir": session.working_dir,
        "machine": session.machine,
        "source": session.source,
        "forked_from": key_json(origin) if origin is not None else None,
        "models": list(session.models),
        "tags": list(session.tags),
        "prompts": session.prompts,
        "turns": session.turns,
        "messages": session.messages,
        "entries": session.entries,
        "entries_recorded": session.recorded,
        "continuations": session.continuations,
        "subagents": session.subagents,
        "gaps": session.gaps,
        "created_at": iso(session.created_at),
        "first_at": iso(session.first_at),
        "last_at": iso(session.last_at),
        "recorded_at": iso(session.recorded_at),
        "version": session.version,
        "billed": spent_json(session.billed),
        "live": spent_json(session.live),
        "subagents_billed": spent_json(session.billed.minus(session.own_billed)),
        "reported_cost_usd": dollars(session.reported_nano_usd) if session.reports else None,
        "git_branch": session.git_branch,
    }
    if session.called_by is not None:
        told["called_by"] = session.called_by
    return told


def figures_json(figures: Figures) -> dict[str, Any]:
    """What a lineage adds up to."""
    return {
        "prompts": figures.prompts,
        "turns": figures.turns,
        "entries": figures.entries,
        "usage": usage_json(figures.usage),
    }


def totals_json(totals: Totals) -> dict[str, Any]:
    """The whole log in figures."""
    return {
        "sessions": totals.sessions,
        "subagents": totals.subagents,
        "prompts": totals.prompts,
        "turns": totals.turns,
        "average_turns": round(totals.average_turns, 2),
        "entries_recorded": totals.entries,
        "by_status": dict(sorted(totals.by_status.items())),
        "billed": spent_json(totals.billed),
        "live": spent_json(totals.live),
        "subagents_billed": spent_json(totals.subagents_billed),
        "reported_cost_usd": dollars(totals.reported_nano_usd) if totals.reports else None,
        "reported_sessions": totals.reported_sessions,
        "reported_sessions_billed_usd": dollars(totals.reported_priced_nano_usd),
    }
