"""A session as one value."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from ...reading.whole import SessionRecord
from .as_json import key_json
from .figures import counters, iso, moment, number, tokens, usage_json
from .list_view import GONE, STATUS
from .opened import Opened, key_of
from .safe_text import clean, one_line
from .saying import heading
from .screen import dotted, screen, write_json


def show_record(work: Opened, name: str, at: str | None, text: bool, as_json: bool) -> None:
    """Show a session, now or at a point."""
    session = work.session(name)
    record = work.log.get(key_of(session), at)
    if as_json:
        write_json({**record_json(record), "at": at})
    elif text:
        screen().print(Text(clean(record.text)), soft_wrap=True)
    else:
        show(record, at)


def show(record: SessionRecord, at: str | None) -> None:
    """Show all of it."""
    out = screen()
    heading(record.title, record.key.session_id)
    if at is not None:
        out.print(Text(f"as it was at {one_line(at)} (version {record.version})", "point"))
    sign, style = STATUS.get(record.status, ("?", ""))
    told = [(f"{sign} {record.status}", style)]
    if record.presence in GONE:
        told.append((record.presence, GONE[record.presence][1]))
    if record.stop_reason:
        told.append((one_line(record.stop_reason), ""))
    told += [(number(record.prompts, "prompt"), ""), (number(record.turns, "turn"), "")]
    if record.continuations:
        told.append((number(record.continuations, "attempt to go on", "attempts to go on"), ""))
    out.print(dotted(*told))
    counts = counters(record.usage).items()
    out.print("  ".join(f"{word} {tokens(count)}" for word, count in counts) + " tokens")
    for word, value in _facts(record):
        out.print(Text.assemble((f"{word:<10}", "quiet"), one_line(value)))
    if record.text:
        out.print()
        out.print(Text(clean(record.text)), soft_wrap=True)


def _facts(record: SessionRecord) -> list[tuple[str, str]]:
    facts = [
        ("user", record.user_id),
        ("directory", record.working_dir),
        ("models", ", ".join(record.models)),
        ("tags", " ".join(f"#{tag}" for tag in record.tags)),
        ("metadata", ", ".join(sorted(record.metadata))),
        ("created", moment(record.created_at)),
        ("updated", moment(record.updated_at)),
        ("prompt", record.prompt),
    ]
    return [(word, value) for word, value in facts if value]


def record_json(record: SessionRecord) -> dict[str, Any]:
    """The value under keys that stay."""
    return {
        **key_json(record.key),
        "presence": record.presence,
        "status": record.status,
        "stop_reason": record.stop_reason,
        "title": record.title,
        "prompt": record.prompt,
        "text": record.text,
        "usage": usage_json(record.usage),
        "billed_usage": usage_json(record.billed),
        "prompts": record.prompts,
        "turns": record.turns,
        "entries": record.entries,
        "continuations": record.continuations,
        "user_id": record.user_id,
        "working_dir": record.working_dir,
        "git_branch": record.git_branch,
        "models": list(record.models),
        "tags": list(record.tags),
        "metadata": dict(record.metadata),
        "source": record.source,
        "created_at": iso(record.created_at),
        "updated_at": iso(record.updated_at),
        "version": record.version,
    }
