"""The audit trail on the screen, and as a file."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from ...domain.keys import SessionKey
from ...evidence.trail import EVERYTHING, AuditFilter, Deed
from ...projections.sessions import Spent
from .as_json import key_json
from .event_words import event_json, what
from .figures import dollars, iso, moment, money, number
from .opened import Opened
from .progress import bar
from .safe_text import one_line
from .screen import screen, write_json
from .trail import STYLES

_KIND = 17
_ID = 8


def show_audit(
    work: Opened, asked: AuditFilter, limit: int, before: int | None, as_json: bool
) -> None:
    """Write a page of the trail."""
    found = work.log.audit(asked, limit, before)
    more = len(found) == limit and bool(work.log.audit(asked, 1, found[-1].position))
    following = found[-1].position if more else None
    if as_json:
        write_json({"deeds": [_json(deed) for deed in found], "next": following})
        return
    if not found:
        nothing = asked == EVERYTHING and before is None
        screen().print("Nothing has happened yet." if nothing else "Nothing of that happened.")
        return
    head = f"{'position':>8}  {'recorded':<16}  {'session':<{_ID}}  {'event':<{_KIND}}  what"
    screen().print(head, style="bold")
    for deed in found:
        screen().print(_line(deed, screen().width), no_wrap=True)
    if following is not None:
        screen().print(f"\nmore: turnlog audit … --before {following}", style="quiet")


def export(
    work: Opened, path: str, key: SessionKey | None, after: int, content: bool, as_json: bool
) -> None:
    """Write the trail into a file."""
    with bar("exporting", quiet=as_json) as progress:
        done = work.log.export_audit(path, key, after=after, content=content, progress=progress)
    if as_json:
        write_json({"file": path, **done._asdict()})
        return
    told = f"{number(done.events, 'event')} of {number(done.streams, 'stream')}"
    screen().print(
        Text.assemble(("✓ ", "good"), f"Exported {told}, up to position {done.upto}, to {path}.")
    )
    screen().print(f"  last line  {done.line}", style="quiet")
    screen().print(
        "Keep the last line's hash elsewhere: with it, nobody can write the file anew unseen. "
        "Verify it with `turnlog verify --file`, which needs no database.",
        style="quiet",
    )


def told_of(deed: Deed) -> str:
    """What happened, in a few words."""
    if deed.seal is not None:
        sealed = f"{number(deed.seal.events, 'event')} of {number(deed.seal.streams, 'stream')}"
        reason = f" ({deed.reason})" if deed.reason else ""
        return f"seal {deed.seal.number}: {sealed}, {deed.seal.fingerprint[:16]}{reason}"
    if deed.billed_before is not None:
        cost = deed.cost_nano_usd
        told = money(Spent(cost_nano_usd=cost or 0, unpriced=int(cost is None)))
        return f"billed here now, not to {deed.billed_before.session_id[:_ID]}: {told}"
    return what(deed.event) if deed.event is not None else ""


def _line(deed: Deed, width: int) -> Text:
    line = Text(f"{deed.position:>8}  ", "quiet")
    line.append(f"{moment(deed.recorded_at)}  ", "quiet")
    name = one_line(deed.key.session_id[:_ID]) if deed.key is not None else "the log"
    line.append(f"{name:<{_ID}}  ", "id" if deed.key is not None else "quiet")
    line.append(f"{deed.kind:<{_KIND}}  ", STYLES.get(type(deed.event), "") if deed.event else "")
    line.append(one_line(told_of(deed)))
    if deed.actor:
        by = Text(f"  by {one_line(deed.actor)}", "person")
        line.truncate(max(width - by.cell_len, 0), overflow="ellipsis")
        line.append_text(by)
    line.truncate(width, overflow="ellipsis")
    return line


def _json(deed: Deed) -> dict[str, Any]:
    told: dict[str, Any] = {
        "position": deed.position,
        "recorded_at": iso(deed.recorded_at),
        "kind": deed.kind,
        **(key_json(deed.key) if deed.key is not None else {}),
        "version": deed.version,
        "source": deed.source,
        "actor": deed.actor,
        "reason": deed.reason,
        "user_id": deed.user_id,
        "what": told_of(deed),
    }
    if deed.seal is not None:
        told["seal"] = deed.seal.as_json()
    elif deed.billed_before is not None:
        told["billed_before"] = key_json(deed.billed_before)
        told["cost_usd"] = dollars(deed.cost_nano_usd) if deed.cost_nano_usd is not None else None
    elif deed.event is not None:
        told["fields"] = event_json(deed.event)
    return told
