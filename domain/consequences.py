"""What follows from an entry: counters, titles, tags, gaps, checkpoints, status."""

from __future__ import annotations

from typing import Literal

from . import events as e
from .batch import FIRST_PROMPT, Batch, Known, Seen
from .entry import (
    CALL,
    CHECKPOINT,
    GAP,
    RESPONSE,
    AgentUsage,
    Entry,
    Mark,
    message_identity,
    uuid_text,
)
from .evolving import apply, branch_off
from .session import GONE, SessionState
from .usage import NOTHING, Response


class Consequences:
    """The events of one batch so far, the state after them, and what an entry adds to both."""

    def __init__(self, state: SessionState, batch: Batch, seen: Seen) -> None:
        self.before = state
        self.state = branch_off(state)
        self.batch = batch
        self.seen = seen
        self.events: list[e.SessionEvent] = []
        self.fresh: dict[bytes, Known] = {}
        # Another response may come between the entries of the one recorded last.
        self.responses: dict[str, Response] = {}
        known = state.message_id if state.presence not in GONE else None
        if known is not None and state.response is not None:
            self.responses[known] = state.response
        self.opened = False
        """Whether a late prompt of the batch is the session's first."""
        self.last: Entry | None = None
        """The last entry of the conversation that the batch brought to the head."""

    def happen(self, event: e.SessionEvent) -> None:
        """Take an event as happened."""
        apply(self.state, event)
        self.events.append(event)

    def find(self, identity: bytes | None) -> Known | None:
        """Where an identity is recorded, in this batch or before it."""
        if identity is None:
            return None
        return self.fresh.get(identity) or self.seen.known.get(identity)

    def response(self, entry: Entry) -> tuple[Response | None, bool]:
        """The response an assistant's entry belongs to, and whether this is its first entry."""
        if entry.message_id is None or not entry.marks & Mark.ASSISTANT:
            return None, False
        name = entry.message_id
        if name == self.state.message_id and self.state.response is not None:
            return self.state.response, False
        found = self.responses.get(name) or self.seen.responses.get(name)
        if found is not None:
            return found, False
        return Response(self.state.turns_seen + 1), True

    def use(self, entry: Entry, response: Response, first: bool, recorded: Known) -> None:
        """Record the counters of a response where they tell something new."""
        counters = entry.counters or NOTHING
        best = response.counters.best(counters)
        finished = response.finished or entry.stop_reason is not None
        suspicious = not finished and (response.suspicious or entry.suspicious)
        characters = response.characters + entry.characters if suspicious else 0
        after = Response(response.turn, best, finished, suspicious, characters)
        if not first and after == response:
            return
        identity = message_identity(entry.message_id or "")
        self.happen(
            e.UsageRecorded.trusted(
                branch=recorded.branch,
                occurred_at=entry.occurred_at,
                identity=identity,
                place=recorded.place if recorded.late else None,
                message_id=_kept(entry.message_id, identity),
                turn=response.turn,
                request_id=entry.request_id,
                model=entry.model,
                counters=counters,
                counted=response.counters,
                fast=entry.fast,
                quality=after.quality,
                characters=characters,
                finished=finished,
                native=entry.native,
                cli_version=None if recorded.late else self._other_release(entry),
            )
        )
        self.responses[entry.message_id or ""] = after

    def _other_release(self, entry: Entry) -> str | None:
        return entry.cli_version if entry.cli_version != self.state.cli_version else None

    def use_by_agent(self, entry: Entry, told: AgentUsage, recorded: Known) -> None:
        """Record what the session's own transcript tells of a subagent's use."""
        name, identity = told.message_id, None
        known = Response(0)
        if name is not None:
            known = self.responses.get(name) or self.seen.responses.get(name) or known
            identity = message_identity(name)
        best = known.counters.best(told.counters)
        characters = known.characters + told.characters
        after = Response(0, best, False, known.suspicious or told.suspicious, characters)
        if after == known:
            return
        if name is not None:
            self.responses[name] = after
        self.happen(
            e.UsageRecorded.trusted(
                branch=recorded.branch,
                occurred_at=entry.occurred_at,
                identity=identity,
                place=recorded.place if recorded.late else None,
                message_id=_kept(name, identity),
                request_id=told.request_id,
                model=told.model,
                counters=told.counters,
                counted=known.counters,
                fast=told.fast,
                source=told.source,
                quality=after.quality,
                characters=characters,
                native=False,
                agent=told.agent,
                called_by=told.called_by,
                of_session=told.of_session,
            )
        )

    def count_cost(self, entry: Entry, branch: int) -> None:
        """Record the CLI's own running total."""
        self.happen(
            e.UsageRecorded.trusted(
                branch=branch,
                occurred_at=entry.occurred_at,
                source="result" if entry.kind == "result" else "cost-state",
                native=entry.native,
                cli_version=self.state.cli_version,
                total_cost_usd=entry.cost_counter,
                counting_since=entry.counting_since,
                api_ms=entry.api_ms,
            )
        )

    def derive(self, entry: Entry, marks: int, recorded: Known) -> None:
        """Titles, tags, compactions and calls of subagents."""
        branch = recorded.branch
        asked = (entry.prompt_text or "")[:FIRST_PROMPT] if marks & Mark.PROMPT else ""
        if asked or entry.title is not None or entry.tag is not None:
            if recorded.late:
                self._describe_late(entry, asked, recorded)
            elif branch == self.state.branch:
                self._describe(entry, asked, recorded)
        if entry.compaction is not None:
            self.happen(
                e.ContextSummarized.trusted(
                    branch=branch, of=recorded.version, trigger=entry.compaction
                )
            )
        for call in entry.calls:
            self.happen(
                e.SubagentCalled.trusted(
                    branch=branch,
                    identity=CALL + call.encode("utf-8", "surrogatepass")[:200],
                    place=recorded.place if recorded.late else None,
                    tool_use_id=call,
                    of=recorded.version,
                )
            )

    def _describe(self, entry: Entry, asked: str, recorded: Known) -> None:
        if entry.title is not None:
            self._rename(*entry.title, recorded)
        if asked and "prompt" not in self.state.titles:
            self._rename("prompt", asked, recorded)
        if entry.tag is not None:
            self._tag(entry.tag, recorded)

    def _describe_late(self, entry: Entry, asked: str, recorded: Known) -> None:
        """A late title or tag holds where nothing that follows in the transcript gave another."""
        now = self.before
        live = self.state.is_live(recorded.branch, recorded.place, recorded.late)
        if self.seen.at_entry is None or not live:
            return
        then = self.seen.at_entry(recorded.place - 1)
        if entry.title is not None:
            kind, title = entry.title
            if then.titles.get(kind) == now.titles.get(kind):
                self._rename(kind, title, recorded)
        if asked and not then.live.prompts and not self.opened:
            self.opened = True
            self._rename("prompt", asked, recorded)
        if entry.tag is not None and then.cli_tag == now.cli_tag:
            self._tag(entry.tag, recorded)

    def _rename(self, kind: str, title: str, recorded: Known) -> None:
        if self.state.titles.get(kind) != title:
            self.happen(
                e.SessionRenamed.trusted(
                    branch=recorded.branch,
                    place=recorded.place if recorded.late else None,
                    kind=kind,
                    title=title,
                    source="transcript",
                )
            )

    def _tag(self, tag: str, recorded: Known) -> None:
        # The transcript knows one tag, which it sees as our last one. Another in its place leaves
        # alone what was set here; taking it away takes away what is seen.
        known = self.state.tags
        replaced = self.state.cli_tag if tag else known[-1] if known else None
        others = tuple(t for t in known if t not in (replaced, tag))
        tags = (*others, tag) if tag else others
        if tags != self.state.tags:
            self.happen(
                e.SessionTagged.trusted(
                    branch=recorded.branch,
                    place=recorded.place if recorded.late else None,
                    tags=tags,
                    source="transcript",
                )
            )

    def detect_gap(self, missing: bytes, recorded: Known) -> None:
        """Note that an entry hangs on one that never arrived."""
        identity = GAP + missing
        if self.find(identity) is None:
            self.happen(
                e.GapDetected.trusted(
                    branch=recorded.branch,
                    identity=identity,
                    place=recorded.place if recorded.late else None,
                    missing=uuid_text(missing),
                    of=recorded.version,
                )
            )
            self.fresh[identity] = recorded

    def fill_gap(self, identity: bytes, recorded: Known) -> None:
        """Note that an entry was the missing one."""
        if self.find(GAP + identity) is not None:
            self.happen(
                e.GapFilled.trusted(
                    branch=recorded.branch, missing=uuid_text(identity), of=recorded.version
                )
            )

    def checkpoint(self, marks: int, turns_before: int, recorded: Known) -> None:
        """Set the automatic checkpoints: one a prompt, one every few turns."""
        live = self.state.live
        if marks & Mark.PROMPT:
            self._mark_point("prompt", live.prompts, recorded)
            return
        every = self.batch.checkpoint_every
        if every and live.turns > turns_before and live.turns % every == 0:
            self._mark_point("turn", live.turns, recorded)

    def _mark_point(self, kind: Literal["prompt", "turn"], number: int, recorded: Known) -> None:
        name = f"{kind}-{number}"
        self.happen(
            e.CheckpointCreated.trusted(
                branch=recorded.branch,
                identity=CHECKPOINT + name.encode(),
                checkpoint_id=name,
                kind=kind,
                anchor=recorded.version,
                turn=self.state.live.turns,
                prompt=self.state.live.prompts,
            )
        )

    def announce_status(self) -> None:
        """Say once a batch where the session stands; a call still running is no status."""
        state = self.state
        if not self.events or state.status == state.announced:
            return
        last = self.last
        if last is None or (last.marks & Mark.CALLS_TOOL and not last.marks & Mark.ENDED):
            return
        self.happen(
            e.StatusChanged.trusted(
                branch=state.branch, status=state.status, stop_reason=last.stop_reason
            )
        )


def _kept(message_id: str | None, identity: bytes | None) -> str | None:
    # The identity keeps it; a very long one cannot be had back from there.
    return message_id if identity is not None and identity[:1] == RESPONSE else None
