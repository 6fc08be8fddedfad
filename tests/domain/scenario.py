"""Given what happened, when something comes, then this follows. No store: the past is a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

from tests.support.entries import Entry
from turnlog.adapters.claude.batches import prepare
from turnlog.domain import commands
from turnlog.domain import events as e
from turnlog.domain.batch import Batch, Known, Memory, Seen, identify
from turnlog.domain.entry import GAP, Mark, identity_of, is_anonymous
from turnlog.domain.entry import Entry as Understood
from turnlog.domain.evolving import fold
from turnlog.domain.keys import SessionKey
from turnlog.domain.lineage import Lineage
from turnlog.domain.points import Head, Place, load_order
from turnlog.domain.recording import record
from turnlog.domain.session import SessionState
from turnlog.domain.usage import NOTHING, Response

KEY = SessionKey("-home-ada-shop", "5e550000-0000-4000-8000-000000000001")

Decision = Callable[[SessionState], Sequence[e.SessionEvent]]
Happening = Sequence[Entry] | Decision | e.SessionEvent
"""A batch of entries that arrives, a command, or an event that is simply so."""


class Like:
    """An event of this kind with these fields, whatever its others are."""

    def __init__(self, event: type[e.SessionEvent], /, **fields: Any) -> None:
        self.event, self.fields = event, fields

    def __eq__(self, other: object) -> bool:
        return type(other) is self.event and all(
            getattr(other, name) == value for name, value in self.fields.items()
        )

    def __repr__(self) -> str:
        return f"{self.event.__name__}({', '.join(f'{n}={v!r}' for n, v in self.fields.items())})"


class Scenario:
    """One session: everything that happened, and what happened last."""

    def __init__(self, key: SessionKey = KEY) -> None:
        self.key = key
        self.state = SessionState(key)
        self.memory = Memory(bytes(16))
        self.happened: list[e.SessionEvent] = []
        self.new: list[e.SessionEvent] = []

    def given(self, *past: Happening) -> Self:
        """Let the past happen."""
        for happening in past:
            self.when(happening)
        self.new = []
        return self

    def when(self, happening: Happening, **arrival: Any) -> Self:
        """Let a batch arrive (``arrival`` says how), a command be given, or an event happen."""
        if isinstance(happening, e.SessionEvent):
            self._happen([happening])
        elif callable(happening):
            self._happen(happening(self.state))
        else:
            self._arrive(happening, **arrival)
        return self

    def then(self, *expected: type[e.SessionEvent] | Like | e.SessionEvent) -> Self:
        """Exactly this followed, in this order."""
        assert self.new == [Like(x) if isinstance(x, type) else x for x in expected]
        return self

    def rewind(self, version: int) -> Self:
        """Make a version the head."""
        past = self.at(version)
        base: Lineage | None = None if version else ()
        return self.when(
            lambda state: commands.rewind(state, Place(version, past.branch), past, base)
        )

    def at(self, version: int) -> SessionState:
        """The state at a version."""
        return fold(SessionState(self.key), self.happened[:version])

    def of(self, *kinds: type[e.SessionEvent]) -> list[Any]:
        """What happened last, of some kinds."""
        return [event for event in self.new if isinstance(event, kinds)]

    def all_of(self, *kinds: type[e.SessionEvent]) -> list[Any]:
        """All that ever happened, of some kinds."""
        return [event for event in self.happened if isinstance(event, kinds)]

    def version_of(self, entry: Entry) -> int:
        """The version at which an entry was recorded."""
        return self._known()[identity_of(entry["uuid"])].version

    def _happen(self, events: Iterable[e.SessionEvent]) -> None:
        self.new = list(events)
        self.happened += self.new
        self.state = fold(self.state, self.new)

    def _arrive(
        self,
        entries: Sequence[Entry],
        *,
        from_file: bool = False,
        preceding: str | None = None,
        follower: str | None = None,
        **batch: Any,
    ) -> None:
        understood = prepare(self.key, entries)
        begins = self.state.presence in ("absent", "deleted")
        tail = None if begins else self.state.leaf
        if from_file:
            tail = identity_of(preceding) if preceding else None
        identities = identify(understood, self.memory.salt, tail)
        before, behind = (identity_of(x) if x else None for x in (preceding, follower))
        # The least that a decision is promised.
        asked = {*identities, before, behind, *(entry.parent for entry in understood)}
        asked |= {GAP + identity for identity in asked if identity is not None}
        known = {} if begins else self._known()
        responses = {} if begins else self._responses()
        responses.pop(self.state.message_id or "", None)
        seen = Seen(
            {identity: there for identity, there in known.items() if identity in asked},
            responses,
            self._same,
            known.get,
            self._at_entry,
            before,
            behind,
            self._after,
            self._waiting,
            self._prompt_id,
        )
        before = fold(self.state, ())
        self.new, state, self.memory = record(
            self.state, Batch(understood, identities, from_file, **batch), seen, self.memory
        )
        assert self.state == before, "a decision changes nothing but by its events"
        self._happen(self.new)
        assert self.state == state, "the state that is kept is the fold of the events"

    def _versions(self) -> list[tuple[int, e.SessionEvent]]:
        return [(v, x) for v, x in enumerate(self.happened, 1) if v > self.state.life]

    def _known(self) -> dict[bytes, Known]:
        return {
            event.identity: Known(version, event.branch, event.place or version)
            for version, event in self._versions()
            if event.identity is not None
        }

    def _responses(self) -> dict[str, Response]:
        found: dict[str, Response] = {}
        for _, event in self._versions():
            if isinstance(event, e.UsageRecorded) and event.message_id is not None:
                counted = found[event.message_id].counters if event.message_id in found else NOTHING
                found[event.message_id] = Response(
                    event.turn or 0,
                    event.counters.best(counted),
                    event.finished,
                    event.quality == "placeholder",
                )
        return found

    def _same(self, known: Known, entry: Understood) -> bool:
        recorded: Any = self.happened[known.version - 1]
        return bool(_canonical(recorded.body) == _canonical(entry.body))

    def _at_entry(self, version: int) -> SessionState:
        while version < len(self.happened) and not isinstance(
            self.happened[version],
            e.TurnRecorded | e.EntryRecorded | e.SessionRewound | e.TranscriptForked,
        ):
            version += 1
        return self.at(version)

    def _after(self, known: Known | None) -> Known | None:
        heads = [
            Head(version, event.branch, event.before, event.place, 0, None, None)
            for version, event in self._versions()
            if isinstance(event, e.TurnRecorded | e.EntryRecorded)
            and (known is None or event.branch == known.branch)
        ]
        natural = (head for head in heads if head.place is None)
        order = list(load_order(natural, [head for head in heads if head.place is not None]))
        first = [head.version for head in order].index(known.version) + 1 if known else 0
        for head in order[first:]:
            if not is_anonymous(self.happened[head.version - 1].identity):
                return Known(head.version, head.branch, head.place or head.version)
        return None

    def _prompt_id(self, known: Known, ahead: bool) -> str | None:
        version: int | None = known.version
        while version and version <= len(self.happened):
            event: Any = self.happened[version - 1]
            entry = getattr(event, "entry", {})
            if "promptId" in entry or (ahead and entry.get("type") == "assistant"):
                return entry.get("promptId")
            version = version + 1 if ahead else event.parent
        return None

    def _waiting(self, known: Known) -> Known | None:
        begins = known.version
        for version, event in reversed(self._versions()):
            if version < begins and isinstance(event, e.TurnRecorded | e.EntryRecorded):
                if not is_anonymous(event.identity):
                    break
                begins = version
        for event in self.happened:
            if not isinstance(event, e.GapDetected) or not begins <= event.of <= known.version:
                continue
            if identity_of(event.missing) not in self._known():
                return Known(event.of, event.branch, event.place or event.of)
        return None


def given(*past: Happening) -> Scenario:
    """A session to which this happened."""
    return Scenario().given(*past)


def when(happening: Happening, **arrival: Any) -> Scenario:
    """To a session that is not there yet, this happens."""
    return Scenario().when(happening, **arrival)


def is_prompt(event: e.TurnRecorded) -> bool:
    """Whether a person asked something here."""
    return bool(event.marks & Mark.PROMPT)


def _canonical(body: bytes) -> bytes:
    return body.partition(b"\n")[0]
