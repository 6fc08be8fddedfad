"""What a session's row shows when the session begins a new life."""

from __future__ import annotations

import pytest

import turnlog
from tests.support.transcripts import Transcript
from turnlog.domain.keys import SessionKey


@pytest.mark.parametrize("again", [1, 2])
def test_the_responses_of_a_deleted_life_are_not_live(again: int) -> None:
    """A response must never be live twice, once for each life of its session."""
    s = Transcript()
    s.answer("So.", thinking="Hm.")
    key = SessionKey("shop", s.session_id)
    with turnlog.open("sqlite://") as log:
        for entry in s.entries:
            log.append(key, [entry])
        log.delete(key)
        log.append(key, s.entries[:again])
        row, state = log.session(s.session_id), log.state(key)
        assert row.live.usage.input_tokens == state.live.usage.input_tokens
        assert row.billed.usage.output_tokens == s.entries[-1]["message"]["usage"]["output_tokens"]
        log.rebuild()
        assert log.session(s.session_id) == row
