"""What one append does to a session's responses, and to their copies in other sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...domain import events as e
from ...domain.keys import SessionKey
from ...domain.session import SessionState
from .responses import (
    NO_SUMS,
    Copy,
    Response,
    ResponseTable,
    first_seen,
    minus,
    plus,
    response_key,
)


class Change:
    """Collected event by event, then settled: looked up, shared with the copies, and written."""

    def __init__(
        self,
        table: ResponseTable,
        cursor: Any,
        stream: int,
        key: SessionKey,
        before: SessionState,
        after: SessionState,
    ) -> None:
        self._table = table
        self._cursor = cursor
        self._stream = stream
        self._key = key
        self._seen = before.turns_seen
        self._after = after
        self._uses: list[tuple[e.UsageRecorded, int]] = []
        self._forks: list[e.TranscriptForked] = []
        self._moved = False
        self._copies: dict[bytes, list[Copy]] = {}
        self._fresh: dict[int, Response] = {}
        self._changed: dict[int, tuple[Response, Response]] = {}
        self._revived: dict[int, Response] = {}
        self._shared: list[Response] = []
        self.billed = self.live = NO_SUMS
        """What is to be added to the session's sums."""
        self.recount: set[int] = set()
        """The streams whose sums are to be added up again instead."""

    def take(self, event: e.SessionEvent, version: int) -> None:
        """Take an event in."""
        if isinstance(event, e.UsageRecorded):
            if event.source == "response" and event.turn is not None:
                self._uses.append((event, version))
        elif isinstance(event, e.TranscriptForked):
            self._forks.append(event)
        elif isinstance(event, e.SessionRewound | e.SessionStarted):
            self._moved = True

    def settle(self) -> None:
        """Write the responses and add up what changed."""
        if self._uses:
            self._use(self._own())
        if self._forks or self._moved:
            self._revive()
        for turn in list(self._fresh):
            self._share(self._fresh[turn])
        for turn, (old, now) in list(self._changed.items()):
            if old.counters != now.counters:
                self._share(self._changed[turn][1])
        self._add_up()
        self._write()

    def _add_up(self) -> None:
        before = [old for old, _ in self._changed.values()]
        after = [*self._fresh.values(), *(now for _, now in self._changed.values())]
        for row in after:
            self.billed = plus(self.billed, row.sums()) if row.billed else self.billed
            self.live = plus(self.live, row.sums()) if row.live else self.live
        for row in before:
            self.billed = minus(self.billed, row.sums()) if row.billed else self.billed
            self.live = minus(self.live, row.sums()) if row.live else self.live

    def _write(self) -> None:
        if self._fresh:
            self._table.insert(self._cursor, self._fresh.values())
        if changed := [now for old, now in self._changed.values() if now != old]:
            self._table.update(self._cursor, changed)
        if revived := [row for turn, row in self._revived.items() if turn not in self._changed]:
            self._table.revive(self._cursor, revived)
            # Their counters may change meanwhile, when another session gets a copy.
            self.recount.add(self._stream)
        if self._shared:
            self._table.share(self._cursor, sorted(self._shared))

    # -- the counters ------------------------------------------------------------------------

    def _own(self) -> dict[int, Response]:
        """Of the responses used, those that the stream has already."""
        keys: dict[int, bytes] = {}
        for event, _ in self._uses:
            keys.setdefault(event.turn or 0, response_key(event, self._key.session_id))
        own = self._look_up(keys.values())
        # A later entry may name the request where the first did not; the first one's key stays.
        missing = [turn for turn in keys if turn <= self._seen and turn not in own]
        if missing:
            rows = (self._table.one(self._cursor, self._stream, turn) for turn in missing)
            own.update(self._look_up(row.key for row in rows if row is not None))
        return own

    def _look_up(self, keys: Iterable[bytes]) -> dict[int, Response]:
        """Find all copies; nobody else changes one of them until the transaction ends."""
        wanted = sorted(set(keys))
        self._copies.update((key, []) for key in wanted)
        own = {}
        for copy in self._table.copies(self._cursor, wanted):
            row = copy.response
            self._copies[row.key].append(copy)
            if row.stream == self._stream:
                own[row.turn] = row
        return own

    def _use(self, own: dict[int, Response]) -> None:
        for event, version in self._uses:
            turn = event.turn or 0
            old: Response | None = None
            if turn in self._fresh:
                now = self._fresh[turn]
            elif turn in self._changed:
                old, now = self._changed[turn]
            elif turn in own:
                old = now = own[turn]
            else:
                session_id = self._key.session_id
                now = first_seen(event, self._stream, version, session_id, self._after)
            now = now.priced(now.counters.best(event.counters.best(event.counted)))
            now = now._replace(placeholder=int(event.quality == "placeholder"))
            if old is None:
                self._fresh[turn] = now
            else:
                self._changed[turn] = old, now

    def _share(self, now: Response) -> None:
        """One response, perhaps in several copies: the greatest counters for all, one owner."""
        copies = self._copies.get(now.key, [])
        others = [self._latest(copy) for copy in copies if copy.response[:2] != now[:2]]
        mine = Copy(now, self._key.stream_id)
        if now.turn in self._fresh:
            copies.append(mine)  # for another one of this append: the stream may begin anew
        if not others:
            return
        best = now.counters
        for copy in others:
            best = best.best(copy.response.counters)
        owner = min((mine, *others), key=_rank)
        for copy in (mine, *others):
            row = copy.response.priced(best)._replace(billed=int(copy is owner))
            if row.stream != self._stream:
                if row != copy.response:
                    self._shared.append(row)
                    self.recount.add(row.stream)
            elif row.turn in self._fresh:
                self._fresh[row.turn] = row
            else:
                old, _ = self._changed.get(row.turn, (copy.response, row))
                self._changed[row.turn] = old, row

    def _latest(self, copy: Copy) -> Copy:
        """A copy, with what this append did to it."""
        row = copy.response
        if row.stream != self._stream:
            return copy
        row = self._revived.get(row.turn, row)
        if row.turn in self._changed:
            row = self._changed[row.turn][1]
        return Copy(self._fresh.get(row.turn, row), copy.name)

    # -- what is live ------------------------------------------------------------------------

    def _revive(self) -> None:
        """The lineage changed, or the CLI forked its own: say of every response if it is live."""
        self._fresh = {turn: self._alive(now) for turn, now in self._fresh.items()}
        if not self._seen:
            return
        for row in self._table.of_stream(self._cursor, self._stream):
            if row.turn in self._changed:
                old, now = self._changed[row.turn]
                self._changed[row.turn] = old, self._alive(now)
            elif (now := self._alive(row)) != row:
                if row.key in self._copies:
                    self._changed[row.turn] = row, now
                else:
                    self._revived[row.turn] = now

    def _alive(self, row: Response) -> Response:
        if any(_between(row, fork) for fork in self._forks):
            row = row._replace(forked_off=1, live=0)
        if not self._moved:
            return row
        live = self._after.is_live(row.branch, row.place, bool(row.late)) and not row.forked_off
        return row._replace(live=int(live))


def _rank(copy: Copy) -> tuple[bool, float, str, int]:
    """Who owns a response: the session it names, then the earliest, then the smallest name."""
    row = copy.response
    return not row.native, row.at if row.at is not None else float("inf"), copy.name, row.turn


def _between(row: Response, event: e.TranscriptForked) -> bool:
    # What the entry at the fork itself used stands right behind it, or behind its gap.
    return bool(row.live) and event.at + 2 < row.place < event.child
