"""Events come back from their rows as they were, by the short way too."""

from __future__ import annotations

from typing import Any

import pytest

from turnlog.adapters.storage.encoding.rows import Row, from_row, to_row
from turnlog.adapters.storage.encoding.state_bytes import dump_state, load_state
from turnlog.domain import events as e
from turnlog.domain.entry import Mark
from turnlog.domain.errors import DamagedEvent
from turnlog.domain.keys import SessionKey
from turnlog.domain.lineage import Cut, Segment
from turnlog.domain.session import SessionState
from turnlog.domain.usage import Usage


@pytest.mark.parametrize("kind", [e.TurnRecorded, e.EntryRecorded])
@pytest.mark.parametrize("marks", [0, Mark.USER, Mark.ASSISTANT])
@pytest.mark.parametrize("name", ["user", "assistant", "odd kind", 'a "\\ud800" kind', ""])
def test_an_entry_comes_back_with_every_field(kind: Any, marks: int, name: str) -> None:
    """A field that events get later must never be missing on those that are read."""
    event = kind(
        branch=3,
        occurred_at=5,
        identity=b"i",
        place=7,
        body=b"{}",
        kind=name,
        marks=marks,
        parent=1,
        before=2,
        turn=4,
        prompt=6,
    )
    assert set(event.__dict__) == set(kind.model_fields)
    row, body, _ = to_row(event)
    found = from_row(kind.TOPIC, row, body)
    assert found == event
    assert found.__dict__.keys() == event.__dict__.keys()


@pytest.mark.parametrize(
    "metadata",
    [
        {"n": 2**63 - 1},
        {"n": 2**70},
        {"n": -(2**70)},
        {"n": 1e-7, "m": 1e300},
        {"n": 1234567890123456789.5},
        {"s": "\ud800", "t": "\\", "u": "1234567890123456789"},
        {"deep": [[[[[[]]]]]]},
    ],
)
def test_facts_are_read_exactly(metadata: dict[str, Any]) -> None:
    """A number must never become another one because a fast decoder read it."""
    row, body, _ = to_row(e.SubagentCalled(tool_use_id=str(metadata), of=1))
    assert from_row("SubagentCalled.v1", row, body) == e.SubagentCalled(
        tool_use_id=str(metadata), of=1
    )
    row, body, _ = to_row(e.UsageRecorded(turn=1, counters=Usage(2**70, 2**63, 1)))
    found = from_row("UsageRecorded.v1", row, body)
    assert isinstance(found, e.UsageRecorded)
    assert found.counters == (2**70, 2**63, 1, 0, 0, 0)
    assert all(type(number) is int for number in found.counters)
    row, body, _ = to_row(e.MetadataChanged(metadata=metadata))
    changed = from_row("MetadataChanged.v1", row, body)
    assert isinstance(changed, e.MetadataChanged)
    assert repr(changed.metadata) == repr(metadata)


def test_a_header_of_other_types_is_refused_again_and_again() -> None:
    """What was found right once must never let a wrong one pass."""
    row, body, _ = to_row(e.TurnRecorded(body=b"{}", kind="user", marks=Mark.USER))
    for _ in range(2):
        assert from_row("TurnRecorded.v1", row, body)
        for field, wrong in (("branch", None), ("marks", "1"), ("identity", "x"), ("facts", b"{}")):
            with pytest.raises(DamagedEvent, match="values of other types"):
                from_row("TurnRecorded.v1", Row._replace(row, **{field: wrong}), body)
    with pytest.raises(DamagedEvent, match="are no JSON"):
        from_row("TurnRecorded.v1", row._replace(facts="{"), body)


def test_a_cut_comes_back_as_it_was_made() -> None:
    """What a rewind or a fork kept must never be more or less when it is read again."""
    base = (Segment(0, 9, "p/origin", 10, 12, (11,)), Segment(4, 20, "p/origin"))
    for event in (
        e.SessionRewound(target=9, target_late=10, target_among=(11, 13)),
        e.SessionRewound(target=9, target_branch=-1, target_base=base),
        e.SessionStarted(project_key="p", session_id="s", base=base),
    ):
        row, body, _ = to_row(event)
        assert from_row(event.TOPIC, row, body) == event
    state = SessionState(SessionKey("p", "s"), base=base)
    state.branches = {4: Cut(0, 3), 7: Cut(0, 9, 10, (), (11, 13)), 8: Cut(-1, 0, None, base)}
    assert load_state(state.key, dump_state(state)) == state
