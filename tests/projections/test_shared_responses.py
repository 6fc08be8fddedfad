"""A response that several sessions hold is billed once."""

from __future__ import annotations

import turnlog
from tests.support.transcripts import Transcript
from turnlog.domain.keys import SessionKey


def test_a_copied_session_is_billed_once_and_leaves_no_read_model_stale(sqlite_url: str) -> None:
    """Two sessions that share responses must never stop the read model that adds them up."""
    origin = Transcript(seed=1)
    origin.prompt("Why is the checkout slow?")
    origin.answer("The total is computed once per row.")
    copy = origin.fork(by="sdk")
    copy.prompt("And on Sundays?")
    copy.answer("The same.")
    with turnlog.open(sqlite_url) as log:
        for transcript in (copy, origin):  # the owner comes last, and takes its response over
            log.append(SessionKey("shop", transcript.session_id), transcript.entries)
        first, second = log.session(origin.session_id), log.session(copy.session_id)
        stats = log.stats()
    own = copy.entries[-1]["message"]["usage"]["output_tokens"]
    shared = origin.entries[-1]["message"]["usage"]["output_tokens"]
    assert first.billed.usage.output_tokens == shared
    assert second.billed.usage.output_tokens == own
    assert second.live.usage.output_tokens == own + shared
    assert stats.billed.usage.output_tokens == own + shared
