"""Messages on the screen: saved, listed, summarized, trimmed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

from rich.text import Text

from ...domain.errors import UnknownSession
from ...domain.keys import SessionKey
from ...messages.conversation import Conversation
from ...messages.reading import Message
from ...messages.writing import Saved
from ..claude.slug import project_slug
from .figures import iso, moment, number
from .opened import Opened, key_of
from .safe_text import one_line
from .screen import screen, write_json
from .tables import Columns
from .times import milliseconds

_LONGEST = 400
_SHORT = 8


class Given(NamedTuple):
    """A message as the command line gives it."""

    role: str
    text: str | None
    id: str | None
    tokens: int | None
    model: str | None
    answers: str | None
    failed: bool
    said_at: str | None


class Asked(NamedTuple):
    """Which messages are listed."""

    context: bool
    since: str | None
    after: str | None
    limit: int | None
    at: str | None


def record(
    work: Opened, session: str, given: Given, project: str | None, user: str | None, as_json: bool
) -> None:
    """Save a message."""
    key = _key(work, session, project)
    talk = work.log.conversation(key, user_id=user or work.settings.user_id, working_dir=Path.cwd())
    saved = talk.record(
        given.role,  # type: ignore[arg-type]  # an unknown role is refused
        _text(given.text),
        id=given.id,
        tokens=given.tokens,
        model=given.model,
        tool_use_id=given.answers,
        is_error=given.failed,
        at=given.said_at,
    )
    _tell_saved(talk, saved, "message", as_json)


def show(work: Opened, session: str, asked: Asked, as_json: bool) -> None:
    """List messages."""
    talk = work.log.conversation(key_of(work.session(session)))
    if asked.context:
        found = talk.context(asked.at)
    else:
        after = _found(talk, asked.after)
        since = milliseconds(asked.since) if asked.since is not None else None
        found = talk.messages(since=since, after=after, at=asked.at, limit=asked.limit)
    if as_json:
        write_json({"session_id": talk.key.session_id, "messages": [_json(m) for m in found]})
        return
    if not found:
        screen().print("No messages.")
        return
    table = Columns(2)
    table.add("")
    table.add("message")
    table.add("said", style="quiet", goes=2)
    table.add("role")
    table.add("tokens", right=True, goes=1)
    table.words("", 20)
    for message in found:
        style = "" if message.in_context else "quiet"
        table.row(
            Text("●", "good") if message.in_context else Text("○", "quiet"),
            Text(one_line(message.id or "")[:_SHORT], "id"),
            moment(message.occurred_at),
            Text("summary" if message.is_summary else message.role, style),
            str(message.tokens) if message.tokens is not None else "",
            Text(_shown(message), style),
        )
    screen().print(table)
    if not all(message.in_context for message in found):
        screen().print("\n● in the context   ○ left it, still in the log", style="quiet")


def summarize(
    work: Opened,
    session: str,
    text: str | None,
    before: str | None,
    message_id: str | None,
    tokens: int | None,
    as_json: bool,
) -> None:
    """Save a summary."""
    talk = work.log.conversation(key_of(work.session(session)))
    saved = talk.summarize(
        _text(text), before=_found(talk, before), id=message_id, tokens=tokens, actor=work.actor
    )
    _tell_saved(talk, saved, "summary", as_json)


def trim(
    work: Opened, session: str, before: str, reason: str | None, dry_run: bool, as_json: bool
) -> None:
    """Drop messages from the context."""
    talk = work.log.conversation(key_of(work.session(session)))
    done = talk.trim(_found(talk, before) or before, reason, work.actor, dry_run)
    if as_json:
        write_json({**done._asdict(), "key": done.key._asdict()})
        return
    dropped = number(done.dropped, "message")
    verb = ("leaves" if done.dropped == 1 else "leave") if done.done else "would leave"
    told = f"{dropped} {verb} the context; {done.kept} in it"
    screen().print(Text.assemble(("✓ " if done.done else "", "good"), (told, "bold")))


def _key(work: Opened, session: str, project: str | None) -> SessionKey:
    """The session of exactly that id; a new one lies in this folder's project."""
    if project is None:
        try:
            found = work.session(session)
        except UnknownSession:
            pass
        else:
            if found.session_id == session and found.subpath is None:
                return key_of(found)
    return SessionKey.of(SessionKey(project or project_slug(str(Path.cwd())), session))


def _text(text: str | None) -> str:
    return text if text is not None else sys.stdin.read().removesuffix("\n")


def _found(talk: Conversation, name: str | None) -> str | None:
    """A message's id by its beginning, where no other begins so."""
    if name is None:
        return None
    ids = [message.id for message in talk.messages() if message.id and message.id.startswith(name)]
    return ids[0] if name not in ids and len(ids) == 1 else name


def _tell_saved(talk: Conversation, saved: Saved, what: str, as_json: bool) -> None:
    if as_json:
        write_json({**saved._asdict(), "key": talk.key._asdict()})
        return
    name = one_line(saved.id)
    where = one_line(talk.key.session_id)
    told = f"{what} {name} saved to {where}" if saved.new else f"{what} {name} was saved before"
    screen().print(Text.assemble(("✓ ", "good"), told), soft_wrap=True)


def _shown(message: Message) -> str:
    text = message.text.strip()
    if not text and isinstance(message.content, list):
        kinds = [
            str(b.get("name") or b.get("type")) for b in message.content if isinstance(b, dict)
        ]
        text = " ".join(f"[{kind}]" for kind in kinds)
    return one_line(text)[:_LONGEST]


def _json(message: Message) -> dict[str, Any]:
    return {**message._asdict(), "occurred_at": iso(message.occurred_at)}
