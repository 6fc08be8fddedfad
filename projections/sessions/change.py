"""What one append does to a session's responses, and to their copies in other sessions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...domain import events as e
from ..engine.read_model import Run
from ..printable import printable
from .lines import Line, Lines
from .moves import moves_of, rank
from .response import (
    NO_SUMS,
    Price,
    Response,
    Told,
    Use,
    agent_key,
    claim,
    first_seen,
    minus,
    plus,
    response_key,
    told_number,
)
from .responses import Copy, Holder, ResponseTable
from .rollups import Cells, weigh

Sums = tuple[tuple[int, ...], tuple[int, ...]]
"""Billed and live."""
_NOTHING: Sums = (NO_SUMS, NO_SUMS)


class Change:
    """Collected event by event, then settled: looked up, shared with the copies, and written."""

    def __init__(
        self,
        table: ResponseTable,
        lines: Lines,
        price: Price,
        cursor: Any,
        run: Run,
        holders: tuple[Holder, Holder],
    ) -> None:
        assert run.before is not None
        assert run.after is not None
        self._table = table
        self._lines = lines
        self._price = price
        self._cursor = cursor
        self._stream = run.stream
        self._key = run.key
        self._before = run.before
        self._after = run.after
        self._was, self._is = holders
        self._uses: list[Use] = []
        self._forks: list[e.TranscriptForked] = []
        self._moved = self._erased = False
        self._found: dict[bytes, list[Copy]] = {}
        """By key: the copies as they were."""
        self._now: dict[tuple[int, int], Response] = {}
        """By stream and turn: the rows that are new or changed."""
        self._fresh: dict[bytes, list[tuple[int, int]]] = {}
        """By key: which of them are new."""
        self._line: Line | None = None
        self.sums: dict[int, Sums] = {}
        """By stream: what is to be added to the session's sums."""
        self._positions = run.positions
        self._first = run.versions[0]
        self.moved: dict[bytes, list[tuple[Any, ...]]] = {}
        """By key: how what has copies went from session to session."""

    def take(
        self, event: e.SessionEvent, version: int, prompt: int, git_branch: str | None
    ) -> None:
        """Take an event in."""
        if isinstance(event, e.UsageRecorded):
            if event.turn is not None or event.source in ("progress", "tool-result"):
                key = response_key(event, self._key.session_id)
                position = self._positions[version - self._first]
                self._uses.append(Use(event, version, position, prompt, git_branch, key))
        elif isinstance(event, e.TranscriptForked):
            self._forks.append(event)
        elif isinstance(event, e.SessionErased):
            self._erased = True
        else:
            self._moved = self._before.version > 0

    @property
    def line(self) -> Line | None:
        """What is live now, where that changed."""
        return self._line

    def settle(self, cells: Cells, shards: int) -> None:
        """Write the responses, and add up what changed."""
        if self._forks:
            self._lines.depart(self._cursor, self._stream, self._forks)
        if self._moved or self._forks:
            self._line = self._lines.line(self._cursor, self._after)
        taken = self._taken_over()
        self._look_up({row.key for row in taken} | self._concerned())
        for row in taken:
            self._put(row, fresh=True)
        self._use()
        if self._line is not None or self._erased:
            self._revive()
        for key in dict.fromkeys(row.key for row in self._now.values()):
            self._share(key)
        self._weigh(cells, shards)
        self._write()

    def _taken_over(self) -> list[Response]:
        if self._before.version or not self._after.base:
            return []
        taken = self._lines.taken_over(self._cursor, self._stream, self._after)
        return [row._replace(position=self._positions[0]) for row in taken]

    # -- looking up --------------------------------------------------------------------------

    def _concerned(self) -> set[bytes]:
        """The keys of what is used, and of the stream's responses that change as a whole."""
        keys = {use.key for use in self._uses}
        keys.update(key for use in self._uses for key in self._claims(use))
        if not self._before.version:
            return keys
        anew = self._was != self._is or self._erased
        if anew or self._line is not None:
            for row in self._table.of_stream(self._cursor, self._stream):
                if anew or (self._line is not None and self._line.holds(row) != bool(row.live)):
                    keys.add(row.key)
        return keys

    def _look_up(self, keys: Iterable[bytes]) -> None:
        """Find all copies; nobody else changes one of them until the transaction ends."""
        wanted = sorted(key for key in keys if key not in self._found)
        if not wanted:
            return
        self._found.update((key, []) for key in wanted)
        for copy in self._table.copies(self._cursor, wanted):
            if copy.response.stream == self._stream:
                copy = copy._replace(holder=self._was)
            self._found[copy.response.key].append(copy)

    def _own(self, key: bytes) -> list[Response]:
        rows = (copy.response for copy in self._found.get(key, ()))
        return [self._now.get(row[:2], row) for row in rows if row.stream == self._stream]

    # -- the counters ------------------------------------------------------------------------

    def _use(self) -> None:
        for use in self._uses:
            event = use.event
            counters = event.counters.best(event.counted)
            row = self._known(use)
            if row is None:
                cost = None
                if event.model is not None:
                    model, at = printable(event.model), event.occurred_at
                    cost = self._price(model, at, counters, fast=event.fast)
                row = first_seen(use, self._stream, self._after, counters, cost)
                self._put(row, fresh=True)
                self._claim(row, use)
                continue
            counters = row.counters.best(counters)
            if counters != row.counters:
                row = row.priced(counters, self._price)
            placeholder = int(event.quality == "placeholder")
            characters = max(row.characters, event.characters) if placeholder else 0
            self._put(row._replace(placeholder=placeholder, characters=characters))

    def _known(self, use: Use) -> Response | None:
        """The row of a response that the stream holds already."""
        event = use.event
        if event.turn is None:
            rows = (*self._own(use.key), *(r for r in self._now.values() if r.key == use.key))
            return next((r for r in rows if r.told in (Told.PROGRESS, Told.RESULT)), None)
        number = self._stream, event.turn
        if number in self._now:
            return self._now[number]
        if event.turn > self._before.turns_seen:
            return None
        for row in self._own(use.key):
            if row.turn == event.turn:
                return row
        # A later entry may name the request where the first did not; the first one's key stays.
        first = self._table.one(self._cursor, *number)
        if first is not None:
            self._look_up([first.key])
        return first

    def _put(self, row: Response, fresh: bool = False) -> None:
        if fresh:
            self._fresh.setdefault(row.key, []).append(row[:2])
            self._found.setdefault(row.key, [])
        self._now[row[:2]] = row

    # -- subagents that are known by their results -------------------------------------------

    def _claims(self, use: Use) -> list[bytes]:
        """By what a subagent's result would be known, where its responses are."""
        if self._key.subpath is None and use.event.source != "progress":
            return []
        event, session_id, subpath = use.event, self._key.session_id, self._key.subpath
        agent, call = event.agent, event.called_by
        if event.source == "response" and subpath is not None and event.turn == 1:
            agent, call = subpath.rpartition("/")[2].removeprefix("agent-"), self._after.called_by
        elif event.source != "progress":
            return []
        session_id = event.of_session or session_id
        keys = [agent_key(session_id, agent, None)] if agent else []
        return keys + ([agent_key(session_id, None, call)] if call else [])

    def _claim(self, row: Response, use: Use) -> None:
        for n, key in enumerate(self._claims(use), 1):
            claimed = any(r.told == Told.CLAIM for r in self._own(key))
            if not claimed and not any(r.key == key for r in self._now.values()):
                self._put(claim(key, told_number(use.version, n), row), fresh=True)

    # -- what is live ------------------------------------------------------------------------

    def _revive(self) -> None:
        """The lineage changed, or the CLI forked its own: say of every response if it is live."""
        rows = {c.response[:2]: c.response for copies in self._found.values() for c in copies}
        for number, row in {**rows, **self._now}.items():
            if number[0] != self._stream:
                continue
            changed = row._replace(git_branch=None) if self._erased else row
            if self._line is not None and row.told != Told.CLAIM:
                changed = changed._replace(live=int(self._line.holds(row)))
            if changed != row:
                self._put(changed)

    # -- the copies --------------------------------------------------------------------------

    def _copies(self, key: bytes) -> list[Copy]:
        """All copies of a response as they are now."""
        there = self._found[key]
        copies = [
            Copy(
                self._now.get(copy.response[:2], copy.response),
                self._is if copy.response.stream == self._stream else copy.holder,
            )
            for copy in there
        ]
        fresh = self._fresh.get(key, ())
        return copies + [Copy(self._now[number], self._is) for number in fresh]

    def _share(self, key: bytes) -> None:
        """One response, perhaps in several copies: the greatest counters for all, one owner."""
        if not self._found[key] and len(self._fresh[key]) == 1:
            return
        copies = self._copies(key)
        if len(copies) == 1:
            return
        known = any(copy.response.told == Told.CLAIM for copy in copies)
        every, copies = copies, [c for c in copies if c.response.told != Told.CLAIM]
        if not copies:
            return
        best = copies[0].response.counters
        for copy in copies[1:]:
            best = best.best(copy.response.counters)
        placeholder = min(copy.response.placeholder for copy in copies)
        characters = max(copy.response.characters for copy in copies)
        owner = min(copies, key=rank)
        mains = {copy.holder.name.rpartition("/")[0] for copy in copies if _is_own(copy)}
        for copy in copies:
            row = copy.response
            superseded = known or (row.told == Told.PROGRESS and copy.holder.name in mains)
            changed = row if row.counters == best else row.priced(best, self._price)
            changed = changed._replace(
                billed=int(copy is owner and not known),
                placeholder=placeholder,
                characters=characters if placeholder else 0,
                live=0 if superseded else row.live,
            )
            if changed != row:
                self._now[row[:2]] = changed
        self.moved[key] = [*moves_of(key, [c._replace(response=self._latest(c)) for c in every])]

    def _latest(self, copy: Copy) -> Response:
        return self._now.get(copy.response[:2], copy.response)

    # -- what it adds up to ------------------------------------------------------------------

    def _weigh(self, cells: Cells, shards: int) -> None:
        same = self._was == self._is
        touched = {row.key for row in self._now.values()}
        for key, before in self._found.items():
            if same and key not in touched:
                continue
            if before:
                weigh(cells, before, -1, shards)
            weigh(cells, self._copies(key), +1, shards)
        rows = {c.response[:2]: c.response for copies in self._found.values() for c in copies}
        for number, row in self._now.items():
            billed, live = self.sums.get(row.stream, _NOTHING)
            if (old := rows.get(number)) is not None:
                billed = minus(billed, old.sums()) if old.billed else billed
                live = minus(live, old.sums()) if old.live else live
            billed = plus(billed, row.sums()) if row.billed else billed
            live = plus(live, row.sums()) if row.live else live
            self.sums[row.stream] = billed, live

    def _write(self) -> None:
        fresh = {number for numbers in self._fresh.values() for number in numbers}
        if fresh:
            self._table.insert(self._cursor, (self._now[n] for n in sorted(fresh)))
        changed = [row for number, row in self._now.items() if number not in fresh]
        if changed:
            self._table.share(self._cursor, sorted(changed, key=lambda row: row[:2]))


def _is_own(copy: Copy) -> bool:
    return copy.holder.subagent and copy.response.told == Told.OWN
