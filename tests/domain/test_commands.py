"""What a person or a program does to a session, and what makes no sense."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.domain.scenario import KEY, Like, Scenario, given
from tests.support.transcripts import Transcript
from turnlog.domain import commands, details
from turnlog.domain import events as e
from turnlog.domain.errors import Refused
from turnlog.domain.lineage import Segment
from turnlog.domain.points import Place
from turnlog.domain.session import SessionState

Decide = Callable[[SessionState], Any]

delete: Decide = partial(commands.delete, reason=None, actor="ada")
restore: Decide = partial(commands.restore, reason=None, actor="ada")


def session() -> Scenario:
    s = Transcript(KEY.session_id)
    s.prompt("Why is the checkout slow?")
    s.answer("Because of the loop.")
    return given(s.entries)


def rename(title: str) -> Decide:
    return partial(details.rename, title=title, actor="ada")


def checkpoint(name: str, taken: bool = False) -> Decide:
    return partial(commands.checkpoint, name=name, taken=taken)


# -- checkpoints, rewinds and forks ----------------------------------------------------------------


def test_a_checkpoint_names_the_head() -> None:
    past = session()
    head = past.state
    past.when(checkpoint("before the refactoring")).then(
        Like(
            e.CheckpointCreated,
            checkpoint_id="before the refactoring",
            kind="version",
            anchor=head.version,
            turn=1,
            prompt=1,
        )
    )


@pytest.mark.parametrize("name", ["", "a\nb", "\x1b[2J", "a" * 201])
def test_what_is_no_name_of_a_checkpoint(name: str) -> None:
    with pytest.raises(Refused, match="printable name"):
        session().when(checkpoint(name))


@pytest.mark.parametrize("name", ["prompt-3", "turn-10"])
def test_an_automatic_checkpoint_s_name_cannot_be_had(name: str) -> None:
    """A name set by hand must never stand in the way of the automatic one that comes later."""
    with pytest.raises(Refused, match="the name of an automatic checkpoint"):
        session().when(checkpoint(name))


def test_a_checkpoint_is_not_moved() -> None:
    with pytest.raises(Refused, match="'here' already"):
        session().when(checkpoint("here", taken=True))


def test_a_rewind_says_what_it_keeps() -> None:
    past = session()
    head, then = past.state, past.at(2)
    past.when(rename("Mine"))
    rewind = partial(
        commands.rewind, place=Place(2, 0), past=then, checkpoint_id="here", reason="wrong way"
    )
    past.when(rewind).then(
        Like(
            e.SessionRewound,
            target=2,
            target_branch=0,
            checkpoint_id="here",
            leaf=then.leaf.hex() if then.leaf else None,
            figures=then.live,
            status="active",
            reason="wrong way",
        )
    )
    assert past.state.billed == head.billed
    assert past.state.title == "Mine", "a title given by hand is no part of the transcript"


def test_a_fork_takes_over_what_a_session_is_about() -> None:
    origin = session().given(partial(details.set_metadata, metadata={"ticket": 7})).state
    base = (Segment(0, origin.version, KEY.stream_id),)
    at = e.Origin(KEY.stream_id, origin.version, "c0ffee")
    child = Scenario()
    child.when(partial(commands.start_fork, origin=origin, at=at, base=base, past=origin))
    child.then(
        Like(e.SessionStarted, forked_from=at, base=base, figures=origin.live),
        Like(e.StatusChanged, status="complete", stop_reason="end_turn"),
    )
    assert child.state.leaf == origin.leaf
    assert child.state.metadata == {"ticket": 7}
    assert child.state.title == origin.title
    assert child.state.billed == e.Figures().usage, "what the origin spent is not spent again"


def test_a_fork_never_takes_over_a_session_that_is_there() -> None:
    origin = session().state
    with pytest.raises(Refused, match="exists already"):
        session().when(
            partial(
                commands.start_fork, origin=origin, at=e.Origin("o", 1, ""), base=(), past=origin
            )
        )


# -- deleting --------------------------------------------------------------------------------------


def test_deleting_and_taking_it_back() -> None:
    past = session().when(delete)
    past.then(Like(e.SessionDeleted, actor="ada"))
    past.when(delete).then()
    past.when(restore).then(Like(e.SessionRestored, actor="ada"))
    assert past.state.live == session().state.live


def test_what_was_never_there_is_not_deleted() -> None:
    Scenario().when(delete).then()


@pytest.mark.parametrize("past", [Scenario(), session()], ids=["absent", "present"])
def test_there_is_no_deletion_to_take_back(past: Scenario) -> None:
    with pytest.raises(Refused, match="no deletion"):
        past.when(restore)


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        (Scenario(), "does not exist"),
        (session().given(delete), "turnlog undelete"),
        (session().given(e.SessionErased(bodies=2)), "erased for good"),
    ],
    ids=["absent", "deleted", "erased"],
)
@pytest.mark.parametrize(
    "command",
    [
        checkpoint("x"),
        partial(commands.rewind, place=Place(0, 0), past=SessionState(KEY), base=()),
    ],
    ids=["checkpoint", "rewind"],
)
def test_what_is_gone_cannot_be_changed(gone: Scenario, told: str, command: Decide) -> None:
    with pytest.raises(Refused, match=told):
        gone.when(command)


def test_a_prompt_that_only_history_knows() -> None:
    remember = partial(commands.remember_prompt, Scenario().state, bytes(16))
    one, again, other = (remember(text, 1_000, {}) for text in ("Why?", "Why?", "How?"))
    assert one == again
    assert one.identity != other.identity
    assert b"Why" not in (one.identity or b""), "known again, but not to be guessed"
    assert given(one).state.remembered == 1
