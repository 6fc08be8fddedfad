"""Only what is live is found: through rewinds, late entries, forks, deletions and new lives."""

from __future__ import annotations

import pytest

from tests.search.conftest import CHILD, KEY, Talk, texts
from tests.support.transcripts import Transcript
from turnlog import Log, SearchFilter

DELETED_TOO = SearchFilter(presence=("present", "deleted"))


def test_a_rewind_and_its_rewind(log: Log, s: Transcript, talk: Talk) -> None:
    """What a rewind left must never be found unasked, and be found again when it is back."""
    log.append(KEY, talk("red apples"))
    log.append(KEY, talk("green pears"))
    assert texts(log, "pears") == ["green pears"]
    log.rewind(KEY, "prompt:1")
    assert texts(log, "pears") == []
    [left] = log.search("pears", all_branches=True).hits
    assert left.abandoned
    assert left.point is not None
    assert list(log.iter_entries(KEY, left.point))[-1] == s.entries[2]
    s.leaf = s.entries[1]["uuid"]
    log.append(KEY, talk("blue plums"))
    assert (texts(log, "apples"), texts(log, "plums")) == (["red apples"], ["blue plums"])
    log.rewind(KEY, f"message:{s.entries[3]['uuid']}")
    assert (texts(log, "pears"), texts(log, "plums")) == (["green pears"], [])


def test_the_place_of_a_hit_ends_with_it(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("red apples") + talk("green pears"))
    [hit] = log.search("apples").hits
    assert (hit.key, str(hit.point)) == (KEY, f"version:{hit.version}")
    assert list(log.iter_entries(KEY, hit.point)) == s.entries[:1]


def test_a_late_entry_lies_where_it_belongs(log: Log, s: Transcript, talk: Talk) -> None:
    """What came late for a branch that was left must never be found as if it were live."""
    log.append(KEY, talk("red apples"))
    lost = talk("green pears")
    log.append(KEY, talk("blue plums"))
    log.append(KEY, lost)
    assert texts(log, "pears") == ["green pears"]
    log.rewind(KEY, "prompt:1")
    assert texts(log, "pears") == []
    log.rewind(KEY, f"message:{s.entries[-1]['uuid']}")
    assert texts(log, "pears") == ["green pears"]


def test_a_late_entry_of_an_abandoned_branch(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("red apples"))
    lost = talk("green pears")
    log.append(KEY, talk("blue plums"))
    log.rewind(KEY, "prompt:1")
    log.append(KEY, lost)
    assert texts(log, "pears") == []
    assert texts(log, "pears", all_branches=True) == ["green pears"]


def test_what_a_fork_took_over_is_found_once(log: Log, s: Transcript, talk: Talk) -> None:
    """A fork must never double what is found, nor hide what its origin has left since."""
    log.append(KEY, talk("red apples") + talk("green pears"))
    log.fork(KEY, into=CHILD)
    log.append(CHILD, talk("blue plums"))
    assert [hit.key for hit in log.search("pears").hits] == [KEY]
    assert [hit.key for hit in log.search("plums").hits] == [CHILD]
    log.rewind(KEY, "prompt:1")
    [hit] = log.search("pears").hits
    assert (hit.key, hit.origin, hit.abandoned) == (CHILD, KEY, False)
    assert str(hit.point) == f"message:{s.entries[2]['uuid']}"
    assert hit.point is not None
    assert list(log.iter_entries(CHILD, hit.point)) == s.entries[:3]
    log.rewind(CHILD, "prompt:1")
    assert texts(log, "pears") == []
    assert texts(log, "pears", all_branches=True) == ["green pears"]
    log.delete(KEY)
    assert [hit.key for hit in log.search("apples").hits] == [CHILD]


def test_what_is_deleted_is_found_on_request_alone(log: Log, talk: Talk) -> None:
    """A deleted session must never be found unasked, whatever else is asked for."""
    log.append(KEY, talk("red apples"))
    log.delete(KEY)
    assert texts(log, "apples") == texts(log, "apples", all_branches=True) == []
    [hit] = log.search("apples", asked=DELETED_TOO).hits
    assert hit.session.presence == "deleted"
    log.undelete(KEY)
    assert texts(log, "apples") == ["red apples"]


def test_a_new_life_has_nothing_of_the_old_one(log: Log, talk: Talk) -> None:
    """What was deleted must never be found as a branch that was left."""
    log.append(KEY, talk("red apples"))
    log.rename(KEY, "Apples")
    log.delete(KEY)
    log.append(KEY, talk("green pears"))
    assert texts(log, "apples") == texts(log, "apples", all_branches=True) == []
    assert texts(log, "pears") == ["green pears"]
    assert "red apples" in texts(log, "apples", asked=DELETED_TOO)


def test_a_subagent_is_live_while_its_call_is(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("red apples"))
    s.prompt("look around")
    call = s.answer(tools=[("Task", {"prompt": "find pears", "description": "pears"})])
    agent = s.subagent(call.tools[0])
    agent.answer("Here are pears from the orchard.")
    s.subagent_result(agent, "Found.")
    log.append(KEY, s.entries[2:])
    subkey = KEY._replace(subpath=f"subagents/agent-{agent.agent_id}")
    meta = {"type": "agent_metadata", "toolUseId": call.tools[0]}
    log.append(subkey, [*agent.entries, meta])
    assert [hit.key for hit in log.search("orchard").hits] == [subkey]
    log.rewind(KEY, "prompt:1")
    assert texts(log, "orchard") == []
    assert len(texts(log, "orchard", all_branches=True)) == 1
    log.delete(KEY)
    assert texts(log, "orchard", all_branches=True) == []


@pytest.mark.parametrize("moves", [["prompt:1"], ["prompt:0"], ["prompt:1", "prompt:0"]])
def test_a_title_follows_a_rewind(log: Log, s: Transcript, talk: Talk, moves: list[str]) -> None:
    log.append(KEY, talk("red apples"))
    s.title("Orchard")
    log.append(KEY, s.entries[2:])
    log.append(KEY, talk("green pears"))
    assert "Orchard" in texts(log, "orchard")
    for move in moves:
        log.rewind(KEY, move)
    there = "Orchard" in log.state(KEY).titles.values()
    assert texts(log, "orchard") == (["Orchard"] if there else [])
