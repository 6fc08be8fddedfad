"""What a search found, and how to come to it."""

from __future__ import annotations

from shlex import quote
from typing import Any

from rich.text import Text

from ...projections.search.candidates import SearchFilter
from ...projections.search.weighing import Snippet
from ...reading.searching import Found, Hit
from .as_json import key_json
from .figures import iso, moment, number
from .list_view import project, shortest
from .opened import Opened, key_of
from .page import Page
from .safe_text import clean, one_line
from .screen import beside, complain, screen, write_json

_WORTH_TELLING = 20_000
"""Positions that the index is behind, after which it takes more than a moment."""


def show_hits(
    work: Opened,
    query: str,
    fields: list[str] | None,
    asked: SearchFilter,
    all_branches: bool,
    limit: int,
    page: int,
    as_json: bool,
) -> None:
    """One page of what was found."""
    _tell_of_waiting(work)
    found = work.log.search(query, fields, asked, all_branches=all_branches, limit=limit, page=page)
    if as_json:
        write_json(_found_json(found))
        return
    if found.unreadable:
        count = number(found.unreadable, "text")
        complain(f"{count} left out: the content is damaged; see `turnlog verify`")
    if not found.hits:
        screen().print("No other text matches." if page > 1 else "No text matches.")
        return
    width = shortest([hit.session.session_id for hit in found.hits])
    sheet = Page(screen())
    for hit in found.hits:
        _show(sheet, hit, width)
    screen().print(f"\n{_told(found, limit)}", style="quiet")
    if found.more:
        screen().print(f"more: turnlog search … --page {page + 1}", style="quiet")


def _tell_of_waiting(work: Opened) -> None:
    lag = next((h.lag for h in work.log.projections() if h.name == "search"), 0)
    if lag > _WORTH_TELLING and beside().is_terminal:
        beside().print(f"taking {lag:,} events into the index …", style="quiet")


def _show(sheet: Page, hit: Hit, width: int) -> None:
    session = hit.session
    title = one_line(session.title or "(no title)")
    if len(title) > 60:
        title = title[:59] + "…"
    head = Text.assemble(
        (f"{hit.field:<7} ", "point"),
        (title, "title"),
        (f"  {project(session)} · {moment(hit.at)}", "quiet"),
    )
    if session.subpath is not None:
        head.append(f" · in {one_line(session.subpath.rpartition('/')[2])}", "quiet")
    if hit.abandoned:
        head.append(" · left behind by a rewind" if hit.field != "title" else " · former", "left")
    if session.presence != "present":
        head.append(f" · {session.presence}", "left")
    sheet.gap()
    sheet.put(head)
    sheet.put(_marked(hit.snippet), "        ", "        ")
    sheet.put(Text(_command(hit, width), "id"), "        ", "        ")


def _marked(snippet: Snippet) -> Text:
    """A passage with what was found in it, and nothing that acts on a terminal."""
    told, at = Text(), 0
    for start, end in snippet.marks:
        told.append(clean(snippet.text[at:start]))
        told.append(clean(snippet.text[start:end]), "bold yellow")
        at = end
    return told.append(clean(snippet.text[at:]))


def _command(hit: Hit, width: int) -> str:
    """What shows it in its place."""
    key = hit.key
    name = one_line(key.session_id)
    shown = name if len(name) <= width else name[:width]
    told = f"turnlog show {quote(shown)}"
    if key.subpath is not None:
        return f"{told} --subagents"
    return f"{told} --at {hit.point}" if hit.point is not None else told


def _told(found: Found, limit: int) -> str:
    first = (found.page - 1) * limit
    shown = f"{first + 1} to {first + len(found.hits)} of "
    if found.complete:
        return shown + number(found.total, "hit")
    return f"{shown}the {found.total:,} best of the newest; more words find fewer"


def _found_json(found: Found) -> dict[str, Any]:
    return {
        "hits": [_hit_json(hit) for hit in found.hits],
        "total": found.total,
        "complete": found.complete,
        "page": found.page,
        "more": found.more,
        "unreadable": found.unreadable,
    }


def _hit_json(hit: Hit) -> dict[str, Any]:
    session = hit.session
    told: dict[str, Any] = {
        **key_json(key_of(session)),
        "title": session.title,
        "working_dir": session.working_dir,
        "presence": session.presence,
        "field": hit.field,
        "point": str(hit.point) if hit.point is not None else None,
        "version": hit.version,
        "position": hit.position,
        "at": iso(hit.at),
        "abandoned": hit.abandoned,
        "snippet": hit.snippet.text,
        "marks": [list(mark) for mark in hit.snippet.marks],
        "score": round(hit.score, 6),
    }
    if hit.origin != hit.key:
        told["recorded_in"] = key_json(hit.origin)
    return told
