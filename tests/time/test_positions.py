"""A session at a position of the log."""

import pytest

from tests.time.conftest import CHILD, KEY, Talk
from turnlog import Log, PointNotFound
from turnlog.domain.evolving import fold
from turnlog.domain.session import SessionState


def test_a_position_is_the_last_version_that_the_log_held_then(log: Log, talk: Talk) -> None:
    """A session between two of its events must never be told as it was to be."""
    log.append(KEY, talk("First?"))
    log.append(CHILD, talk("Elsewhere?"))
    log.append(KEY, talk("Second?"))
    log.rewind(KEY, "prompt:1")
    trail = list(log.events(KEY))
    ends = [recorded.position for recorded in trail]
    for position in range(ends[-1] + 1):
        held = [r.event for r in trail if r.position <= position]
        assert log.at(KEY, f"position:{position}") == fold(SessionState(KEY), held)
    assert list(log.iter_entries(KEY, f"position:{ends[0] - 1}")) == []


def test_a_position_past_the_end_of_the_log_is_refused(log: Log, talk: Talk) -> None:
    log.append(KEY, talk("First?"))
    last = list(log.events(KEY))[-1].position
    log.at(KEY, f"position:{last}")
    with pytest.raises(PointNotFound, match=f"the log ends at position {last}"):
        log.at(KEY, f"position:{last + 1}")
