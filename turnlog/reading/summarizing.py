"""Sessions as the Claude Agent SDK lists them: its own summaries, kept and caught up.

The SDK's fold makes something of a session's entries that is opaque to us. It is kept for each of
its versions and only ever added to, until the session goes on from elsewhere; then it is made anew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

from ..adapters.claude.sdk import SummaryFold, summary_fold
from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.values import Body, Stream, Summary
from ..adapters.storage.encoding.blocks import read_entry
from ..adapters.storage.encoding.json_bytes import decode, encode
from ..domain.errors import DamagedEvent, NotJson, StorageError
from ..domain.events import EntryRecorded, TurnRecorded
from ..domain.keys import SessionKey
from ..domain.session import SessionState
from ..projections.sessions.query import in_project
from ..time.loading import entries_of
from .finding import tables_in

_ENTRIES_AT_ONCE = 256
_SESSIONS_AT_ONCE = 100
_log = logging.getLogger("turnlog")


class Listed(NamedTuple):
    """A session that can be loaded."""

    stream: int
    name: str
    version: int
    recorded_at: int
    """Of its newest event: milliseconds since 1970 UTC, by the store's clock."""

    @property
    def key(self) -> SessionKey:
        """The session's key."""
        return SessionKey.parse(self.name)

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self.key.session_id


class Summarized(NamedTuple):
    """A session with what the SDK made of it."""

    session_id: str
    recorded_at: int
    """As in ``Listed``, when the summary was made."""
    data: dict[str, Any]


class ProjectLists:
    """A project's sessions that can be loaded, in no order."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sessions(self, project_key: str) -> list[Listed]:
        """Each with the time of its newest event."""
        with self._store.read() as reader:
            return _listed(reader, project_key)

    def summaries(self, project_key: str) -> list[Summarized]:
        """Each with what the SDK makes of it, up to date.

        Raises:
            MissingExtra: the SDK is not installed.
        """
        return _summarized(self._store, project_key, summary_fold())


def _summarized(store: Store, project_key: str, by: SummaryFold) -> list[Summarized]:
    with store.read() as reader:
        sessions = _listed(reader, project_key)
        kept = reader.summaries(project_key, by.sdk)
    recorded_at = {session.stream: session.recorded_at for session in sessions}
    behind = iter([session for session in sessions if _is_behind(session, kept)])
    while portion := list(islice(behind, _SESSIONS_AT_ONCE)):
        made = _catch_up(store, portion, kept, by, recorded_at)
        kept.update((summary.stream, summary) for summary in made)
        _keep(store, made)
    return [
        Summarized(session.session_id, recorded_at[session.stream], _data(found))
        for session in sessions
        if (found := kept.get(session.stream)) is not None
    ]


def _listed(reader: Reader, project_key: str) -> list[Listed]:
    return [Listed(*row) for row in reader.query(in_project(tables_in(reader), project_key))]


def _is_behind(session: Listed, kept: dict[int, Summary]) -> bool:
    summary = kept.get(session.stream)
    return summary is None or summary.version < session.version


def _catch_up(
    store: Store,
    sessions: Iterable[Listed],
    kept: dict[int, Summary],
    by: SummaryFold,
    recorded_at: dict[int, int],
) -> list[Summary]:
    made = []
    with store.read() as reader:
        for session in sessions:
            stream = reader.find(session.key)
            summary = None
            if stream is not None:
                summary = _summarize(reader, stream, kept.pop(session.stream, None), by)
            if stream is not None and summary is not None:
                made.append(summary)
                recorded_at[session.stream] = stream.recorded_at
    return made


def _summarize(
    reader: Reader, stream: Stream, before: Summary | None, by: SummaryFold
) -> Summary | None:
    """Fold what came since; None where that fails: the SDK then reads the session itself."""
    state = stream.state
    key = {"project_key": stream.key.project_key, "session_id": stream.key.session_id}
    summary: Any = None
    if before is not None and _goes_on(before, state):
        summary = {"session_id": stream.key.session_id, "mtime": 0, "data": _data(before)}
        entries = _since(reader, stream, before.version)
    else:
        entries = entries_of(reader, stream, state.lineage)
    try:
        while portion := list(islice(entries, _ENTRIES_AT_ONCE)):
            summary = _folded(by, summary, key, portion)
        # Where nothing is left to resume, a name alone must not put the session on the list.
        summary = _folded(by, summary, key, _named_here(state) if summary is not None else [])
        data, _ = encode(summary["data"])
    except (_FoldFailed, DamagedEvent, NotJson) as problem:
        _log.warning("no summary of session %r: %s", stream.key.session_id, problem)
        return None
    return Summary(stream.id, by.sdk, stream.version, state.life, state.branch, state.late, data)


class _FoldFailed(Exception):
    """The SDK's fold met an entry that it cannot take."""


def _folded(by: SummaryFold, summary: Any, key: Any, entries: list[dict[str, Any]]) -> Any:
    try:
        return by.fold(summary, key, entries)
    except Exception as problem:
        raise _FoldFailed(f"the SDK's fold failed: {problem!r}") from problem


def _goes_on(before: Summary, state: SessionState) -> bool:
    return (before.life, before.branch, before.late) == (state.life, state.branch, state.late)


def _since(reader: Reader, stream: Stream, version: int) -> Iterator[dict[str, Any]]:
    """The entries of the live branch after a version, where none of them came late."""
    for recorded in reader.events(stream, version):
        event = recorded.event
        if isinstance(event, TurnRecorded | EntryRecorded) and event.branch == stream.state.branch:
            yield read_entry(Body.of(recorded.version, event))


def _named_here(state: SessionState) -> list[dict[str, Any]]:
    """The title and the tag as entries: what was set in turnlog has none of its own."""
    session_id = state.key.session_id
    tag = state.tags[-1] if state.tags else ""
    named: list[dict[str, Any]] = [{"type": "tag", "tag": tag, "sessionId": session_id}]
    if title := state.titles.get("custom"):
        named.append({"type": "custom-title", "customTitle": title, "sessionId": session_id})
    return named


def _data(summary: Summary) -> dict[str, Any]:
    data: dict[str, Any] = decode(summary.data, True)
    return data


def _keep(store: Store, made: list[Summary]) -> None:
    try:
        store.write(lambda transaction: transaction.keep_summaries(made))
    except StorageError:
        # They were made from what is in the log; whoever cannot write may still read.
        _log.warning("the SDK's summaries could not be kept", exc_info=True)
