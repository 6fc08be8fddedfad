"""The live context: what summaries stand for and trims leave out, on every branch."""

from __future__ import annotations

import pytest

import turnlog
from tests.messages.conftest import CHILD, KEY, ids
from tests.support.transcripts import Transcript
from turnlog import Conversation, Log, PointNotFound, Refused, UnknownSession


def test_a_summary_stands_for_what_came_before_it(store_url: str) -> None:
    with turnlog.open(store_url) as log:
        talk = log.conversation(KEY)
        talk.record("user", "Why?", id="q1", tokens=3)
        talk.record("assistant", "So.", id="a1", tokens=5)
        talk.summarize("Asked why; so.", id="s", tokens=4)
        talk.record("user", "And?", id="q2")
        assert ids(talk.context()) == ["s", "q2"]
        assert ids(talk.messages()) == ["q1", "a1", "s", "q2"], "the log keeps them"
        assert [m.is_summary for m in talk.messages()] == [False, False, True, False]
        entries = log.load(KEY) or []
        boundary = entries[2]
        assert (boundary["subtype"], boundary["parentUuid"]) == ("compact_boundary", None)
        assert boundary["compactMetadata"] == {"trigger": "manual", "preTokens": 8}
        assert [e.topic for e in log.events(KEY)].count("ContextSummarized.v1") == 1
        assert log.session(KEY.session_id).prompts == 2, "a summary is no prompt"


def test_a_summary_may_leave_the_last_messages_in(said: Conversation) -> None:
    said.summarize("Question 1 was answered.", before="q2", id="s")
    said.record("user", "Question 3?", id="q3")
    assert ids(said.context()) == ["s", "q2", "a2", "q3"]


def test_a_later_summary_stands_for_the_earlier_one(said: Conversation) -> None:
    said.summarize("One.", before="a1", id="s1")
    said.summarize("Two.", before="a2", id="s2")
    assert ids(said.context()) == ["s2", "a2"]
    said.trim("q1")
    assert ids(said.context()) == ["s2", "q1", "a1", "q2", "a2"]
    said.summarize("All.", id="s3")
    assert ids(said.context()) == ["s3"]


def test_what_is_trimmed_leaves_the_context_and_nothing_else(said: Conversation, log: Log) -> None:
    loaded = log.load(KEY)
    row = log.session(KEY.session_id)
    tried = said.trim("q2", dry_run=True)
    assert (tried.dropped, tried.kept, tried.done) == (2, 2, False)
    assert ids(said.context()) == ["q1", "a1", "q2", "a2"]
    done = said.trim("q2", reason="long enough", actor="ada")
    assert (done.dropped, done.kept, done.done) == (2, 2, True)
    assert ids(said.context()) == ["q2", "a2"]
    assert ids(said.messages()) == ["q1", "a1", "q2", "a2"]
    assert log.load(KEY) == loaded
    assert said.count() == 4
    after = log.session(KEY.session_id)
    assert (after.billed, after.live) == (row.billed, row.live), "money is never un-spent"
    (deed,) = [d for d in log.audit() if d.kind == "ContextTrimmed"]
    assert (deed.actor, deed.reason) == ("ada", "long enough")


def test_the_same_trim_again_changes_nothing(said: Conversation, log: Log) -> None:
    said.trim("q2")
    before = log.state(KEY).version
    assert said.trim("q2").dropped == 0
    assert log.state(KEY).version == before


def test_an_earlier_trim_takes_messages_back(said: Conversation) -> None:
    said.trim("a2")
    assert ids(said.context()) == ["a2"]
    assert said.trim("q1").kept == 4
    assert ids(said.context()) == ["q1", "a1", "q2", "a2"]


def test_a_trim_on_a_branch_that_was_left_does_not_count(said: Conversation, log: Log) -> None:
    """A rewind must never leave the context shorter than it was."""
    said.record("user", "Question 3?", id="q3")
    trimmed = log.state(KEY).version
    said.trim("q3")
    assert ids(said.context()) == ["q3"]
    log.rewind(KEY, "prompt:2")
    assert ids(said.context()) == ["q1", "a1", "q2", "a2"]
    assert ids(said.context(at=f"version:{trimmed + 1}")) == ["q3"]
    log.rewind(KEY, f"version:{trimmed + 1}")
    assert ids(said.context()) == ["q3"], "and a rewind of the rewind brings it back"


def test_a_trim_belongs_to_the_message_that_it_follows(said: Conversation, log: Log) -> None:
    said.trim("q2")
    said.record("user", "Question 3?", id="q3")
    log.rewind(KEY, "message:a2")
    assert ids(said.context()) == ["q2", "a2"]
    log.rewind(KEY, "message:q2")
    assert ids(said.context()) == ["q1", "a1", "q2"]


def test_a_summary_on_a_branch_that_was_left_stands_for_nothing(
    said: Conversation, log: Log
) -> None:
    said.summarize("Two answers.", before="a2", id="s")
    said.record("user", "Question 3?", id="q3")
    assert ids(said.context()) == ["s", "a2", "q3"]
    log.rewind(KEY, "message:a2")
    assert ids(said.context()) == ["q1", "a1", "q2", "a2"]
    with pytest.raises(Refused, match="a branch that a rewind left"):
        said.summarize("Two answers.", before="a2", id="s")
    said.summarize("Two answers.", id="s2")
    assert ids(said.context()) == ["s2"]


def test_a_rewind_to_a_summary_keeps_the_trim_that_came_with_it(
    said: Conversation, log: Log
) -> None:
    said.summarize("One answer.", before="q2", id="s")
    said.record("user", "Question 3?", id="q3")
    log.rewind(KEY, "message:s")
    assert ids(said.context()) == ["s", "q2", "a2"]


def test_a_fork_takes_over_the_context(said: Conversation, log: Log) -> None:
    said.trim("a1")
    log.fork(KEY, into=CHILD)
    child = log.conversation(CHILD)
    assert ids(child.context()) == ["a1", "q2", "a2"]
    said.trim("a2")
    assert ids(child.context()) == ["a1", "q2", "a2"], "what its origin does later is not its own"
    child.trim("q2")
    assert ids(child.context()) == ["q2", "a2"]
    assert ids(said.context()) == ["a2"]
    log.rewind(CHILD, "prompt:1")
    assert ids(child.context()) == ["q1", "a1"]


def test_a_fork_from_before_a_trim_does_not_have_it(said: Conversation, log: Log) -> None:
    said.trim("a2")
    log.fork(KEY, "prompt:1", into=CHILD)
    assert ids(log.conversation(CHILD).context()) == ["q1", "a1"]


def test_a_trim_of_an_ended_life_does_not_count(said: Conversation, log: Log) -> None:
    said.trim("a2")
    log.delete(KEY)
    for uuid in ("q1", "a2"):
        said.record("user", uuid, id=uuid)
    assert ids(said.context()) == ["q1", "a2"]


def test_a_compaction_of_the_cli_is_a_summary(log: Log, talk: Conversation) -> None:
    s = Transcript(KEY.session_id)
    s.prompt("one?")
    s.answer("One.")
    s.compact("One was asked.")
    s.prompt("two?")
    log.append(KEY, s.entries)
    assert [m.text for m in talk.context()][1:] == ["two?"]
    assert [m.is_summary for m in talk.context()] == [True, False]
    talk.trim(s.entries[1]["uuid"])
    assert [m.text for m in talk.context()][1:] == ["One.", "two?"]


def test_a_summary_is_saved_once(said: Conversation, log: Log) -> None:
    """A retry must never summarize a summary."""
    first = said.summarize("All.", before="a2", id="s", tokens=2)
    said.record("user", "Question 3?", id="q3")
    before = log.state(KEY).version
    again = said.summarize("All.", before="a2", id="s", tokens=2)
    assert (first.new, again.new, again.version) == (True, False, first.version)
    assert log.state(KEY).version == before
    with pytest.raises(Refused, match="another message"):
        said.summarize("Else.", id="s")


def test_what_cannot_be_summarized_or_trimmed(said: Conversation, log: Log) -> None:
    before = log.state(KEY).version
    with pytest.raises(PointNotFound, match="no message 'nobody'"):
        said.trim("nobody")
    with pytest.raises(PointNotFound):
        said.summarize("x", before="nobody")
    with pytest.raises(Refused, match="not empty"):
        said.summarize("  ")
    with pytest.raises(Refused, match="no message that a summary"):
        said.summarize("x", before="q1")
    with pytest.raises(Refused):
        said.trim("")
    with pytest.raises(UnknownSession):
        log.conversation(CHILD).summarize("x")
    with pytest.raises(UnknownSession):
        log.conversation(CHILD).trim("q1")
    assert log.state(KEY).version == before
    assert log.state(KEY).live.entries == 4
