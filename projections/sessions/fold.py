"""The fold: what an append does to the session's row, its responses, checkpoints and tags."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, ClassVar

from sqlalchemy import Connection, Dialect, bindparam

from ...domain import events as e
from ...domain.headers import TurnHeader
from ...domain.prices import price
from ...domain.session import THERE, SessionState
from ..engine.read_model import Content, Run
from ..engine.runs import EVERY
from ..making import make_tables
from ..prepared import inserting, prepare, taking_out
from ..printable import printable
from ..texts import SHOWN, Texts
from .calls import Calls, call_row
from .change import Change
from .lines import Lines
from .moves import Moves
from .reports import Reports
from .response import NO_SUMS, Price
from .responses import Holder, ResponseTable
from .rollups import Cells, Rollups, weigh
from .tables import NAME, VERSION, tables_of
from .telling import TOLD

_COLUMNS = tuple(c.name for c in tables_of(NAME).sessions.columns)
_BEGUN_AT = _COLUMNS.index("begun_at")
_DESCRIBED = _COLUMNS[6:_BEGUN_AT]
"""The columns that follow from the session's state, in the table's order."""
_ADDED = (*_COLUMNS[_BEGUN_AT + 1 : -3], *_COLUMNS[-2:])
"""Those that are added up."""
_MOVES = (e.TranscriptForked, e.SessionRewound, e.SessionStarted, e.SessionErased)
"""What changes which responses are live, or what is known of all of them."""
_BOTH = (NO_SUMS, NO_SUMS)


class Sessions:
    """The sessions projection, folded in the append's own transaction."""

    name: ClassVar[str] = NAME
    version: ClassVar[int] = VERSION
    topics: ClassVar[frozenset[str]] = EVERY
    content: ClassVar[Content] = "headers"
    stateful: ClassVar[bool] = True

    def __init__(
        self, dialect: Dialect, prefix: str, price: Price = price, texts: Texts = SHOWN
    ) -> None:
        """Make it over the tables of a prefix.

        Args:
            price: what a response costs.
            texts: what is kept of what people wrote.
        """
        self._price = price
        self._texts = texts
        self._tables = tables_of(prefix)
        sessions, checkpoints = self._tables.sessions, self._tables.checkpoints
        tags = self._tables.tags
        self._responses = ResponseTable(dialect, self._tables)
        self._lines = Lines(dialect, self._tables, self._responses)
        self._calls = Calls(dialect, self._tables, self._responses)
        self._reports = Reports(dialect, self._tables)
        self._moves = Moves(dialect, self._tables)
        self._rollups = Rollups(dialect, self._tables)
        self._insert = inserting(dialect, sessions)
        changed: dict[str, Any] = {name: bindparam(name) for name in _DESCRIBED}
        counted: dict[str, Any] = {"counted": bindparam("counted")}
        adding: dict[str, Any] = {n: sessions.c[n] + bindparam(f"add_{n}") for n in _ADDED}
        one = sessions.update().where(sessions.c.stream == bindparam("of"))
        self._describe = prepare(
            dialect, one.values(changed | counted), *_DESCRIBED, "counted", "of"
        )
        sums = [f"add_{name}" for name in _ADDED]
        self._add = prepare(
            dialect,
            one.values(changed | counted | adding),
            *_DESCRIBED,
            *sums[:-2],
            "counted",
            *sums[-2:],
            "of",
        )
        only_sums = {name: adding[name] for name in _ADDED[:-2]}
        self._add_sums = prepare(dialect, one.values(only_sums), *sums[:-2], "of")
        self._checkpoint = inserting(dialect, checkpoints)
        begun: dict[str, Any] = {"begun_at": bindparam("begun_at")}
        self._begin_again = prepare(dialect, one.values(begun), "begun_at", "of")
        self._untag = taking_out(dialect, tags)
        self._tag = inserting(dialect, tags)
        self._forget = [
            taking_out(dialect, table)
            for table in self._tables.metadata.sorted_tables
            if "stream" in table.c
        ]

    def create(self, connection: Connection) -> None:
        """Make the tables that are missing."""
        make_tables(connection, self._tables.metadata.sorted_tables)

    def tables(self) -> list[str]:
        """The names of its tables."""
        return [table.name for table in self._tables.metadata.sorted_tables]

    def take_out(self, cursor: Any, stream: int, runs: Sequence[Run]) -> None:
        """Take out what a stream brought in. What copies have in common is shared out again when
        its responses come back."""
        cells: Cells = {}
        for copies in self._responses.groups(cursor, stream).values():
            weigh(cells, copies, -1, self._rollups.shards)
            others = [copy for copy in copies if copy.response.stream != stream]
            weigh(cells, others, +1, self._rollups.shards)
        self._rollups.write(cursor, cells)
        for statement in self._forget:
            cursor.execute(statement, (stream,))

    def fold(self, cursor: Any, runs: Sequence[Run]) -> None:
        """Take in what was appended."""
        cells: Cells = {}
        for run in runs:
            self._fold(cursor, run, cells)
        self._rollups.write(cursor, cells)

    def _fold(self, cursor: Any, run: Run, cells: Cells) -> None:
        stream, key, recorded_at, *_, before, after = run
        assert before is not None
        assert after is not None
        holders = self._holders(cursor, run, before, after)
        change = Change(self._responses, self._lines, self._price, cursor, run, holders)
        points, calls = [], []
        reports: list[tuple[int, e.UsageRecorded]] = []
        prompt, git_branch = 0, before.git_branch
        for version, event in zip(run.versions, run.events, strict=True):
            kind: Any = type(event)
            if kind is e.TurnRecorded or kind is TurnHeader:
                prompt = event.prompt or 0  # type: ignore[attr-defined]
            elif kind is e.UsageRecorded:
                change.take(event, version, prompt, self._texts.name(git_branch))
                if event.total_cost_usd is not None:  # type: ignore[attr-defined]
                    reports.append((version, event))  # type: ignore[arg-type]
            elif kind is e.CheckpointCreated:
                points.append(self._checkpoint_row(stream, version, recorded_at, event))  # type: ignore[arg-type]
            elif kind is e.WorkspaceChanged:
                git_branch = event.git_branch or None  # type: ignore[attr-defined]
            elif kind is e.SubagentCalled:
                late = version if event.place is not None else 0
                live = after.is_live(event.branch, event.place or version, late)
                call = event.tool_use_id  # type: ignore[attr-defined]
                calls.append(
                    call_row(stream, call, version, event.place, event.branch, prompt, live)
                )
            elif kind in _MOVES:
                if kind is e.SessionStarted:
                    git_branch = event.git_branch or git_branch  # type: ignore[attr-defined]
                change.take(event, version, prompt, self._texts.name(git_branch))
            if kind is e.SessionTagged or kind is e.SessionErased:
                self._retag(cursor, stream, after)
        if before.version == 0:
            row = (stream, key.stream_id, key.main.stream_id, printable(key.project_key))
            texts = (printable(key.session_id), printable(key.subpath))
            nothing = (recorded_at, *NO_SUMS, *NO_SUMS, int(holders[1].counted), 0, 0)
            cursor.execute(
                self._insert, (*row, *texts, *self._described(stream, after, recorded_at), *nothing)
            )
        elif before.life != after.life:
            cursor.execute(self._begin_again, (recorded_at, stream))
        change.settle(cells, self._rollups.shards)
        if change.moved:
            self._moves.write(cursor, change.moved)
        reported = self._reports.take(cursor, stream, reports, after) if reports else (0, 0)
        self._update(cursor, run, change, holders[1].counted, reported)
        if points:
            cursor.executemany(self._checkpoint, points)
        if key.subpath is None:
            if calls:
                self._calls.keep(cursor, calls)
            if change.line is not None:
                self._calls.revive(cursor, stream, change.line)
            moved = before.presence != after.presence or change.line is not None
            if moved or calls:
                self._calls.recount(cursor, stream, after, cells, self._rollups.shards)

    def _holders(
        self, cursor: Any, run: Run, before: SessionState, after: SessionState
    ) -> tuple[Holder, Holder]:
        """The stream as a holder of responses, before the run and after it."""
        key = run.key
        was = before.presence in THERE
        now = after.presence in THERE
        if key.subpath is not None:
            if before.version:
                was = now = self._calls.was_counted(cursor, run.stream)
            told = (before.presence, before.called_by) != (after.presence, after.called_by)
            if told:
                now = self._calls.is_counted(cursor, key, after)
        name, project = key.stream_id, printable(key.project_key) or ""
        subagent = key.subpath is not None
        is_ = Holder(name, project, self._texts.name(after.user_id), subagent, now)
        if was == now and before.user_id == after.user_id:
            return is_, is_
        return Holder(name, project, self._texts.name(before.user_id), subagent, was), is_

    def _update(
        self, cursor: Any, run: Run, change: Change, counted: bool, reported: tuple[int, int]
    ) -> None:
        stream, after = run.stream, run.after
        assert after is not None
        assert run.before is not None
        others = {number: sums for number, sums in change.sums.items() if number != stream}
        if others:
            self._responses.lock_sessions(cursor, {*others, stream})
        sums = change.sums.get(stream)
        described = self._described(stream, after, run.recorded_at)
        if sums is not None or reported[1]:
            billed, live = sums or _BOTH
            values = (*described, *billed, *live, int(counted), *reported, stream)
            cursor.execute(self._add, values)
        elif run.before.version:
            cursor.execute(self._describe, (*described, int(counted), stream))
        for number in sorted(others):
            billed, live = others[number]
            if any(billed) or any(live):
                cursor.execute(self._add_sums, (*billed, *live, number))

    def _retag(self, cursor: Any, stream: int, state: SessionState) -> None:
        cursor.execute(self._untag, (stream,))
        shown = sorted({self._texts.name(tag) for tag in state.tags if tag})  # type: ignore[type-var]
        if shown:
            cursor.executemany(self._tag, [(stream, tag) for tag in shown])

    def _checkpoint_row(
        self, stream: int, version: int, recorded_at: int, event: e.CheckpointCreated
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
            self._texts.of_event(stream, version, "label", event.label),
            recorded_at,
        )

    def _described(self, stream: int, state: SessionState, recorded_at: int) -> tuple[Any, ...]:
        live, name = state.live, self._texts.name
        told = {field: self._texts.of_state(stream, field, of(state)) for field, of in TOLD.items()}
        return (
            state.presence,
            state.status,
            printable(state.stop_reason),
            told["title"],
            name(state.user_id),
            name(state.working_dir),
            name(state.machine),
            state.source,
            printable(state.called_by),
            state.forked_from.stream if state.forked_from is not None else None,
            live.prompts or state.remembered,
            live.turns,
            live.entries,
            state.entries,
            state.gaps,
            _listed(state.models),
            _listed(tuple(name(tag) for tag in state.tags)),
            state.first_at,
            state.last_at,
            state.last_at if state.last_at is not None else recorded_at,
            recorded_at,
            state.version,
            name(state.git_branch),
            told["first_message"],
            told["summary"],
            state.continuations,
        )


@lru_cache(maxsize=1024)  # a session's models and tags hardly ever change
def _listed(names: tuple[str | None, ...]) -> str:
    return json.dumps(names)
