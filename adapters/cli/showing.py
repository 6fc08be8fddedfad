"""Showing a conversation, now or at a point in time, and as it grows."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from rich.text import Text

from ...domain.entry import Mark
from ...domain.events import EntryRecorded, PromptRemembered, SessionRewound, TurnRecorded
from ...domain.keys import SessionKey
from ...domain.session import SessionState
from ...projections.sessions import Session
from ...time.transcribing import Line, Numbering
from ..claude.watch import until_signalled
from ..storage.contract.values import Body
from .as_json import figures_json, session_json
from .conversation import Conversation, Told
from .figures import iso, money, number, tokens
from .list_view import STATUS, notes, status
from .opened import Opened, key_of
from .page import Page
from .safe_text import one_line
from .saying import brief, heading
from .screen import dotted, screen, write_json_line


class Wanted(NamedTuple):
    """What of a session is to be shown."""

    at: str | None = None
    thinking: bool = False
    full: bool = False
    subagents: bool = False
    follow: bool = False
    as_json: bool = False


def show(work: Opened, name: str, wanted: Wanted) -> None:
    """Show a session."""
    session = work.session(name)
    key = key_of(session)
    state = work.log.at(key, wanted.at) if wanted.at is not None else work.log.state(key)
    _Shown(work, session, key, state, wanted).run()


class _Shown:
    def __init__(
        self, work: Opened, session: Session, key: SessionKey, state: SessionState, wanted: Wanted
    ) -> None:
        self._log = work.log
        self._session = session
        self._key = key
        self._state = state
        self._wanted = wanted
        self._told = Told(wanted.thinking, wanted.full)
        self._agents = {
            row.called_by or row.name: row
            for row in (work.log.subagents(key) if wanted.subagents else [])
        }
        self._numbers = Numbering()
        self._page = Page(screen())
        self._conversation = self._begin(self._page)

    def run(self) -> None:
        self._header()
        shown = 0
        if self._session.presence == "erased":
            self._erased()
            return
        if not self._state.entries and not self._state.base:
            self._remembered()
        else:
            for line in self._log.transcript(self._key, self._wanted.at, self._numbers):
                self._line(line)
                shown = max(shown, line.version)
        for agent in list(self._agents):
            self._agent(self._page, agent)
        if self._wanted.follow:
            self._follow(max(self._state.version, shown))
        elif not self._wanted.as_json:
            self._footer()

    def _begin(self, page: Page) -> Conversation:
        return Conversation(
            page,
            self._told,
            self._state.working_dir,
            lambda call: self._agent(page, call),
        )

    def _line(self, line: Line) -> None:
        if self._wanted.as_json:
            _json_line(self._key, line)
        else:
            self._conversation.show(line.entry, line.prompt, line.turn, line.asks, line.occurred_at)

    def _agent(self, page: Page, call: str) -> None:
        row = self._agents.pop(call, None)
        if row is None:
            return
        key = key_of(row)
        if self._wanted.as_json:
            for line in self._log.transcript(key):
                _json_line(key, line)
            return
        page.gap()
        inner = page.inner()
        name = one_line((key.subpath or "").rpartition("/")[2])
        spent = f"  {number(row.turns, 'turn')}, {money(row.billed)}"
        inner.put(Text.assemble((name, "id"), (spent, "quiet")))
        conversation = self._begin(inner)
        for line in self._log.transcript(key):
            conversation.show(line.entry, line.prompt, line.turn, line.asks, line.occurred_at)

    def _header(self) -> None:
        session, state, at = self._session, self._state, self._wanted.at
        if self._wanted.as_json:
            told = {"type": "session", **session_json(session), "at": at}
            if at is not None:
                told |= {"at_version": state.version, "title": state.title}
                told |= {"status": state.status, "figures": figures_json(state.live)}
            write_json_line(told)
            return
        out = screen()
        heading(state.title if at is not None else session.title, session.session_id)
        facts = [_status(state) if at is not None else status(session)]
        if state.working_dir:
            facts.append((one_line(state.working_dir), ""))
        words = [one_line(model) for model in state.models]
        words.append(number(state.live.prompts or state.remembered, "prompt"))
        words.append(number(state.live.turns, "turn"))
        if at is not None:
            words.append(f"{tokens(state.live.usage.total_tokens)} tokens")
        facts += [(word, "") for word in words]
        if at is None:
            facts.append((f"{money(session.billed)} billed", "money"))
            if session.live != session.billed:
                facts.append((f"{money(session.live)} live", "money"))
            facts += [(note, "") for note in notes(session)]
        out.print(dotted(*facts))
        if at is not None:
            out.print(Text(f"as it was at {one_line(at)} (version {state.version})", "point"))
        out.print()

    def _erased(self) -> None:
        if not self._wanted.as_json:  # there, the presence says so
            told = "What was said here is erased for good; when it was and what it cost stays."
            screen().print(told, style="quiet")

    def _remembered(self) -> None:
        """The prompts of a session whose transcript is gone."""
        asked = 0
        for recorded in self._log.events(self._key):
            event = recorded.event
            if isinstance(event, PromptRemembered):
                asked += 1
                if self._wanted.as_json:
                    write_json_line(
                        {
                            "type": "prompt",
                            "version": recorded.version,
                            "prompt": asked,
                            "at": iso(event.occurred_at),
                            "text": event.prompt,
                        }
                    )
                else:
                    self._conversation.ask(event.prompt, asked, event.occurred_at)
        if asked and not self._wanted.as_json:
            screen().print()
            screen().print("Only the prompts are left of this session.", style="quiet")

    def _footer(self) -> None:
        left = len(self._log.state(self._key).branches)
        if left:
            screen().print()
            told = "A branch was" if left == 1 else f"{left} branches were"
            told += f" left behind; `turnlog branches {brief(self._session)}` shows what is there."
            screen().print(told, style="quiet")

    def _follow(self, version: int) -> None:
        """Write what comes, until Ctrl-C."""
        numbers, branch = self._numbers, self._state.branch
        # An interrupt in the middle of a finalizer would be swallowed: it is taken and asked for.
        with until_signalled() as stopped:
            while not stopped():
                with self._log.store.read() as reader:
                    position = reader.last_position()
                for recorded in self._log.events(self._key, version):
                    version = recorded.version
                    event = recorded.event
                    if isinstance(event, SessionRewound):
                        branch = version
                        numbers = Numbering(event.figures.prompts, event.figures.turns)
                        self._rewound(event, version)
                    elif isinstance(event, TurnRecorded | EntryRecorded) and event.branch == branch:
                        numbers.count(event.marks, event.turn)
                        self._line(_line_of(version, event, numbers))
                sys.stdout.flush()
                self._log.store.wait(position, 0.5)
        raise KeyboardInterrupt

    def _rewound(self, event: SessionRewound, version: int) -> None:
        if self._wanted.as_json:
            write_json_line(
                {"type": "rewound", "version": version, "figures": figures_json(event.figures)}
            )
        else:
            self._page.gap()
            self._page.rule(f"rewound to prompt:{event.figures.prompts}", style="left")


def _line_of(version: int, event: TurnRecorded | EntryRecorded, numbers: Numbering) -> Line:
    return Line(
        version,
        numbers.prompts,
        numbers.turns,
        event.marks,
        event.place is not None,
        event.occurred_at,
        Body(version, event.body, bool(event.marks & (Mark.CAREFUL | Mark.RAW))),
    )


def _status(state: SessionState) -> tuple[str, str]:
    sign, style = STATUS.get(state.status, ("?", ""))
    return f"{sign} {state.status}", style


def _json_line(key: SessionKey, line: Line) -> None:
    told: dict[str, Any] = {
        "type": "entry",
        "version": line.version,
        "prompt": line.prompt,
        "turn": line.turn,
        "is_prompt": line.asks,
        "late": line.late,
        "at": iso(line.occurred_at),
    }
    if key.subpath is not None:
        told["subpath"] = key.subpath
    write_json_line(told, entry=line.json)
