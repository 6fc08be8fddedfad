"""Appending a fact to a session, and saying what changed or would change."""

from __future__ import annotations

from rich.text import Text

from ...domain.errors import Refused
from ...domain.events import Figures
from ...domain.keys import SessionKey, short
from ...projections.sessions import Session
from .as_json import figures_json, key_json, session_json
from .figures import iso, moment, number, tokens
from .opened import Opened, key_of
from .record_view import record_json, show
from .safe_text import one_line
from .saying import brief, go_on, reread, say
from .screen import screen, write_json
from .tables import Columns


def list_checkpoints(work: Opened, name: str, as_json: bool) -> None:
    """Show a session's checkpoints."""
    session = work.session(name)
    found = work.log.checkpoints(key_of(session))
    if as_json:
        told = [
            {
                "name": row.name,
                "kind": row.kind,
                "version": row.version,
                "prompt": row.prompt,
                "turn": row.turn,
                "label": row.label,
                "live": row.live,
                "recorded_at": iso(row.recorded_at),
            }
            for row in found
        ]
        write_json({"session_id": session.session_id, "checkpoints": told})
        return
    if not found:
        screen().print("No checkpoints yet.")
        return
    table = Columns(2)
    table.add("")
    table.add("checkpoint")
    table.add("version", right=True, goes=2)
    table.add("stands after")
    table.add("set", style="quiet", goes=1)
    table.words("label")
    for row in found:
        where = f"prompt:{row.prompt}" if row.kind == "prompt" else f"turn:{row.turn}"
        table.row(
            Text("●", "good") if row.live else Text("○", "quiet"),
            Text(one_line(row.name), "point" if row.live else "quiet"),
            str(row.version),
            where,
            "automatic" if row.kind != "version" else moment(row.recorded_at),
            one_line(row.label or ""),
        )
    screen().print(table)
    if not all(row.live for row in found):
        screen().print("\n● live   ○ on a branch that was left behind", style="quiet")


def set_checkpoint(
    work: Opened, name: str, checkpoint: str, label: str | None, dry_run: bool, as_json: bool
) -> None:
    """Name the head."""
    session = work.session(name)
    done = work.log.checkpoint(key_of(session), checkpoint, label, work.actor, dry_run)
    if as_json:
        write_json(
            {
                **key_json(done.key),
                "checkpoint": done.name,
                "version": done.version,
                "figures": figures_json(done.figures),
                "done": done.done,
            }
        )
        return
    say("Checkpoint" if done.done else "Would set checkpoint", session)
    told = f"  {one_line(done.name)} after {number(done.figures.prompts, 'prompt')}"
    screen().print(f"{told}, {number(done.figures.turns, 'turn')}")
    if done.done:
        go_on(f"turnlog rewind {brief(session)} --to checkpoint:{one_line(done.name)}")


def show_checkpoint(work: Opened, name: str, checkpoint: str, as_json: bool) -> None:
    """Show the session as it was at a checkpoint."""
    session = work.session(name)
    found = work.log.get_checkpoint(key_of(session), checkpoint)
    if as_json:
        told = {"checkpoint": found.name, "label": found.row.label, "turn": found.turn}
        write_json({**record_json(found.then), **told, "live": found.row.live})
    else:
        show(found.then, f"checkpoint:{found.name}")


def rewind(
    work: Opened, name: str, to: str, reason: str | None, dry_run: bool, as_json: bool
) -> None:
    """Make an earlier point the head."""
    session = work.session(name)
    done = work.log.rewind(key_of(session), to, reason, work.actor, dry_run)
    if as_json:
        write_json(
            {
                **key_json(done.key),
                "to": done.point,
                "version": done.version,
                "before": figures_json(done.before),
                "after": figures_json(done.after),
                "title": done.title,
                "done": done.done,
            }
        )
        return
    say(f"{'Rewound' if done.done else 'Would rewind'} to {one_line(done.point)}", session)
    _figures(done.before, done.after)
    screen().print()
    if done.done:
        screen().print(
            "What came after it stays in the log, and what it cost stays billed.", style="quiet"
        )
        go_on(f"turnlog branches {brief(session)}")
    else:
        screen().print("Nothing was changed.", style="quiet")


def fork(
    work: Opened,
    name: str,
    at: str | None,
    into: str | None,
    reason: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Begin a session from a point of another."""
    session = work.session(name)
    key = key_of(session)
    child = SessionKey(key.project_key, into) if into is not None else None
    done = work.log.fork(key, at, child, reason, work.actor, dry_run)
    if as_json:
        write_json(
            {
                "origin": key_json(done.origin),
                "child": key_json(done.child),
                "at": done.point,
                "version": done.version,
                "figures": figures_json(done.figures),
                "done": done.done,
            }
        )
        return
    say(f"{'Forked' if done.done else 'Would fork'} at {one_line(done.point)}", session)
    if done.done:
        screen().print(Text.assemble("  new session ", (one_line(done.child.session_id), "id")))
    took = f"{number(done.figures.prompts, 'prompt')}, {number(done.figures.turns, 'turn')}"
    screen().print(f"  begins with {took}; no entry is copied", style="quiet")
    if done.done:
        go_on(f"turnlog show {one_line(short(done.child.session_id))}")


def rename(work: Opened, name: str, title: str | None, remove: bool, as_json: bool) -> None:
    """Give a session a title of its own, or take it away."""
    session = work.session(name)
    if (title is None) is not remove:
        raise Refused("a title, or --remove: one of the two")
    work.log.rename(key_of(session), title, work.actor)
    _changed(work, session, "Renamed", as_json)


def retag(
    work: Opened, name: str, add: list[str], remove: list[str], replace: bool, as_json: bool
) -> None:
    """Add tags to a session and take others away; without either, show those it has."""
    session = work.session(name)
    if replace and remove:
        raise Refused("--replace leaves nothing to --remove")
    if replace:
        work.log.tag(key_of(session), add, work.actor)
        _changed(work, session, "Tagged", as_json)
    elif add or remove:
        work.log.change_tags(key_of(session), add, remove, work.actor)
        _changed(work, session, "Tagged", as_json)
    elif as_json:
        write_json(session_json(session))
    else:
        screen().print(" ".join(f"#{one_line(tag)}" for tag in session.tags) or "No tags.")


def delete(work: Opened, name: str, reason: str | None, as_json: bool) -> None:
    """Take a session off the lists."""
    session = work.session(name)
    streams = work.log.delete(key_of(session), reason, work.actor)
    if as_json:
        write_json({**key_json(key_of(session)), "deleted_streams": len(streams)})
        return
    say("Deleted" if streams else "Was deleted already:", session)
    screen().print("  It is off the lists; its events and what it cost stay.", style="quiet")
    go_on(f"turnlog undelete {brief(session)}")


def undelete(work: Opened, name: str, reason: str | None, as_json: bool) -> None:
    """Bring a deleted session back."""
    session = work.session(name)
    streams = work.log.undelete(key_of(session), reason, work.actor)
    if as_json:
        write_json({**key_json(key_of(session)), "restored_streams": len(streams)})
        return
    say("Brought back", session)


def _changed(work: Opened, session: Session, verb: str, as_json: bool) -> None:
    after = reread(work, session)
    if as_json:
        write_json(session_json(after))
        return
    say(verb, after)
    if after.tags:
        screen().print("  " + " ".join(f"#{one_line(tag)}" for tag in after.tags), style="quiet")


def _figures(before: Figures, after: Figures) -> None:
    for name, was, now in (
        ("prompts", before.prompts, after.prompts),
        ("turns", before.turns, after.turns),
        ("entries", before.entries, after.entries),
    ):
        screen().print(Text(f"  {name:<8} {was:>7,} → {now:,}"))
    was_tokens, now_tokens = before.usage.total_tokens, after.usage.total_tokens
    screen().print(Text(f"  {'tokens':<8} {tokens(was_tokens):>7} → {tokens(now_tokens)}"))
