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
