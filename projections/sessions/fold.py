"""The fold: what an append does to the session's row, its responses, checkpoints and tags."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, bindparam

from ...domain import events as e
from ...domain.keys import SessionKey
from ...domain.session import SessionState
from ..prepared import prepare
from ..printable import printable
from .responses import NO_SUMS, Response, ResponseTable, first_seen, minus, plus
from .tables import NAME, SUMS, VERSION, checkpoints, metadata, sessions, tags

_DESCRIBED = tuple(c.name for c in sessions.columns)[6:28]
"""The columns that follow from the session's state, in the table's order."""


class Sessions:
    """The sessions projection, folded in the append's own transaction."""

    name = NAME
    version = VERSION
    topics = tuple(e.EVENTS)

    def __init__(self, dialect: Dialect) -> None:
        self._responses = ResponseTable(dialect)
        columns = [c.name for c in sessions.columns]
        values: dict[str, Any] = {name: bindparam(name) for name in columns}
        self._insert = prepare(dialect, sessions.insert().values(values), *columns)
        changed: dict[str, Any] = {name: bindparam(name) for name in _DESCRIBED}
        sums = [f"{kind}_{name}" for kind in ("billed", "live") for name in SUMS]
        describing = sessions.update().where(sessions.c.stream == bindparam("of"))
        self._describe = prepare(dialect, describing.values(changed), *_DESCRIBED, "of")
        added = {name: sessions.c[name] + bindparam(f"add_{name}") for name in sums}
        self._add = prepare(
            dialect,
            describing.values({**changed, **added}),
            *_DESCRIBED,
            *(f"add_{name}" for name in sums),
            "of",
        )
        self._set_sums = prepare(
            dialect, describing.values({name: bindparam(name) for name in sums}), *sums, "of"
        )
        points = [c.name for c in checkpoints.columns]
        self._checkpoint = prepare(
            dialect,
            checkpoints.insert().values({name: bindparam(name) for name in points}),
            *points,
        )
        self._untag = prepare(
            dialect, tags.delete().where(tags.c.stream == bindparam("stream")), "stream"
        )
        self._tag = prepare(
            dialect,
            tags.insert().values(stream=bindparam("stream"), tag=bindparam("tag")),
            "stream",
            "tag",
        )

    def create(self, connection: Connection) -> None:
        """Make the tables that are missing."""
        metadata.create_all(connection)

    def tables(self) -> list[str]:
        """The names of its tables."""
        return [table.name for table in metadata.sorted_tables]

    def fold(
        self,
        cursor: Any,
        stream: int,
        key: SessionKey,
        first_version: int,
        recorded_at: int,
        events: Sequence[e.SessionEvent],
        before: SessionState,
        after: SessionState,
    ) -> None:
        """Take in what was appended to a stream.

        Args:
            cursor: of the append's own transaction.
            stream: the stream's number.
            first_version: of the first event.
            recorded_at: milliseconds since 1970 UTC.
            before: the session's state before the events.
            after: and after them.
        """
        change = _Change(self._responses, cursor, stream, key, before, after)
        points = []
        for version, event in enumerate(events, first_version):
            kind = type(event)
            if kind is e.UsageRecorded:
                change.use(event, version)  # type: ignore[arg-type]
            elif kind is e.TranscriptForked:
                change.fork_off(event)  # type: ignore[arg-type]
            elif kind is e.SessionRewound or kind is e.SessionStarted:
                change.relive = True
            elif kind is e.CheckpointCreated:
                points.append(_checkpoint_row(stream, version, recorded_at, event))  # type: ignore[arg-type]
            elif kind is e.SessionTagged or kind is e.SessionErased:
                self._retag(cursor, stream, after)
        described = _describe(after, recorded_at)
        if before.version == 0:
            name = key.stream_id
            cursor.execute(
                self._insert,
                (
                    stream,
                    name,
                    key.main.stream_id,
                    printable(key.project_key),
                    printable(key.session_id),
                    printable(key.subpath),
                    *described,
                    *(0,) * (2 * len(SUMS)),
                ),
            )
        change.settle()
        billed, live = change.billed, change.live
        if billed is NO_SUMS and live is NO_SUMS:
            if before.version:
                cursor.execute(self._describe, (*described, stream))
        else:
            cursor.execute(self._add, (*described, *billed, *live, stream))
        for other in change.recount:
            self._recount(cursor, other)
        if points:
            cursor.executemany(self._checkpoint, points)

    def _recount(self, cursor: Any, stream: int) -> None:
        sums = (
            *self._responses.sums(cursor, stream, "billed"),
            *self._responses.sums(cursor, stream, "live"),
        )
        cursor.execute(self._set_sums, (*sums, stream))

    def _retag(self, cursor: Any, stream: int, state: SessionState) -> None:
        cursor.execute(self._untag, (stream,))
        shown = sorted({printable(tag) for tag in state.tags if tag})  # type: ignore[type-var]
        if shown:
            cursor.executemany(self._tag, [(stream, tag) for tag in shown])


class _Change:
    """What one append does to the responses, collected before it is written."""

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
        self._session_id = key.session_id
        self._name = key.stream_id
        self._seen = before.turns_seen
        self._after = after
        self._fresh: dict[int, Response] = {}
        self._changed: dict[int, tuple[Response, Response]] = {}
        self.relive = False
        self.billed = self.live = NO_SUMS
        self.recount: set[int] = set()

    def use(self, event: e.UsageRecorded, version: int) -> None:
        if event.source != "response" or event.turn is None:
            return
        turn = event.turn
        old: Response | None = None
        if turn in self._fresh:
            now = self._fresh[turn]
        elif turn in self._changed:
            old, now = self._changed[turn]
        else:
            found = None
            if turn <= self._seen:
                found = self._table.one(self._cursor, self._stream, turn)
            if found is None:
                now = first_seen(event, self._stream, version, self._session_id, self._after)
            else:
                old = now = found
        best = event.counters.best(event.counted)
        now = now.priced(now.counters.best(best))
        now = now._replace(placeholder=int(event.quality == "placeholder"))
        if old is None:
            self._fresh[turn] = now
        else:
            self._changed[turn] = old, now

    def fork_off(self, event: e.TranscriptForked) -> None:
        """What lies between the fork and the prompt that made it is not live any more."""
        for turn, now in self._fresh.items():
            if _between(now, event):
                self._fresh[turn] = now._replace(forked_off=1, live=0)
        for row in self._table.of_stream(self._cursor, self._stream):
            old, now = self._changed.get(row.turn, (row, row))
            if _between(now, event):
                self._changed[row.turn] = old, now._replace(forked_off=1, live=0)

    def settle(self) -> None:
        """Write the responses and add up what changed."""
        if self.relive:
            self._relive()
        for turn in list(self._fresh):
            self._share(self._fresh[turn])
        for turn, (old, now) in list(self._changed.items()):
            if old.counters != now.counters:
                self._share(self._changed[turn][1])
        for now in self._fresh.values():
            self._add_up(_sums(now, "billed"), _sums(now, "live"))
        changed = [(old, now) for old, now in self._changed.values() if old != now]
        for old, now in changed:
            self._add_up(_delta(old, now, "billed"), _delta(old, now, "live"))
        if self._fresh:
            self._table.insert(self._cursor, self._fresh.values())
        if changed:
            self._table.update(self._cursor, [now for _, now in changed])

    def _add_up(self, billed: tuple[int, ...], live: tuple[int, ...]) -> None:
        self.billed, self.live = plus(self.billed, billed), plus(self.live, live)

    def _share(self, now: Response) -> None:
        """One response, perhaps in several copies: the greatest counters for all, one owner."""
        others = [
            self._changed[row.turn][1]
            if row.stream == self._stream and row.turn in self._changed
            else row
            for row in self._table.copies(self._cursor, now.key)
            if (row.stream, row.turn) != (now.stream, now.turn)
        ]
        if not others:
            return
        best = now.counters
        for row in others:
            best = best.best(row.counters)
        owner = min((now, *others), key=self._rank)
        elsewhere = []
        for row in (now, *others):
            shared = row.priced(best)._replace(billed=int(row is owner))
            if row.stream != self._stream:
                elsewhere.append(shared)
            elif row.turn in self._fresh:
                self._fresh[row.turn] = shared
            else:
                # Of a former life of this very stream, or changed by this append.
                old, _ = self._changed.get(row.turn, (row, row))
                self._changed[row.turn] = old, shared
        self._table.update(self._cursor, elsewhere)
        self.recount.update(row.stream for row in elsewhere)

    def _rank(self, row: Response) -> tuple[bool, float, str, int]:
        """Who owns a response: the session it names, then the earliest, then the smallest name."""
        own = row.stream == self._stream
        name = self._name if own else self._table.name(self._cursor, row.stream)
        at = row.at if row.at is not None else float("inf")
        return not row.native, at, name, row.turn

    def _relive(self) -> None:
        for row in self._table.of_stream(self._cursor, self._stream):
            old, now = self._changed.get(row.turn, (row, row))
            self._changed[row.turn] = old, self._alive(now)
        for turn, now in self._fresh.items():
            self._fresh[turn] = self._alive(now)

    def _alive(self, row: Response) -> Response:
        live = self._after.is_live(row.branch, row.place, bool(row.late)) and not row.forked_off
        return row._replace(live=int(live))


def _between(row: Response, event: e.TranscriptForked) -> bool:
    # What the entry at the fork itself used stands right behind it, or behind its gap.
    return bool(row.live) and event.at + 2 < row.place < event.child


def _delta(old: Response, now: Response, flag: str) -> tuple[int, ...]:
    return minus(_sums(now, flag), _sums(old, flag))


def _sums(row: Response, flag: str) -> tuple[int, ...]:
    return row.sums() if getattr(row, flag) else NO_SUMS


def _checkpoint_row(
    stream: int, version: int, recorded_at: int, event: e.CheckpointCreated
) -> tuple[Any, ...]:
    return (
        stream,
        version,
        printable(event.checkpoint_id),
        event.kind,
        event.anchor,
        event.branch,
        event.turn,
        event.prompt,
        printable(event.label),
        recorded_at,
    )


def _describe(state: SessionState, recorded_at: int) -> tuple[Any, ...]:
    live = state.live
    return (
        state.presence,
        state.status,
        printable(state.stop_reason),
        printable(state.title),
        printable(state.user_id),
        printable(state.working_dir),
        printable(state.machine),
        state.source,
        printable(state.called_by),
        state.forked_from.stream if state.forked_from is not None else None,
        live.prompts or state.remembered,
        live.turns,
        live.entries,
        state.entries,
        state.gaps,
        json.dumps(state.models) if state.models else "[]",
        json.dumps(state.tags) if state.tags else "[]",
        state.first_at,
        state.last_at,
        state.last_at if state.last_at is not None else recorded_at,
        recorded_at,
        state.version,
    )
