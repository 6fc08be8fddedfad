"""A log in memory serves readers and writers that take turns on one connection."""

import turnlog
from turnlog.domain.keys import SessionKey

KEY = SessionKey("project", "session")


def test_one_may_append_while_reading() -> None:
    """Whoever appends while an iterator of the log is open must never wait for himself."""
    with turnlog.open("sqlite://") as log:
        log.append(KEY, [{"type": "note", "n": 1}, {"type": "note", "n": 2}])
        for event in log.events(KEY):
            log.append(KEY, [{"type": "note", "seen": event.version}])
        assert next(log.iter_entries(KEY)) == {"type": "note", "n": 1}
        assert log.verify().holds
