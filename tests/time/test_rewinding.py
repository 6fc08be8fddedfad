"""Going back: what is kept, what it costs, what comes late."""

from __future__ import annotations

import pytest

from tests.support.transcripts import Transcript
from tests.time.conftest import KEY, Talk, output
from turnlog import Log
from turnlog.domain import events as e
from turnlog.domain.errors import PointNotFound


@pytest.mark.parametrize("to", ["prompt:1", "turn:1", "checkpoint:prompt-1", "message"])
def test_what_was_derived_from_the_last_entry_kept_is_kept(
    log: Log, s: Transcript, talk: Talk, to: str
) -> None:
    """A rewind must never drop what the last answer cost, nor the title behind it."""
    log.append(KEY, talk("one?", 10))
    log.append(KEY, talk("two?", 20))
    log.rewind(KEY, to if to != "message" else f"message:{s.entries[1]['uuid']}")
    assert log.load(KEY) == s.entries[:2]
    assert log.state(KEY).live.usage.output_tokens == 10
    assert output(log) == (30, 10)
    assert log.state(KEY).status == "complete"


def test_a_dry_run_changes_nothing(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("one?") + talk("two?"))
    before = log.state(KEY)
    rewound = log.rewind(KEY, "prompt:1", dry_run=True)
    assert (rewound.before.prompts, rewound.after.prompts, rewound.done) == (2, 1, False)
    assert log.state(KEY) == before
    assert log.load(KEY) == s.entries


def test_back_to_an_abandoned_branch(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("one?", 1) + talk("two?", 2))
    first = list(s.entries)
    log.rewind(KEY, "prompt:1")
    s.leaf = first[1]["uuid"]
    log.append(KEY, talk("another?", 4))
    assert output(log) == (7, 5)
    log.rewind(KEY, f"message:{first[-1]['uuid']}")
    assert log.load(KEY) == first
    assert output(log) == (7, 3)


def test_a_checkpoint_of_a_deleted_life_is_not_there(log: Log, talk: Talk) -> None:
    """What was deleted must never come back through the name of a checkpoint."""
    log.append(KEY, talk("one?") + talk("two?"))
    log.delete(KEY)
    log.append(KEY, talk("three?"))
    with pytest.raises(PointNotFound):
        log.rewind(KEY, "checkpoint:prompt-2")


def test_a_version_of_a_deleted_life_is_not_a_head(log: Log, talk: Talk) -> None:
    """What was deleted must never come back through a version."""
    log.append(KEY, talk("one?") + talk("two?"))
    version = log.state(KEY).version
    log.delete(KEY)
    log.append(KEY, talk("three?"))
    with pytest.raises(PointNotFound):
        log.rewind(KEY, version)


def test_a_new_life_can_be_rewound(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("one?"))
    log.delete(KEY)
    log.append(KEY, talk("two?") + talk("three?"))
    log.rewind(KEY, "prompt:1")
    assert log.load(KEY) == s.entries[2:4]
    assert log.state(KEY).title == "two?"
    assert log.state(KEY).presence == "present"


# -- what the CLI forked in its own tree -----------------------------------------------------------


def test_a_response_that_the_cli_left_is_live_again_when_one_goes_back_to_it(
    log: Log, s: Transcript, talk: Talk
) -> None:
    """The row must never show another live total than the events."""
    log.append(KEY, talk("one?", 1) + talk("two?", 2))
    left = s.leaf
    s.leaf = s.entries[1]["uuid"]
    log.append(KEY, talk("another?", 4))
    assert output(log) == (7, 5)
    log.rewind(KEY, f"message:{left}")
    assert log.state(KEY).live.usage.output_tokens == 3
    assert output(log) == (7, 3)


def test_the_cli_goes_back_behind_a_rewind(log: Log, s: Transcript, talk: Talk) -> None:
    """The row must never show another live total than the events."""
    log.append(KEY, talk("one?", 1) + talk("two?", 2) + talk("three?", 4))
    log.rewind(KEY, "prompt:2")
    s.leaf = s.entries[1]["uuid"]
    log.append(KEY, talk("another?", 8))
    assert log.state(KEY).live.usage.output_tokens == 9
    assert output(log) == (15, 9)


# -- late entries ----------------------------------------------------------------------------------


def test_entries_at_a_version_stay_the_same(log: Log, s: Transcript, talk: Talk) -> None:
    """What a version held must never change: not even when something comes late."""
    log.append(KEY, talk("one?"))
    lost = talk("two?")
    log.append(KEY, talk("three?"))
    version = log.state(KEY).version
    then = list(log.iter_entries(KEY, version))
    assert then == s.entries[:2] + s.entries[4:]
    log.append(KEY, lost)
    assert log.load(KEY) == s.entries
    assert list(log.iter_entries(KEY, version)) == then
    assert list(log.iter_entries(KEY, log.state(KEY).version)) == s.entries


def test_a_title_that_came_late_is_kept_with_its_entry(log: Log, talk: Talk, s: Transcript) -> None:
    """A rewind must never drop the title of a prompt that it keeps."""
    first = talk("one?")
    log.append(KEY, talk("two?"))
    log.append(KEY, first)
    assert log.state(KEY).title == "one?"
    log.rewind(KEY, "prompt:2")
    assert log.state(KEY).title == "one?"


def test_a_rewind_to_the_end_of_what_came_late(log: Log, s: Transcript, talk: Talk) -> None:
    log.append(KEY, talk("one?", 1))
    lost = talk("two?", 2)
    log.append(KEY, talk("three?", 4))
    log.append(KEY, lost)
    log.rewind(KEY, "prompt:2")
    assert log.load(KEY) == s.entries[:4]
    assert output(log) == (7, 3)


def test_what_was_lost_right_behind_a_rewind_stands_there(
    log: Log, s: Transcript, talk: Talk
) -> None:
    """What comes late must never be the last entry of ``load``: not behind a rewind either."""
    log.append(KEY, talk("one?", 1) + talk("two?", 2))
    kept = s.entries[:2]
    log.rewind(KEY, "prompt:1")
    s.leaf = kept[-1]["uuid"]
    first, second, third = talk("three?", 4), talk("four?", 8), talk("five?", 16)
    log.append(KEY, third)
    log.append(KEY, first)
    assert log.load(KEY) == kept + first + third
    log.append(KEY, second)
    assert log.load(KEY) == kept + first + second + third
    assert output(log) == (31, 29)


def test_a_rewind_into_the_middle_of_what_came_late(log: Log, s: Transcript, talk: Talk) -> None:
    """A prompt that came late must never be dropped by going back to its end."""
    log.append(KEY, talk("one?", 1))
    lost = talk("two?", 2) + talk("three?", 4)
    log.append(KEY, talk("four?", 8))
    log.append(KEY, lost)
    log.rewind(KEY, "prompt:2")
    assert log.load(KEY) == s.entries[:4]
    assert output(log) == (15, 3)


def test_a_conflict_that_comes_again_is_recorded_once(log: Log, talk: Talk) -> None:
    """The mirror delivers at least once; nothing must ever be recorded twice."""
    prompt, _ = talk("one?")
    log.append(KEY, [prompt])
    changed = prompt | {"version": "9.9.9"}
    assert log.append(KEY, [changed]).conflicts == 1
    assert log.append(KEY, [changed]).conflicts == 0
    conflicts = [x for x in log.events(KEY) if isinstance(x.event, e.EntryConflicted)]
    assert len(conflicts) == 1


# -- time ------------------------------------------------------------------------------------------


def test_a_time_holds_all_that_had_happened_by_then(log: Log, s: Transcript, talk: Talk) -> None:
    """A time must never cut an answer off from what it cost."""
    log.append(KEY, talk("one?", 1))
    moment = s.entries[-1]["timestamp"]
    s.wait(minutes=1)
    log.append(KEY, talk("two?", 2))
    then = log.at(KEY, f"time:{moment}")
    assert then.live.usage.output_tokens == 1
    assert then.status == "complete"
    assert log.at(KEY, "time:2000-01-01").version == 0
    assert log.at(KEY, "time:2100-01-01") == log.state(KEY)


def test_going_back_within_a_response_keeps_what_the_row_keeps(
    log: Log, s: Transcript, talk: Talk
) -> None:
    """The row must never show another live total than the events."""
    log.append(KEY, talk("one?", 10, thinking="Hm."))
    log.rewind(KEY, f"message:{s.entries[1]['uuid']}")
    assert output(log)[1] == log.state(KEY).live.usage.output_tokens
