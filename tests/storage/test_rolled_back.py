"""What a transaction that failed leaves in memory."""

from __future__ import annotations

import pytest

import turnlog
from turnlog.adapters.claude.batches import prepare
from turnlog.appending import Arrival, append
from turnlog.domain.errors import Refused
from turnlog.domain.events import SessionStarted
from turnlog.domain.keys import SessionKey

ENTRY = {"type": "user", "uuid": "u", "message": {"role": "user", "content": "Why?"}}
GONE, THERE = SessionKey("p", "gone"), SessionKey("p", "there")


@pytest.mark.parametrize("entries", [[], [ENTRY]])
def test_a_session_that_was_rolled_back_leaves_nothing_to_the_next(
    store_url: str, entries: list[object]
) -> None:
    """A session must never be recorded under the name of one that was rolled back."""

    def work(transaction: object) -> None:
        append(transaction, Arrival(GONE, prepare(GONE, entries)))  # type: ignore[arg-type]
        raise Refused("no more")

    with turnlog.open(store_url) as log:
        with pytest.raises(Refused):
            log.store.write(work)
        assert log.append(THERE, [ENTRY]).recorded == 1
        (started, *_) = (recorded.event for recorded in log.events(THERE))
        assert isinstance(started, SessionStarted)
        assert started.session_id == "there"
        assert log.state(THERE).key == THERE
        assert log.load(GONE) is None
        assert log.append(GONE, [ENTRY]).recorded == 1
