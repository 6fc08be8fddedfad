"""`diff`: what happened between two points of a session."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.log_machine import Machine
from tests.support.transcripts import Transcript
from tests.time.conftest import CHILD, KEY, Talk
from turnlog import InvalidPoint, Log, PointNotFound, UnknownSession
from turnlog.domain.keys import SessionKey
from turnlog.projections.sessions import Spent
from turnlog.time.stretch import Called, Stretch


def asked(stretch: Stretch) -> list[tuple[int | None, str]]:
    return [(prompt.number, prompt.text) for prompt in stretch.prompts]


@pytest.fixture
def worked(log: Log, s: Transcript) -> Transcript:
    """Three prompts: one is only answered, one reads and edits, one runs a command that fails."""
    s.prompt("What is there?")
    s.answer("A shop.", usage={"output_tokens": 5})
    s.prompt("Change it.")
    s.run("Read", {"file_path": "/home/ada/shop/cart.py"}, "pass", usage={"output_tokens": 7})
    edit = {"file_path": "/home/ada/shop/cart.py", "old_string": "a", "new_string": "b"}
    s.run("Edit", edit, "ok", usage={"output_tokens": 11})
    s.run("Edit", {**edit, "file_path": "/home/ada/x.py"}, "no such file", is_error=True)
    s.answer("Done.", usage={"output_tokens": 13})
    s.prompt("Test it.")
    s.run("Bash", {"command": "pytest -q\n# twice"}, "1 failed", is_error=True)
    s.answer("It fails.", usage={"output_tokens": 17})
    log.append(KEY, s.entries)
    return s


def test_what_leads_from_one_point_to_the_next(log: Log, worked: Transcript) -> None:
    found = log.diff(KEY, "prompt:1", "prompt:2")
    assert (found.a.prompts, found.b.prompts, found.common) == (1, 2, found.a)
    assert (found.left, found.aside) == (Stretch(), Stretch())
    added = found.added
    assert asked(added) == [(2, "Change it.")]
    assert (added.turns, added.entries) == (4, 8)
    assert added.tools == {"Read": Called(1, 0), "Edit": Called(2, 1)}
    assert added.files == {"/home/ada/shop/cart.py": {"Read": 1, "Edit": 1}}
    assert added.commands == ()
    assert added.models == (worked.model,)
    later = log.diff(KEY, "prompt:2").added
    assert later.tools == {"Bash": Called(1, 1)}
    assert later.commands == ("pytest -q\n# twice",)


def test_backwards_the_same_is_left(log: Log, worked: Transcript) -> None:
    there, back = log.diff(KEY, "prompt:1", "prompt:3"), log.diff(KEY, "prompt:3", "prompt:1")
    assert (back.left, back.added, back.aside) == (there.added, Stretch(), Stretch())
    assert back.common == back.b
    assert back.live.cost_nano_usd == -there.live.cost_nano_usd < 0
    assert back.billed == Spent(), "money is never un-spent"
    assert {c.what: (c.after, c.before) for c in back.changed} == {
        c.what: (c.before, c.after) for c in there.changed
    }


def test_a_point_and_itself_are_the_same(log: Log, worked: Transcript) -> None:
    found = log.diff(KEY, "prompt:2", "prompt:2")
    assert (found.left, found.added, found.changed) == (Stretch(), Stretch(), ())
    assert (found.live, found.billed) == (Spent(), Spent())


def test_everything_adds_up_to_the_session(log: Log, worked: Transcript) -> None:
    """A difference must never count a response twice, or none of its copies."""
    row = log.session(KEY.session_id)
    found = log.diff(KEY, "prompt:0")
    assert found.added.spent == found.live == row.live
    assert found.billed == row.billed
    parts = [log.diff(KEY, f"prompt:{n}", f"prompt:{n + 1}").added for n in range(3)]
    total = Spent()
    for part in parts:
        total = total.plus(part.spent)
    assert total == row.live
    assert sum(part.entries for part in parts) == found.added.entries == row.entries
    assert sum(part.turns for part in parts) == row.turns


def test_between_branches_what_was_left_and_what_was_added(log: Log, worked: Transcript) -> None:
    abandoned = log.state(KEY).version
    log.rewind(KEY, "prompt:1")
    again = Transcript(KEY.session_id, seed=7)
    again.leaf = worked.entries[1]["uuid"]
    again.prompt("Rather write it anew.")
    again.run("Write", {"file_path": "/home/ada/shop/cart.py", "content": "x"}, "ok")
    again.answer("Written.", usage={"output_tokens": 19})
    log.append(KEY, again.entries)
    found = log.diff(KEY, abandoned, "prompt:2")
    assert asked(found.left) == [(2, "Change it."), (3, "Test it.")]
    assert asked(found.added) == [(2, "Rather write it anew.")]
    assert found.added.files == {"/home/ada/shop/cart.py": {"Write": 1}}
    assert (found.common.prompts, found.common.turns, found.common.entries) == (1, 1, 2)
    assert found.aside == Stretch()
    assert found.live.cost_nano_usd == (
        found.added.spent.cost_nano_usd - found.left.spent.cost_nano_usd
    )
    # The same seen from before both: the first branch was tried and left again.
    beyond = log.diff(KEY, "prompt:1")
    assert asked(beyond.added) == [(2, "Rather write it anew.")]
    assert [prompt.text for prompt in beyond.aside.prompts] == ["Change it.", "Test it."]
    assert beyond.aside.prompts[0].number is None
    row = log.session(KEY.session_id)
    first = log.diff(KEY, "prompt:0", "prompt:1").billed
    assert first.plus(beyond.billed) == row.billed


def test_what_changed_about_the_session(log: Log, worked: Transcript) -> None:
    before = log.state(KEY).version
    log.rename(KEY, "Cart")
    log.tag(KEY, ["shop", "cart"])
    log.set_status(KEY, "abandoned", "given up")
    found = log.diff(KEY, before)
    assert {c.what: c.after for c in found.changed if c.what != "stop_reason"} == {
        "title": "Cart",
        "tags": ("shop", "cart"),
        "status": "abandoned",
    }
    assert not found.added.entries


def test_subagents_count_where_they_were_called(log: Log, s: Transcript) -> None:
    s.prompt("Look around.")
    call = s.answer(tools=[("Task", {"prompt": "Search.", "subagent_type": "Explore"})]).tools[0]
    agent = s.subagent(call)
    agent.answer("Found.", usage={"output_tokens": 23})
    s.subagent_result(agent, "Found.")
    s.answer("There.")
    s.prompt("Thanks.")
    s.answer("Welcome.")
    log.append(KEY, s.entries)
    meta = {"type": "agent_metadata", **agent.meta}
    log.append(KEY._replace(subpath=f"subagents/{agent.agent_id}"), [meta, *agent.entries])
    first, second = log.diff(KEY, "prompt:0", "prompt:1"), log.diff(KEY, "prompt:1")
    assert (first.added.subagents, second.added.subagents) == (1, 0)
    assert first.added.by_subagents.usage.output_tokens == 23
    assert first.billed.plus(second.billed) == log.session(KEY.session_id).billed


def test_a_response_that_a_point_cuts_in_two_is_counted_once(log: Log, s: Transcript) -> None:
    s.prompt("Hello?")
    s.answer("Hello.", thinking="A greeting.", usage={"output_tokens": 29})
    log.append(KEY, s.entries)
    cut = f"message:{s.entries[1]['uuid']}"
    first, second = log.diff(KEY, "prompt:0", cut).added, log.diff(KEY, cut).added
    assert (first.turns, second.turns) == (1, 0)
    assert (first.spent.usage.output_tokens, second.spent.usage.output_tokens) == (29, 0)


def test_a_fork_is_compared_with_where_it_comes_from(log: Log, worked: Transcript) -> None:
    log.fork(KEY, "prompt:2", into=CHILD)
    s = Transcript(CHILD.session_id, seed=3)
    s.leaf = worked.entries[9]["uuid"]
    s.prompt("In the fork.")
    s.answer("Yes.")
    log.append(CHILD, s.entries)
    found = log.diff(CHILD, "prompt:1")
    assert asked(found.added) == [(2, "Change it."), (3, "In the fork.")]
    assert found.added.tools == {"Read": Called(1, 0), "Edit": Called(2, 1)}
    back = log.diff(CHILD, "prompt:3", "prompt:2")
    assert asked(back.left) == [(3, "In the fork.")]


def test_nothing_in_an_entry_can_be_relied_on(log: Log, s: Transcript) -> None:
    """A transcript that holds other types than expected must never stop a comparison."""
    s.prompt("Odd \x00 \ud800 text")
    entry = s.answer("x").entries[0]
    odd: list[Any] = [
        {"type": "tool_use", "name": "Edit", "input": {"file_path": ["no", "path"]}},
        {"type": "tool_use", "name": "Edit", "id": 7, "input": "no input"},
        {"type": "tool_use", "name": None, "id": "a", "input": None},
        {"type": "tool_use", "name": "Bash", "id": "b", "input": {"command": {"a": 1}}},
        {"type": "tool_result", "tool_use_id": ["b"], "is_error": True},
        {"type": "tool_use", "name": "Read", "id": "c", "input": {"file_path": "a\x00\n\ud800"}},
        "no block",
        None,
    ]
    entry["message"]["content"] = odd
    log.append(KEY, s.entries)
    added = log.diff(KEY, "prompt:0").added
    assert added.prompts[0].text == "Odd \x00 \ud800 text"
    assert sum(called.calls for called in added.tools.values()) == 5
    assert added.files == {"a\x00\n\ud800": {"Read": 1}}


def test_what_is_no_point_is_refused(log: Log, worked: Transcript) -> None:
    with pytest.raises(InvalidPoint):
        log.diff(KEY, "soon")
    with pytest.raises(PointNotFound, match="prompt:3"):
        log.diff(KEY, "prompt:1", "prompt:9")
    with pytest.raises(PointNotFound, match="the log ends at"):
        log.diff(KEY, "position:99999")
    with pytest.raises(UnknownSession):
        log.diff(SessionKey("-home-ada-shop", "another"), "prompt:1")


def test_late_entries_are_on_the_branch_they_belong_to(log: Log, talk: Talk) -> None:
    first, lost, last = talk("First?"), talk("Lost?"), talk("Last?")
    log.append(KEY, first)
    log.append(KEY, last)
    before = log.state(KEY).version
    log.append(KEY, lost)
    found = log.diff(KEY, before)
    assert asked(found.added) == [(2, "Lost?")]
    assert (found.left, found.common) == (Stretch(), found.a)
    assert found.b.entries == found.a.entries + 2


class Compared(Machine):
    """Whatever happened, a difference says how one point becomes the other."""

    def teardown(self) -> None:
        for writer in self.everyone:
            if writer.plain.begun:
                last = self.log.state(writer.key).version
                points = sorted({1, last // 3 + 1, 2 * last // 3 + 1, last})
                for a, b in product(points, points):
                    self.compare(writer.key, a, b)
        self.log.close()

    def compare(self, key: SessionKey, a: int, b: int) -> None:
        there, back = self.log.diff(key, a, b), self.log.diff(key, b, a)
        assert (there.left, there.added) == (back.added, back.left)
        kept = there.a.entries - there.left.entries
        assert kept + there.added.entries == there.b.entries
        assert there.common.entries == kept
        if a == b:
            assert (there.left, there.added, there.changed) == (Stretch(), Stretch(), ())


TestWhateverHappened = Compared.TestCase
TestWhateverHappened.settings = settings(
    max_examples=4,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
