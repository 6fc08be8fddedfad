"""What must hold of a session after every step."""

from __future__ import annotations

from turnlog import Log
from turnlog.domain.entry import identity_of
from turnlog.domain.evolving import fold
from turnlog.domain.session import SessionState
from turnlog.projections.sessions import Session
from turnlog.projections.sessions.query import of_stream
from turnlog.reading.finding import tables_in

from .writers import Writer


def agrees(log: Log, writer: Writer) -> None:
    """The log says of a session what its lists say, and what it always said."""
    if not writer.plain.begun:
        assert log.load(writer.key) is None
        return
    _loads_what_arrived(log, writer)
    state = _is_the_fold_of_its_events(log, writer)
    _adds_up(writer, state)
    _stays_as_it_was(log, writer, state)
    _row_shows_the_state(log, writer, state)


def _loads_what_arrived(log: Log, writer: Writer) -> None:
    loaded = log.load(writer.key)
    if writer.plain.deleted or not _is_called(writer):
        assert loaded is None
    else:
        assert loaded == [line.entry for line in writer.plain.load()]


def _is_called(writer: Writer) -> bool:
    """A subagent is live while the entry that called it is."""
    parent = writer.parent
    if parent is None or not parent.plain.begun:
        return True
    if parent.plain.deleted:
        return False
    call = writer.call
    return call is None or not call.arrived or call in parent.plain.load()


def _is_the_fold_of_its_events(log: Log, writer: Writer) -> SessionState:
    recorded = list(log.events(writer.key))
    assert [event.version for event in recorded] == list(range(1, len(recorded) + 1))
    state = log.state(writer.key)
    assert fold(SessionState(writer.key), (event.event for event in recorded)) == state
    return state


def _adds_up(writer: Writer, state: SessionState) -> None:
    expected = writer.plain.figures()
    assert state.live.prompts == expected.prompts
    assert state.live.turns == expected.turns
    assert state.live.entries == expected.entries
    assert state.live.usage == expected.usage
    assert state.billed == writer.plain.spent, "each response once, and nothing un-spent"
    assert state.status == expected.status
    named = [line.uuid for line in writer.plain.load() if line.uuid is not None]
    if named and not writer.plain.deleted:
        assert state.leaf == identity_of(named[-1]), "the last entry of `load` is the head"
    if not writer.plain.is_fork:
        titles = dict(state.titles)
        if writer.ever_lost > 1:  # of several prompts that come late the first is not always told
            titles["prompt"] = expected.titles.get("prompt", "")
        assert {kind: title for kind, title in titles.items() if title} == expected.titles


def _stays_as_it_was(log: Log, writer: Writer, state: SessionState) -> None:
    plain = writer.plain
    if not plain.deleted:
        writer.remembered[state.version] = state, plain.load()
    for version in [*writer.remembered][-7::3]:
        then, load = writer.remembered[version]
        assert log.at(writer.key, version) == then
        assert list(log.iter_entries(writer.key, version)) == [line.entry for line in load]


def _row_shows_the_state(log: Log, writer: Writer, state: SessionState) -> None:
    with log.store.read() as reader:
        row = Session.of(reader.query(of_stream(tables_in(reader), writer.key.stream_id))[0])
    assert (row.presence, row.status, row.title) == (state.presence, state.status, state.title)
    assert (row.prompts, row.turns, row.entries) == state.live[:3]
    assert (row.recorded, row.gaps, row.version) == (state.entries, state.gaps, state.version)
    if not writer.plain.is_reborn:
        assert row.live.usage == state.live.usage
    if not (writer.plain.is_fork or writer.plain.is_reborn):
        assert row.billed.usage == state.billed
