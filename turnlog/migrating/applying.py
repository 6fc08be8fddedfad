"""One session of another library, recorded in one transaction: said, gone back, trimmed, named."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..adapters.claude.batches import prepare
from ..adapters.claude.messages import entry_of
from ..adapters.migration.found import ForeignSession, Snapshot, Unread
from ..adapters.redaction import Redaction
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Stream
from ..appending import Arrival, append
from ..domain import details
from ..domain.batch import CHECKPOINT_EVERY
from ..domain.entry import identity_of
from ..domain.errors import Refused
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..domain.points import Point
from ..domain.session import GONE
from ..domain.usage import NOTHING
from ..messages.trimming import trim
from ..time.rewinding import checkpoint, rewind
from ..time.transcribing import transcript_of
from ..time.travelling import find_checkpoint
from .line import Line, Placed
from .totals import beyond, plus

_LONGEST_NAME = 200


class Applied(NamedTuple):
    """What became of a session."""

    begun: bool = False
    deleted: bool = False
    messages: int = 0
    recorded: int = 0
    checkpoints: int = 0
    rewinds: int = 0
    trims: int = 0
    uncounted: int = 0
    refused: tuple[Unread, ...] = ()
    """What the log does not take."""


COUNTED = Applied._fields[:-1]
"""What is added up over all sessions, under the same names."""


class Asker(NamedTuple):
    """Who migrates, and what is to be said of the sessions."""

    kind: str
    user_id: str | None
    actor: str | None
    restore: bool
    now: int
    """Milliseconds since 1970 UTC."""
    checkpoint_every: int = CHECKPOINT_EVERY
    redaction: Redaction | None = None
    """What is taken out of what is recorded."""


def apply(
    transaction: Transaction, key: SessionKey, session: ForeignSession, asker: Asker
) -> Applied:
    """Record what the log does not have of a session."""
    stream = transaction.find(key)
    presence = stream.state.presence if stream is not None else "absent"
    if presence in GONE and not asker.restore:
        return Applied(deleted=True)
    applying = _Applying(transaction, key, session, asker)
    for snapshot in session.snapshots:
        applying.take(snapshot)
    begun = presence in ("absent", *GONE) and applying.recorded > 0
    if begun:
        applying.describe()
    return applying.done(begun)


class _Applying:
    """A session on its way into the log."""

    def __init__(
        self, transaction: Transaction, key: SessionKey, session: ForeignSession, asker: Asker
    ) -> None:
        self.transaction = transaction
        self.key = key
        self.session = session
        self.asker = asker
        self.line = Line(key.stream_id)
        self.reason = f"migrated from {asker.kind}"
        self.live = self._live()
        """The live branch in the log: each entry's uuid, and whether a migration said it."""
        self.there = {uuid for uuid, _ in self.live}
        self.said: set[str] = set()
        self.looked_up: set[str] = set()
        self.recorded = self.checkpoints = self.rewinds = self.trims = self.uncounted = 0
        self.refused: list[Unread] = []
        self.at = session.created_at

    def take(self, snapshot: Snapshot) -> None:
        """Take the next state of the conversation."""
        placed = self.line.placed
        if not placed and not snapshot.messages:
            return
        moved = self.line.go_on(snapshot.messages)
        self._look_up(placed[moved.kept :])
        self.said.update(one.uuid for one in placed)
        name = _printable(snapshot.name) if snapshot.name is not None else None
        if name is not None and self._has(name):
            self._say(placed)
            return
        if self._go_to(placed) and placed:
            # A trim right behind the message that is the head again came along with it.
            self._trim(placed[self.line.start].uuid)
        elif moved.trimmed_to is not None:
            self._trim(moved.trimmed_to)
        self._say(placed)
        if name is not None:
            checkpoint(
                self.transaction, self.key, name, snapshot.label, self.asker.actor, dry_run=False
            )
            self.checkpoints += 1

    def describe(self) -> None:
        """Say what the other library knows of the session as a whole."""
        stream = self.transaction.open(self.key)
        actor, events = self.asker.actor, []
        if self.session.title:
            title = self.session.title[: details.LONGEST_TITLE]
            events += details.rename(stream.state, title, actor) if title.strip() else []
        if self.session.metadata:
            try:
                events += details.set_metadata(stream.state, self.session.metadata, actor)
            except Refused as problem:
                self.refused.append(Unread(f"the metadata of {self.key.session_id}", str(problem)))
        if events:
            self.transaction.record(stream, events, fold(stream.state, events))

    def done(self, begun: bool) -> Applied:
        """What became of it."""
        if self.recorded and self.session.total_cost_usd is not None:
            self._tell_cost(self.session.total_cost_usd)
        return Applied(
            begun,
            False,
            len(self.said),
            self.recorded,
            self.checkpoints,
            self.rewinds,
            self.trims,
            self.uncounted,
            tuple(self.refused),
        )

    def _stream(self) -> Stream | None:
        stream = self.transaction.find(self.key)
        return stream if stream is not None and stream.state.presence not in GONE else None

    def _live(self) -> list[tuple[str, bool]]:
        stream = self._stream()
        if stream is None:
            return []
        entries = (
            line.entry for line in transcript_of(self.transaction, stream, stream.state.lineage)
        )
        return [(e["uuid"], "migrated" in e) for e in entries if isinstance(e.get("uuid"), str)]

    def _look_up(self, placed: list[Placed]) -> None:
        """Learn which messages the log has, on whatever branch."""
        stream = self._stream()
        wanted = {identity_of(one.uuid): one.uuid for one in placed if one.uuid not in self.there}
        if stream is not None and wanted:
            known = self.transaction.known(stream, wanted, stream.state.life)
            self.there.update(wanted[identity] for identity in known)

    def _has(self, name: str) -> bool:
        stream = self._stream()
        return stream is not None and find_checkpoint(self.transaction, stream, name) is not None

    def _go_to(self, placed: list[Placed]) -> bool:
        """Make the last message that the log has of a line the head, if no other work would go.

        Returns:
            Whether it was not, and is now.
        """
        known = [one.uuid for one in placed]
        known = known[
            : next((i for i, uuid in enumerate(known) if uuid not in self.there), len(known))
        ]
        head = self.live[-1][0] if self.live else None
        target = known[-1] if known else None
        if head == target:
            return False
        line = set(known)
        common = max((i for i, (uuid, _) in enumerate(self.live) if uuid in line), default=-1)
        if not all(ours for _, ours in self.live[common + 1 :]):
            return False  # somebody went on here: what is new there stands behind that
        point = f"message:{target}" if target is not None else "prompt:0"
        rewind(self.transaction, self.key, Point.of(point), self.reason, self.asker.actor, False)
        self.rewinds += 1
        self.live = [(uuid, True) for uuid in known]
        return True

    def _trim(self, before: str) -> None:
        if before in self.there:
            done = trim(self.transaction, self.key, before, self.reason, self.asker.actor, False)
            self.trims += done.dropped > 0

    def _say(self, placed: list[Placed]) -> None:
        """Record the messages of a line that the log does not have."""
        new = [i for i, one in enumerate(placed) if one.uuid not in self.there]
        last, rest = self._rest_of_total(placed, new)
        if not new:
            return
        entries = []
        for i in new:
            uuid, message = placed[i]
            self.at = message.at or self.at or self.asker.now
            given = message.given
            if i == last:
                given = given._replace(usage=plus(given.usage or {}, rest))
            parent = placed[i - 1].uuid if i else None
            entries.append(entry_of(given, self.key, uuid, parent, self.at))
        self._append(entries)
        self.there.update(placed[i].uuid for i in new)
        self.live += [(placed[i].uuid, True) for i in new]
        self.recorded += len(new)
        for i in new:
            kept = placed[i].message.kept_from
            if kept is not None:
                self._trim(placed[self.line.start + kept].uuid)

    def _append(self, entries: list[dict[str, Any]]) -> None:
        batch = prepare(self.key, entries, self.asker.redaction)
        user = self.session.user_id or self.asker.user_id
        every = self.asker.checkpoint_every
        arrival = Arrival(self.key, batch, "import", user, checkpoint_every=every)
        append(self.transaction, arrival)

    def _rest_of_total(
        self, placed: list[Placed], new: list[int]
    ) -> tuple[int | None, dict[str, int]]:
        """What the session's own counters have beyond all others, and the answer it stands on."""
        if self.session.total is None:
            return None, {}
        stream = self._stream()
        billed = stream.state.billed if stream is not None else NOTHING
        rest = beyond(self.session.total, billed, [placed[i].message for i in new])
        answers = [i for i in new if placed[i].message.given.role == "assistant"]
        if not answers:
            self.uncounted += sum(rest.values())
        return answers[-1] if answers else None, rest

    def _tell_cost(self, usd: float) -> None:
        """The running total, as the CLI writes its own."""
        entry = {"type": "cost-state", "sessionId": self.key.session_id, "totalCostUSD": usd}
        self._append([entry])


def _printable(name: str) -> str:
    return (name if name.isprintable() else ascii(name))[:_LONGEST_NAME]
