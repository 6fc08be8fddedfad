"""Prompts of several entries, some of which come late."""

from __future__ import annotations

import pytest

import turnlog
from tests.support.transcripts import Transcript
from tests.time.conftest import KEY


@pytest.mark.parametrize("url", ["memory:", "sqlite://"])
def test_a_prompt_is_one_whatever_of_it_came_late(url: str) -> None:
    """The part of a prompt that comes late must never be counted as another prompt."""
    s = Transcript(KEY.session_id)
    s.prompt("Look at this:", prompt_id="p1")
    s.attachment("todo")
    s.user("and at that.", promptId="p1")
    s.answer("Seen.")
    s.prompt("Next?")
    s.answer("Next.")
    for lost in range(3):
        with turnlog.open(url) as log:
            log.append(KEY, [entry for n, entry in enumerate(s.entries) if n != lost])
            log.append(KEY, [s.entries[lost]])
            assert log.state(KEY).live.prompts == 2, lost
            assert log.load(KEY) == s.entries


@pytest.mark.parametrize("url", ["memory:", "sqlite://"])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_prompt_that_comes_after_the_result_of_its_tool_is_counted(
    url: str, at_once: bool
) -> None:
    """A prompt must never be missing because a result of its tools, which has its id, was there."""
    s = Transcript(KEY.session_id)
    s.prompt("One?")
    s.answer("One.")
    s.prompt("Two?", prompt_id="p2")
    s.run("Read", {"file_path": "cart.py"}, "def total(cart): ...")
    s.answer("Two.")
    assert s.entries[4]["promptId"] == "p2"
    with turnlog.open(url) as log:
        log.append(KEY, s.entries[:2] + s.entries[4:])
        if at_once:
            log.append(KEY, s.entries[2:4])
        else:
            log.append(KEY, [s.entries[3]])
            log.append(KEY, [s.entries[2]])
        assert log.load(KEY) == s.entries
        assert log.state(KEY).live.prompts == 2
