"""A projection of one's own is killed while it is caught up: every event counts exactly once."""

from __future__ import annotations

from collections import Counter

import turnlog
from tests.faults.counting import Counts, count_and_die
from tests.faults.oracles import conversation
from tests.faults.processes import child
from turnlog import SessionKey

KEY = SessionKey("shop", "counted")


def test_a_kill_while_one_adds_up_neither_doubles_nor_loses_an_event(durable_url: str) -> None:
    """A sum must never hold an event twice, or miss one, because its process was killed."""
    batches = conversation(8)
    with turnlog.open(durable_url, projections=[Counts]) as log:
        for batch in batches[:3]:
            log.append(KEY, batch)
    with child(count_and_die, durable_url, 0) as counting:
        (statements,) = counting.rest()
    with turnlog.open(durable_url) as log:
        for batch in batches[3:]:
            log.append(KEY, batch)
    killed = 0
    for statement in range(1, statements + 1, max(1, statements // 4)):
        with child(count_and_die, durable_url, statement) as counting:
            counting.rest()
            killed += counting.was_killed
    assert killed > 2
    with turnlog.open(durable_url, projections=[Counts]) as log:
        happened = [(r.topic, r.position, r.version) for r in log.events(KEY)]
        events = Counter(topic for topic, _, _ in happened)
        assert {row["topic"]: row["events"] for row in log.rows(Counts, "kinds")} == events
        for row in log.rows(Counts, "kinds"):
            positions = sum(p for topic, p, _ in happened if topic == row["topic"])
            assert row["positions"] == positions
        [last] = log.rows(Counts, "last")
        assert (last["of"], last["version"]) == (happened[-1][0], happened[-1][2])
