"""What happens in a session when entries arrive: the decision behind every append.

Entries come in batches, at least once, sometimes late, in part, or twice. What decides needs of
the past (which identities are there, what is known of a response) is looked up for the batch
at hand and passed in as ``Seen``.
"""

from __future__ import annotations

from . import events as e
from .batch import BATCHES_REMEMBERED, Batch, Known, Memory, Seen, nth
from .consequences import Consequences
from .entry import CONFLICT, REDACTED, Entry, Mark, keyed
from .late import places
from .retention import redact
from .session import GONE, SessionState
from .starting import started

_CONVERSATION = Mark.ASSISTANT | Mark.USER


def record(
    state: SessionState, batch: Batch, seen: Seen, memory: Memory
) -> tuple[list[e.SessionEvent], SessionState, Memory]:
    """Decide what a batch adds to a session.

    Returns:
        The events, the state after them, and the memory for the next batch. Pure: the arguments
        are left as they are.
    """
    return _Recording(state, batch, seen, memory).run()


class _Recording(Consequences):
    """One batch on its way: the events so far and the state after them."""

    def __init__(self, state: SessionState, batch: Batch, seen: Seen, memory: Memory) -> None:
        super().__init__(state, batch, seen)
        if state.presence in GONE:
            memory = Memory(memory.salt)
        self.memory = memory
        self.latest = dict(memory.latest) if memory.branch == state.branch else {}
        self.prompt_id = memory.prompt_id
        self.asked_late: set[str] = set()
        """The ids of the prompts that came late in this batch."""
        self.bodies: dict[bytes, bytes] = {}
        self.figures: dict[int, e.Figures] = {}
        """What was live just after each entry of the batch."""
        self.main = state.key.subpath is None
        self.preceding: Known | None = None
        self.awaited = None if batch.from_file else _hangs_on(batch)

    def run(self) -> tuple[list[e.SessionEvent], SessionState, Memory]:
        batch, memory, state = self.batch, self.memory, self.state
        stamp = batch.stamp() if not batch.from_file else None
        repeated = stamp is not None and stamp in batch.could_repeat(memory)
        standing = places(state, batch, self.seen)
        for i, entry in enumerate(batch.entries):
            self._take(entry, batch.identities[i], standing[i] if standing else None, repeated)
        self.announce_status()
        batches = memory.batches
        if stamp is not None and not repeated:
            batches = (*batches, stamp)[-BATCHES_REMEMBERED:]
        return (
            self.events,
            state,
            Memory(memory.salt, batches, self.latest, state.branch, self.prompt_id),
        )

    def _take(self, entry: Entry, identity: bytes, place: Known | None, repeated: bool) -> None:
        if entry.corrupt is not None:
            if self.find(identity) is None and not repeated:
                self._begin()
                branch = self.preceding.branch if self.preceding else self.state.branch
                self.happen(
                    e.EntryCorrupted.trusted(
                        identity=identity, branch=branch, body=entry.body, why=entry.corrupt
                    )
                )
                self.fresh[identity] = Known(self.state.version, branch, self.state.version)
                self._say_redacted(entry, identity, branch)
            return
        if entry.identity is None:
            free = self._free_anonymous(entry, identity, place, repeated)
            if free is None:
                self.preceding = self.find(identity) or self.preceding
                return
            identity = free
        elif (known := self.find(identity)) is not None:
            self.preceding = known
            if not self._same(identity, known, entry):
                self._conflict(entry, identity, known)
            return
        self._record(entry, identity, place)

    def _same(self, identity: bytes, known: Known, entry: Entry) -> bool:
        body = self.bodies.get(identity)
        return body == entry.canonical if body is not None else self.seen.same(known, entry)

    def _free_anonymous(
        self, entry: Entry, identity: bytes, place: Known | None, repeated: bool
    ) -> bytes | None:
        """An identity for an entry without uuid, or None if it is a repetition."""
        if self.batch.from_file:
            return None if self.find(identity) else identity
        if repeated:
            return None
        if self.find(identity) is not None and self.seen.find(REDACTED + identity) is not None:
            return None  # what was taken out of it must not come back
        live = place is None and self._branch(entry, None, None) == self.state.branch
        if live and self.latest.get(entry.kind) == entry.digest[:8].hex():
            return None
        # What the batch itself is known by was looked up; only the next ones were not.
        first, ordinal = identity, 0
        while self.find(identity) is not None or (ordinal and self.seen.find(identity) is not None):
            ordinal += 1
            identity = nth(first, self.memory.salt, ordinal)
        return identity

    def _conflict(self, entry: Entry, identity: bytes, known: Known) -> None:
        other = keyed(CONFLICT, self.memory.salt, identity, entry.digest)
        if self.find(other) is None and self.seen.find(other) is None:
            self.happen(
                e.EntryConflicted.trusted(
                    identity=other,
                    branch=known.branch,
                    occurred_at=entry.occurred_at,
                    of=known.version,
                    body=entry.body,
                )
            )
            self.fresh[other] = Known(self.state.version, known.branch, self.state.version)

    def _record(self, entry: Entry, identity: bytes, place: Known | None) -> None:
        state = self.state
        if state.presence != "present":
            self._begin()
        anonymous = entry.identity is None
        parent = self.find(entry.parent)
        branch = self._branch(entry, parent, place)
        live = branch == state.branch and place is None
        marks = entry.marks
        if entry.git_branch is not None and entry.git_branch != state.git_branch:
            self.happen(
                e.WorkspaceChanged.trusted(
                    branch=branch, git_branch=entry.git_branch, working_dir=entry.working_dir
                )
            )
        if marks & Mark.PROMPT:
            if self._was_asked(entry, live, parent, place):
                marks &= ~Mark.PROMPT
            elif live and parent is not None:
                self._fork_in_transcript(parent)
        if live and entry.prompt_id is not None and marks & Mark.PROMPT:
            self.prompt_id = entry.prompt_id
        response, first = self.response(entry)
        kind = e.TurnRecorded if marks & _CONVERSATION else e.EntryRecorded
        (prompts, turns, _, _), old_leaf = state.live, state.leaf
        self.happen(
            kind.of(
                entry,
                identity,
                branch,
                marks,
                parent.version or None if parent is not None else None,
                place.version if place is not None else None,
                place.place if place is not None else None,
                response.turn if response is not None else None,
                prompts + (marks & Mark.PROMPT != 0),
            )
        )
        version = state.version
        recorded = Known(version, branch, place.place if place is not None else version)
        self.fresh[identity] = self.preceding = recorded
        self.bodies[identity] = entry.canonical
        self._say_redacted(entry, identity, branch)
        if anonymous:
            if live:
                self.latest[entry.kind] = entry.digest[:8].hex()
            self._wait_with_the_first(recorded)
        elif parent is None and entry.parent is not None and entry.parent != old_leaf:
            self.detect_gap(entry.parent, recorded)
        if live and marks & _CONVERSATION:
            self.last = entry
        if response is not None:
            self.use(entry, response, first, recorded)
        if marks & ~_CONVERSATION or entry.calls or entry.title or entry.tag is not None:
            self.derive(entry, marks, recorded)
        if entry.told_of is not None:
            self.use_by_agent(entry, entry.told_of, recorded)
        if entry.cost_counter is not None:
            self.count_cost(entry, branch)
        if entry.called_by is not None and state.called_by != entry.called_by:
            self.happen(e.SubagentLinked.trusted(branch=branch, tool_use_id=entry.called_by))
        if state.working_dir is None and entry.working_dir:
            self.happen(e.SessionLocated.trusted(branch=branch, working_dir=entry.working_dir))
        if state.gaps and not anonymous:
            self.fill_gap(identity, recorded)
        if live and self.main:
            self.checkpoint(marks, turns, recorded)
        self.figures[version] = state.live

    def _say_redacted(self, entry: Entry, identity: bytes, branch: int) -> None:
        if entry.original is not None:
            self.happen(redact(self.state.version, branch, identity, automatic=True))

    def _was_asked(
        self, entry: Entry, live: bool, parent: Known | None, place: Known | None
    ) -> bool:
        """Whether an entry is a part of a prompt that is recorded already.

        The entries of a prompt stand together: one that came late hangs on another, or stands
        before it.
        """
        name = entry.prompt_id
        if name is None or place is None:
            return live and name is not None and name == self.prompt_id
        asked = name in self.asked_late
        for beside, ahead in ((parent, False), (place, True)):
            if beside is not None and 0 < beside.version <= self.before.version:
                asked = asked or self.seen.prompt_id(beside, ahead) == name
        self.asked_late.add(name)
        return asked

    def _wait_with_the_first(self, recorded: Known) -> None:
        """The lines before an entry that waits for a missing one wait with it."""
        awaited, self.awaited = self.awaited, None
        if awaited is not None and awaited != self.state.leaf and self.find(awaited) is None:
            self.detect_gap(awaited, recorded)

    def _begin(self) -> None:
        if self.state.presence == "archived":
            back = e.SessionRestored(branch=self.state.branch, reason="its conversation went on")
            self.happen(back)
        elif self.state.presence != "present":
            self.happen(started(self.state, self.batch))

    def _branch(self, entry: Entry, parent: Known | None, place: Known | None) -> int:
        if place is not None:
            return place.branch
        if entry.identity is None:
            if self.preceding is None:
                return self.state.branch
            parent = self.preceding
        if parent is None or parent.taken_over:
            return self.state.branch
        if self.state.is_live(parent.branch, parent.place, parent.late):
            return self.state.branch
        return parent.branch

    def _fork_in_transcript(self, parent: Known) -> None:
        """The CLI went back in its own tree if its prompt hangs on an entry before the leaf."""
        state = self.state
        if parent.late or parent.taken_over or parent.version >= state.leaf_version:
            return
        past = self._figures(parent.version)
        if past is None:
            return
        if (past.prompts, past.turns) != (state.live.prompts, state.live.turns):
            self.happen(
                e.TranscriptForked(
                    branch=state.branch,
                    at=parent.version,
                    child=state.version + 2,
                    figures=past,
                )
            )

    def _figures(self, version: int) -> e.Figures | None:
        """What was live just after an entry, with all that was derived from it."""
        if version > self.before.version:
            return self.figures.get(version)
        return self.seen.at_entry(version).live if self.seen.at_entry is not None else None


def _hangs_on(batch: Batch) -> bytes | None:
    """What a batch's first entry hangs on, where lines without uuid stand before it."""
    if not batch.entries or batch.entries[0].identity is not None:
        return None
    return next((entry.parent for entry in batch.entries if entry.identity is not None), None)
