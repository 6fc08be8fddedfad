"""Who writes a session: its transcript, what is on its way, and what was lost on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from turnlog.domain.keys import SessionKey
from turnlog.domain.session import SessionState

from .adding_up import is_prompt
from .entries import Entry
from .plain_log import Line, PlainSession, kind
from .transcripts import Transcript


@dataclass(eq=False)
class Writer:
    """An agent's session, or a subagent's stream, and the lists it must agree with."""

    key: SessionKey
    transcript: Transcript
    plain: PlainSession = field(default_factory=PlainSession)
    units: list[list[Line]] = field(default_factory=list)
    """What was written and not sent, in pieces that are never torn apart when they get lost."""
    lost: list[list[Line]] = field(default_factory=list)
    written: int = 0
    """How many entries of the transcript are among the lines."""
    ever_lost: int = 0
    ever_left: bool = False
    origin: Writer | None = None
    """For a fork: the session it was made from."""
    parent: Writer | None = None
    """For a subagent: the session that called it, and the line of the call."""
    call: Line | None = None
    remembered: dict[int, tuple[SessionState, list[Line]]] = field(default_factory=dict)
    """By version: what the log said of it, and what was loaded."""

    @property
    def name(self) -> str:
        return self.key.session_id[-2:] + (self.key.subpath or "")

    # -- writing -------------------------------------------------------------------------------

    def write(self, what: str) -> None:
        """Write one thing more; see the branches below."""
        s = self.transcript
        if what in ("title", "mode") and self._follows_a_loss():
            what = "note"
        number = len(s.entries)
        match what:
            case "ask":
                s.prompt(f"Question {number}?")
                self._take()
                s.answer(f"Answer {number}.", thinking="Hm." if number % 2 else None)
            case "answer":
                s.answer(f"Further {number}.", thinking="Hm.")
            case "tool":
                called = s.answer(tools=[("Bash", {"command": "ls"})])
                self._take()
                s.tool_result(called.tools[0], "cart.py")
            case "title":
                s.title(f"Title {number % 3}")
            case "mode":
                s.mode(("normal", "plan")[number % 2])
            case "note":
                s.system("turn_duration", durationMs=number)
        self._take()

    def call_subagent(self, key: SessionKey) -> Writer:
        """Write the call of a subagent, and what it is told."""
        given: dict[str, Any] = {"prompt": "Who calls it?", "subagent_type": "Explore"}
        called = self.transcript.answer(tools=[("Task", given)])
        self._take()
        transcript = self.transcript.subagent(called.tools[0])
        agent = Writer(key, transcript, parent=self, call=self.units[-1][-1])
        metadata: Entry = {"type": "agent_metadata", **transcript.meta}
        transcript.entries.insert(0, metadata)
        agent._take()
        return agent

    def go_back(self, at: Line) -> None:
        """As the CLI does in its own tree: the next prompt hangs on an older entry."""
        there = self.plain.load()
        self.transcript.leaf = at.uuid
        self.ever_left = True
        self.write("ask")
        self.units[0][0].leaves = there[there.index(at) + 1 :]

    def resume(self, last: Line | None) -> None:
        """A new process goes on behind an entry; what was on its way before may still come."""
        plain, old = self.plain, self.plain.head
        kept = plain.upto(last)
        undone = any(line.arrived for line in plain.lines[old] if line not in kept)
        late = [line for unit in self.units for line in unit] if undone else []
        while late and late[0].uuid is None:
            del late[0]
        self.lost = [batch for batch in self.lost if all(line in kept for line in batch)]
        coming = {id(line) for batch in (*self.lost, late) for line in batch}
        plain.forget(x for x in plain.lines[old] if not x.arrived and id(x) not in coming)
        if late:
            self.lost.append(late)
        self.units = []
        plain.rewind([line for line in kept if line.arrived or id(line) in coming])
        named = [line.uuid for line in plain.load() if line.uuid is not None]
        self.transcript.leaf = named[-1] if named else None

    def lose(self, upto: int) -> None:
        """A batch gets lost. What follows it begins with a uuid, or nobody could tell."""
        while upto < len(self.units) and self.units[upto][0].uuid is None:
            upto += 1
        batch = [line for unit in self.units[:upto] for line in unit]
        if any(line.uuid is not None for line in batch):
            del self.units[:upto]
            self.lost.append(batch)
            self.ever_lost += 1

    def _take(self) -> None:
        self.units.append(self.plain.write(self.transcript.entries[self.written :]))
        self.written = len(self.transcript.entries)

    def _follows_a_loss(self) -> bool:
        written = self.plain.lines[self.plain.head]
        return bool(not self.units and written and not written[-1].arrived)

    # -- points in time ------------------------------------------------------------------------

    def targets(self) -> list[Line]:
        """Where one may go back to: not within a response."""
        return [line for line in self.plain.reachable() if line.uuid and may_end(line)]

    def prompt(self, number: int) -> Line | None:
        """The last line of all that answers the Nth prompt."""
        load = self.plain.load()
        asked = [n for n, line in enumerate(load) if is_prompt(line.entry)]
        if not 1 <= number <= len(asked):
            return None
        return load[asked[number] - 1] if number < len(asked) else load[-1]

    def turn(self, number: int) -> Line | None:
        """The last line of the Nth response, or of its tool's result."""
        load = self.plain.load()
        ends: dict[str, int] = {}
        for n, line in enumerate(load):
            if kind(line) == "assistant":
                ends[line.entry["message"]["id"]] = n
        if not 1 <= number <= len(ends):
            return None
        end = [*ends.values()][number - 1]
        for n, line in enumerate(load[end + 1 :], end + 1):
            if kind(line) == "assistant" or is_prompt(line.entry):
                break
            if kind(line) == "user":
                end = n
        return load[end]


def may_end(line: Line) -> bool:
    """Whether a rewind may keep a line as the last one."""
    if kind(line) == "assistant" and line.entry["message"]["stop_reason"] is None:
        return False
    return not line.left
