"""Finding sessions: lists, a session by a beginning of its id, figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..domain.errors import AmbiguousSession, Refused, UnknownSession
from ..domain.keys import SessionKey
from ..projections.printable import printable
from ..projections.sessions import Filter, Session, Spent, Totals
from ..projections.sessions.filters import MOST, page
from ..projections.sessions.query import (
    by_prefix,
    checkpoints_of,
    of_stream,
    strays_by_prefix,
    subagents_of,
)
from ..projections.sessions.reports import compared
from ..projections.sessions.tables import NAME, SessionTables, tables_of
from ..projections.sessions.totals import spent_by, totals
from ..projections.usage.query import by_value
from ..projections.usage.sums import Sums, total_of


def tables_in(reader: Reader) -> SessionTables:
    """The tables that are live in a look at the log."""
    return tables_of(reader.live(NAME))


_MANY = 21
"""How many sessions of one beginning are looked for,"""
_SHOWN = 8
"""and how many are told."""
_AT_ONCE = 1_000
"""Names in one question."""
_ByPrefix = Callable[[SessionTables, str, int], Select[Any]]


class CheckpointRow(NamedTuple):
    """A checkpoint as the lists show it."""

    version: int
    name: str
    kind: str
    """prompt, turn (automatic) or version (set by someone)."""
    anchor: int
    branch: int
    turn: int
    prompt: int
    label: str | None
    recorded_at: int
    """Milliseconds since 1970 UTC."""
    live: bool


class Sessions:
    """The questions one may ask of the sessions' read model."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def page(self, asked: Filter, limit: int, after: str | None) -> list[Session]:
        """The newest sessions that match; see ``Log.sessions``."""
        if not 1 <= limit <= MOST:
            raise Refused(f"a page holds 1 to {MOST} sessions, not {limit}")
        asked = asked.checked()
        with self._store.read() as reader:
            return self.listed(reader, asked, limit, after)

    def listed(
        self, reader: Reader, asked: Filter, limit: int, after: str | None = None
    ) -> list[Session]:
        """The same in a look at the log, of a filter that was checked."""
        asked = asked.spelled(reader.texts)
        return _with_subagents(reader, page(tables_in(reader), asked, limit, after))

    def among(self, reader: Reader, asked: Filter, names: Sequence[str]) -> list[Session]:
        """Those of some sessions, by their names, that match a filter that was checked."""
        tables = tables_in(reader)
        asked = asked.spelled(reader.texts)
        found: list[Session] = []
        for at in range(0, len(names), _AT_ONCE):
            some = tables.sessions.c.name.in_(names[at : at + _AT_ONCE])
            found += _with_subagents(reader, page(tables, asked, _AT_ONCE, None).where(some))
        return found

    def find(self, name: str, strays: bool = False) -> Session:
        """A session by its id or a beginning of it; see ``Log.session``.

        Args:
            strays: also one that was never recorded, but its subagents were.
        """
        if not name:
            raise UnknownSession("an empty text names no session; see `turnlog sessions`")
        with self._store.read() as reader:
            named = printable(name) or name
            candidates = _named(reader, named)
            if strays and not candidates:
                agents = _named(reader, named, strays_by_prefix)
                candidates = [_never_recorded(agent) for agent in agents]
            if not candidates:
                raise UnknownSession(f"no session begins with {name!r:.80}; see `turnlog sessions`")
            if len(candidates) > 1:
                told = tuple(f"{c.project_key.lstrip('-')}/{c.session_id}" for c in candidates)
                raise AmbiguousSession(_ambiguous(name, told), told)
            rolled = reader.query(subagents_of(tables_in(reader), [candidates[0].main]))
        return _rolled_up(candidates, [Session.of(row) for row in rolled])[0]

    def subagents(self, key: SessionKey) -> list[Session]:
        """The rows of a session's subagents."""
        with self._store.read() as reader:
            return [
                Session.of(row)
                for row in reader.query(subagents_of(tables_in(reader), [key.main.stream_id]))
            ]

    def checkpoints(self, key: SessionKey) -> list[CheckpointRow]:
        """A session's checkpoints by version."""
        with self._store.read() as reader:
            stream = reader.find(key)
            rows = reader.query(of_stream(tables_in(reader), key.stream_id))
            if stream is None or not rows:
                raise UnknownSession(
                    f"there is no session {key.session_id!r}; see `turnlog sessions`"
                )
            found = reader.query(checkpoints_of(tables_in(reader), rows[0][0]))
        state = stream.state
        return [CheckpointRow._make((*row[1:], state.is_live(row[5], row[4]))) for row in found]

    def totals(self, asked: Filter | None = None) -> Totals:
        """The whole log in figures, or some of its sessions; see ``Log.stats``."""
        asked = asked.checked() if asked is not None else None
        with self._store.read() as reader:
            tables = tables_in(reader)
            if asked is not None:
                return _totals_of(reader, tables, asked.spelled(reader.texts))
            threads = {v: Sums.read(sums) for v, *sums in reader.query(by_value(tables, "thread"))}
            subagents = threads.get("subagents", Sums()).billed
            live = total_of(threads.values()).live
            found = Totals.of(reader.query(totals(tables)), live, subagents)
            [(count, priced)] = reader.query(compared(tables)) if found.reports else [(0, 0)]
        return found._replace(
            reported_sessions=int(count), reported_priced_nano_usd=int(priced or 0)
        )


def _totals_of(reader: Reader, tables: SessionTables, asked: Filter) -> Totals:
    live = subagents = Spent()
    for main, *sums in reader.query(spent_by(tables, asked)):
        half = len(sums) // 2
        live = live.plus(Spent.of(sums[half:]))
        subagents = subagents if main else Spent.of(sums[:half])
    return Totals.of(reader.query(totals(tables, asked)), live, subagents)


def row_of(reader: Reader, key: SessionKey) -> Session:
    """The row of a session, with what its subagents spent.

    Raises:
        UnknownSession: there is none.
    """
    rows = reader.query(of_stream(tables_in(reader), key.stream_id))
    if not rows:
        raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
    subagents = reader.query(subagents_of(tables_in(reader), [key.stream_id]))
    return _rolled_up([Session.of(rows[0])], [Session.of(row) for row in subagents])[0]


def _ambiguous(name: str, candidates: tuple[str, ...]) -> str:
    count = len(candidates) if len(candidates) < _MANY else f"more than {_MANY - 1}"
    shown = [*candidates[:_SHOWN], "…"] if len(candidates) > _SHOWN else candidates
    listed = "\n  ".join(shown)
    return f"{name!r:.80} names {count} sessions; write more of the id, or PROJECT/ID:\n  {listed}"


def _named(reader: Reader, name: str, ask: _ByPrefix = by_prefix) -> list[Session]:
    """The sessions of that id, else those whose id begins so, else those of ``PROJECT/ID``."""
    found = [Session.of(row) for row in reader.query(ask(tables_in(reader), name, _MANY))]
    if not found and "/" in name:
        project, _, name = name.rpartition("/")
        rows = reader.query(ask(tables_in(reader), name, MOST))
        # A project is named by its end too: the keys of paths all begin with a dash.
        found = [s for s in map(Session.of, rows) if f"-{s.project_key}".endswith(f"-{project}")]
    return [session for session in found if session.session_id == name] or found


def _never_recorded(agent: Session) -> Session:
    """A session of which only subagents are in the log, as one of these has it."""
    none = Spent()
    unsaid = agent._replace(name=agent.main, subpath=None, title=None, first_message=None, tags=())
    uncounted = unsaid._replace(prompts=0, turns=0, entries=0, recorded=0, gaps=0)
    return uncounted._replace(billed=none, live=none, own_billed=none, own_live=none)


def _with_subagents(reader: Reader, statement: Select[Any]) -> list[Session]:
    listed = [Session.of(row) for row in reader.query(statement)]
    if not listed:
        return []
    rolled = reader.query(subagents_of(tables_in(reader), [session.main for session in listed]))
    return _rolled_up(listed, [Session.of(row) for row in rolled])


def _rolled_up(listed: list[Session], subagents: list[Session]) -> list[Session]:
    """Sessions with what their subagents spent."""
    spent: dict[str, tuple[Spent, Spent, int]] = {}
    for row in subagents:
        billed, live, count = spent.get(row.main, (Spent(), Spent(), 0))
        live = live.plus(row.live) if row.counted else live
        spent[row.main] = billed.plus(row.billed), live, count + 1
    return [
        session._replace(
            billed=session.billed.plus(spent[session.main][0]),
            live=session.live.plus(spent[session.main][1]),
            subagents=spent[session.main][2],
        )
        if session.main in spent
        else session
        for session in listed
    ]
