"""A session as one value, now and at its checkpoints: nothing of it is stored twice."""

from __future__ import annotations

import pytest

import turnlog
from tests.sessions.conftest import Clock
from tests.support.transcripts import Transcript
from turnlog import Log, PointNotFound, Refused, SessionKey, UnknownSession, events
from turnlog.domain.usage import Usage

KEY = SessionKey("shop", "5e551014-0000-4000-8000-000000000001")


def answered(log: Log, *answers: str) -> Transcript:
    s = Transcript(KEY.session_id)
    for n, text in enumerate(answers, 1):
        s.prompt(f"Question {n}?")
        s.answer(text, usage={"output_tokens": 10 * n})
    log.append(KEY, s.entries, user_id="ada")
    return s


def test_a_session_is_loaded_whole(any_log: Log) -> None:
    s = answered(any_log, "One.", "Two.")
    any_log.update(KEY, title="Counting", tags=["numbers"], metadata={"ticket": 7})
    any_log.attempt_continuation(KEY, "cut off", "ada")
    found = any_log.get(KEY)
    assert (found.key, found.presence, found.status) == (KEY, "present", "complete")
    assert (found.title, found.prompt, found.text) == ("Counting", "Question 1?", "One.\n\nTwo.")
    assert (found.prompts, found.turns, found.entries) == (2, 2, len(s.entries))
    assert (found.stop_reason, found.continuations) == ("end_turn", 1)
    assert (found.user_id, found.models, found.tags) == ("ada", (s.model,), ("numbers",))
    assert found.metadata == {"ticket": 7}
    usage = [entry["message"]["usage"] for entry in s.entries if entry["type"] == "assistant"]
    assert found.usage.output_tokens == 30
    for counter in (
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    ):
        assert getattr(found.usage, counter) == sum(u[counter] for u in usage)
    assert found.created_at == any_log.sessions()[0].first_at
    assert found.version == any_log.state(KEY).version


def test_what_the_model_says_is_all_that_counts_as_text(log: Log) -> None:
    s = Transcript(KEY.session_id)
    s.prompt("Look.")
    s.run("Read", {"file_path": "a"}, "a file", text="I look.", thinking="Hmm.")
    s.answer("Found it", stop_reason="max_tokens")
    s.prompt("Go on.")
    s.answer(", in the loop.", thinking="Where was I?")
    s.answer("No response requested.", model="<synthetic>")
    log.append(KEY, s.entries)
    assert log.get(KEY).text == "I look.\n\nFound it, in the loop."


def test_the_text_is_of_the_live_branch(log: Log) -> None:
    answered(log, "One.", "Two.", "Three.")
    log.rewind(KEY, "prompt:1")
    found = log.get(KEY)
    assert (found.text, found.turns, found.usage.output_tokens) == ("One.", 1, 10)
    assert found.billed.output_tokens == 60
    assert log.get(log.fork(KEY).child).text == "One."


def test_the_text_is_stored_once(log: Log) -> None:
    """What the model said must never be written a second time, for a session or a checkpoint."""
    answer = "The very same words, said once. " * 40
    answered(log, answer)
    log.checkpoint(KEY, "here")
    notes = [
        r.event.model_dump_json(exclude={"body"})
        for r in log.events(KEY)
        if not isinstance(r.event, events.TurnRecorded)
    ]
    assert log.get_checkpoint(KEY, "here").text == answer
    assert not any("very same words" in note for note in notes)


@pytest.mark.parametrize("gone", ["delete", "erase"])
def test_what_is_gone_is_told_without_its_text(log: Log, gone: str) -> None:
    """A deleted conversation must never be read by asking for the session's figures."""
    answered(log, "One.")
    getattr(log, gone)(KEY)
    found = log.get(KEY)
    assert found.presence == f"{gone.removesuffix('e')}ed"
    assert (found.text, found.turns) == ("", 1)
    assert log.get(KEY, "prompt:0" if gone == "erase" else "prompt:1").text == ""


def test_a_prompt_that_was_told_is_the_one_that_is_shown(log: Log) -> None:
    """What an application told of a session must never be hidden by the first message in it."""
    log.create(KEY, prompt="Asked first")
    assert log.get(KEY).prompt == "Asked first"
    log.conversation(KEY).record("user", "hi")
    assert log.get(KEY).prompt == log.session(KEY.session_id).first_message == "Asked first"
    log.update(KEY, prompt="Changed")
    assert log.get(KEY).prompt == log.session(KEY.session_id).first_message == "Changed"


def test_the_first_message_is_shown_whole_where_nothing_was_told(log: Log) -> None:
    asked = "Why, " * 100 + "at last?"
    log.create(KEY, user_id="ada")
    talk = log.conversation(KEY)
    talk.record("user", asked)
    assert log.get(KEY).prompt == asked
    log.rewind(KEY, "prompt:0")
    talk.record("user", "Something else")
    assert log.get(KEY).prompt == "Something else"


def test_of_a_session_without_entries(timed: Log, clock: Clock) -> None:
    timed.create(KEY, prompt="Why?")
    found = timed.get(KEY)
    assert (found.prompt, found.text, found.usage, found.turns) == ("Why?", "", Usage(), 0)
    assert found.created_at == found.updated_at == clock.now


def test_there_is_no_such_session(log: Log) -> None:
    with pytest.raises(UnknownSession):
        log.get(KEY)
    with pytest.raises(UnknownSession):
        log.get_checkpoint(KEY, "here")
    with pytest.raises(UnknownSession):
        list(log.iter_checkpoints(KEY))


# -- checkpoints -----------------------------------------------------------------------------------


def test_a_checkpoint_has_the_turn_the_text_and_the_tokens_as_they_were(any_log: Log) -> None:
    s = answered(any_log, "One.", "Two.")
    any_log.checkpoint(KEY, "halfway", label="before three")
    then = any_log.get(KEY)
    before = len(s.entries)
    s.prompt("Three?")
    s.answer("Three.")
    any_log.append(KEY, s.entries[before:])
    found = any_log.get_checkpoint(KEY, "halfway")
    assert (found.name, found.turn, found.text) == ("halfway", 2, "One.\n\nTwo.")
    assert found.usage == then.usage != any_log.get(KEY).usage
    assert (found.row.label, found.row.live) == ("before three", True)
    assert any_log.get(KEY, "checkpoint:halfway") == found.then


def test_every_checkpoint_in_turn(log: Log) -> None:
    answered(log, "One.", "Two.", "Three.")
    log.checkpoint(KEY, "mine")
    assert [(c.name, c.turn, c.text, c.usage.output_tokens) for c in log.iter_checkpoints(KEY)] == [
        ("prompt-1", 1, "One.", 10),
        ("prompt-2", 2, "One.\n\nTwo.", 30),
        ("prompt-3", 3, "One.\n\nTwo.\n\nThree.", 60),
        ("mine", 3, "One.\n\nTwo.\n\nThree.", 60),
    ]


def test_a_checkpoint_id_is_used_once(any_log: Log) -> None:
    """Two points must never have one name: nobody could tell where a rewind would go."""
    answered(any_log, "One.", "Two.")
    any_log.checkpoint(KEY, "here")
    with pytest.raises(Refused, match="has a checkpoint 'here' already; choose another name"):
        any_log.checkpoint(KEY, "here")
    with pytest.raises(Refused, match="name of an automatic checkpoint"):
        any_log.checkpoint(KEY, "prompt-7")
    assert [row.name for row in any_log.checkpoints(KEY)] == ["prompt-1", "prompt-2", "here"]


def test_a_name_that_a_rewind_left_behind_is_free_again(log: Log) -> None:
    answered(log, "One.", "Two.")
    log.checkpoint(KEY, "here")
    log.rewind(KEY, "prompt:1")
    assert log.get_checkpoint(KEY, "here").text == "One.\n\nTwo.", "it can still be gone back to"
    log.checkpoint(KEY, "here")
    assert log.get_checkpoint(KEY, "here").text == "One."


def test_an_unknown_checkpoint(log: Log) -> None:
    answered(log, "One.")
    with pytest.raises(PointNotFound, match="'there': this session has no such checkpoint"):
        log.get_checkpoint(KEY, "there")


async def test_the_async_log_has_the_same(sqlite_url: str) -> None:
    async with await turnlog.open_async(sqlite_url) as log:
        answered(log.log, "One.")
        assert (await log.get(KEY)).text == "One."
        assert (await log.get_checkpoint(KEY, "prompt-1")).turn == 1
        assert [c.name async for c in log.iter_checkpoints(KEY)] == ["prompt-1"]
        assert await log.attempt_continuation(KEY) == 1
        begun = await log.get_or_create("/srv/shop", user_id="ada")
        assert (await log.update(begun.key, title="Mine")).version == 2


def test_every_checkpoint_in_one_pass_is_as_it_is_alone(log: Log) -> None:
    """A list must never tell another text or other figures than the checkpoint itself."""
    s = answered(log, *(f"Answer {n}." for n in range(1, 8)))
    log.checkpoint(KEY, "before")
    log.rewind(KEY, "prompt:4")
    log.checkpoint(KEY, "after")
    fork = log.fork(KEY).child
    more = Transcript(KEY.session_id, seed=2)
    more.leaf = s.entries[7]["uuid"]
    more.prompt("On another way?")
    more.run("Read", {"file_path": "a"}, "a file", text="I look.")
    more.answer("Yes", stop_reason="max_tokens")
    log.append(fork, more.entries)
    log.checkpoint(fork, "here")
    late = SessionKey("shop", "late")
    log.append(late, [entry for n, entry in enumerate(s.entries) if n not in (4, 5)])
    log.checkpoint(late, "early")
    log.append(late, s.entries[4:6])
    for key, least in ((KEY, 5), (fork, 2), (late, 6)):
        found = list(log.iter_checkpoints(key))
        assert [c.name for c in found] == [row.name for row in log.checkpoints(key) if row.live]
        assert len(found) >= least
        for one in found:
            assert one == log.get_checkpoint(key, one.name), one.name
