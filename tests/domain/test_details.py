"""What is told of a session by hand, when it begins and later, and what makes no sense."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.domain.scenario import KEY, Like, Scenario, given
from tests.support.transcripts import Transcript
from turnlog.domain import beginning, commands, details
from turnlog.domain import events as e
from turnlog.domain.errors import Refused
from turnlog.domain.session import SessionState

Decide = Callable[[SessionState], Any]


def session() -> Scenario:
    s = Transcript(KEY.session_id)
    s.prompt("Why is the checkout slow?")
    s.answer("Because of the loop.")
    return given(s.entries)


def begin(actor: str | None = None, **told: Any) -> Decide:
    return partial(beginning.begin, details=told, actor=actor)


def update(actor: str | None = None, **told: Any) -> Decide:
    return partial(beginning.update, details=told, actor=actor)


def rename(title: str | None) -> Decide:
    return partial(details.rename, title=title, actor="ada")


def retag(*tags: Any) -> Decide:
    return partial(details.retag, tags=tags)


def change_tags(add: Any = (), remove: Any = ()) -> Decide:
    return partial(details.change_tags, add=add, remove=remove)


def set_metadata(metadata: Any) -> Decide:
    return partial(details.set_metadata, metadata=metadata)


def change_status(status: Any, **said: Any) -> Decide:
    return partial(details.change_status, status=status, **said)


# -- beginning, and telling more -------------------------------------------------------------------


def test_a_session_begins_with_what_is_told_of_it() -> None:
    past = Scenario().when(
        begin(
            "ada",
            user_id="grace",
            working_dir="/srv/shop",
            prompt="Why is it slow?",
            model="claude",
            metadata={"ticket": 7},
            title="Checkout",
            tags=["slow"],
            status="error",
            stop_reason="refusal",
            why="no key",
        )
    )
    past.then(
        Like(
            e.SessionStarted,
            project_key=KEY.project_key,
            session_id=KEY.session_id,
            source="api",
            user_id="grace",
            working_dir="/srv/shop",
            prompt="Why is it slow?",
            model="claude",
            metadata={"ticket": 7},
            actor="ada",
        ),
        Like(e.SessionRenamed, title="Checkout", actor="ada"),
        Like(e.SessionTagged, tags=("slow",), actor="ada"),
        Like(e.StatusChanged, status="error", stop_reason="refusal", why="no key", actor="ada"),
    )


def test_what_is_there_is_not_begun_again() -> None:
    with pytest.raises(Refused, match="exists already; choose another id"):
        session().when(begin())
    with pytest.raises(Refused, match="exists already"):
        session().given(e.SessionArchived()).when(begin())


@pytest.mark.parametrize("gone", [e.SessionDeleted(), e.SessionErased()], ids=["deleted", "erased"])
def test_what_is_gone_begins_a_new_life(gone: e.SessionEvent) -> None:
    """An id must be free again once its session is gone, and nothing of before come back."""
    past = session().given(rename("Checkout"), gone)
    head = past.state.version
    past.when(begin(prompt="Again"))
    assert past.state.life == head
    assert past.state.titles == {"prompt": "Again"}
    assert past.state.live == e.Figures()


def test_more_is_told_in_one_go() -> None:
    past = session().when(update("ada", user_id="grace", model="claude", tags=["a"]))
    past.then(
        Like(e.SessionDescribed, user_id="grace", model="claude", working_dir=None, actor="ada"),
        Like(e.SessionTagged, tags=("a",)),
    )
    past.when(update("ada", user_id="grace", model="claude", tags=["a"])).then()


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"user_id": ""}, "user_id needs 1 to 200"),
        ({"user_id": 7}, "user_id needs 1 to 200"),
        ({"model": "m" * 201}, "model needs 1 to 200"),
        ({"working_dir": " "}, "working_dir needs 1 to 4,096"),
        ({"prompt": "p" * 10_001}, "prompt needs 1 to 10,000"),
        ({"colour": "red"}, "colour: no such detail of a session; there are user_id, "),
        ({"stop_reason": "end_turn"}, "go with a status"),
        ({"why": "because"}, "go with a status"),
        ({"status": "done"}, "'done' is no status; take one of active, complete"),
        ({"tags": "slow"}, "tags come as a list of texts, got 'slow'"),
        ({"metadata": {"x": object()}}, "metadata must be JSON"),
    ],
)
@pytest.mark.parametrize("decide", [begin, update], ids=["begin", "update"])
def test_a_detail_that_makes_no_sense(
    decide: Callable[..., Decide], told: dict[str, Any], why: str
) -> None:
    past = Scenario() if decide is begin else session()
    with pytest.raises(Refused, match=why):
        past.when(decide(**told))


MOMENT = 1_769_782_980_123  # 2026-01-30 14:23:00.123 in UTC


def test_an_id_that_tells_the_time() -> None:
    assert beginning.time_id(MOMENT, ()) == "2026-01-30-1423-123"
    assert beginning.time_id(MOMENT // 1000 * 1000 + 4, ()) == "2026-01-30-1423-004"


def test_an_id_is_never_given_twice_within_a_millisecond_or_a_minute() -> None:
    """Two sessions must never get one id because they began in the same millisecond."""
    taken: dict[str, None] = {}
    given = [MOMENT] * 1_200 + [MOMENT + 1] * 10 + [MOMENT - 50] * 10
    for at in given:
        taken[beginning.time_id(at, taken)] = None
    assert len(taken) == len(given)
    ids = list(taken)
    assert ids[:3] == ["2026-01-30-1423-123", "2026-01-30-1423-124", "2026-01-30-1423-125"]
    assert ids[878] == "2026-01-30-1423-1001", "more than a thousand in a minute"


# -- titles, tags, metadata ------------------------------------------------------------------------


def test_renaming() -> None:
    past = session().when(rename("Checkout"))
    past.then(Like(e.SessionRenamed, title="Checkout", kind="custom", source="api", actor="ada"))
    past.when(rename("Checkout")).then()


def test_a_title_is_taken_away() -> None:
    past = session().when(rename(None)).when(rename("Checkout")).when(rename(None))
    past.then(Like(e.SessionRenamed, title="", actor="ada"))
    assert past.state.title == "Why is the checkout slow?"
    past.when(rename(None)).then()


@pytest.mark.parametrize("title", ["", "  ", "a" * 10_001, 7])
def test_what_is_no_title(title: Any) -> None:
    with pytest.raises(Refused, match=r"1 to 10000 characters"):
        session().when(rename(title))


def test_tagging() -> None:
    past = session().when(retag("slow", "shop", "slow"))
    past.then(Like(e.SessionTagged, tags=("slow", "shop"), source="api"))
    past.when(retag("slow", "shop")).then()
    past.when(retag()).then(Like(e.SessionTagged, tags=()))


def test_tags_are_added_and_taken_away_at_once() -> None:
    past = session().given(retag("slow", "shop"))
    past.when(change_tags(add=["later", "shop"], remove=["slow"]))
    past.then(Like(e.SessionTagged, tags=("shop", "later")))
    past.when(change_tags(add=["shop"], remove=["never"])).then()


@pytest.mark.parametrize("tag", ["a,b", "🎈", "two words", "  spaced", "ü" * 200, "\ud800", "a\nb"])
def test_any_text_is_a_tag(tag: str) -> None:
    past = session().when(retag(tag))
    assert past.state.tags == (tag,)


@pytest.mark.parametrize("tag", ["", " ", "a" * 201, "x" * 10_240, 7, None])
def test_what_is_no_tag(tag: Any) -> None:
    with pytest.raises(Refused, match="a tag needs 1 to 200 characters"):
        session().when(retag("fine", tag))
    with pytest.raises(Refused, match="a tag needs"):
        session().when(change_tags(remove=[tag]))


def test_a_text_is_no_list_of_tags() -> None:
    """One tag that was meant must never become one for each of its letters."""
    for decide in (partial(details.retag, tags="slow"), change_tags("slow"), change_tags((), "s")):
        with pytest.raises(Refused, match="as a list of texts"):
            session().when(decide)


def test_too_many_tags() -> None:
    past = session().given(retag(*map(str, range(1_000))))
    with pytest.raises(Refused, match=r"at most 1,000 tags, not 1,001"):
        past.when(change_tags(add=["one more"]))


def test_setting_the_metadata() -> None:
    past = session().when(set_metadata({"ticket": 7}))
    past.then(Like(e.MetadataChanged, metadata={"ticket": 7}))
    past.when(set_metadata({"ticket": 7})).then()


def test_metadata_is_added_and_taken_away() -> None:
    past = session().given(set_metadata({"ticket": 7, "team": "shop"}))
    past.when(partial(details.change_metadata, add={"ticket": 8, "due": None}, remove=["team"]))
    past.then(Like(e.MetadataChanged, metadata={"ticket": 8, "due": None}))


def test_metadata_is_what_is_read_back() -> None:
    """The state that is kept must never be another than the one the log gives back."""
    past = session().when(set_metadata({"pair": (1, 2)}))
    assert past.state.metadata == {"pair": [1, 2]}


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"x": object()}, "must be JSON"),
        ({"x": float("nan")}, "must be JSON"),
        ({7: "x"}, "an object with names"),
        ("x", "an object with names"),
        (None, "an object with names"),
        ({"x": "y" * 65_536}, "at most 65,536 fit"),
    ],
)
def test_what_is_no_metadata(metadata: Any, told: str) -> None:
    with pytest.raises(Refused, match=told):
        session().when(set_metadata(metadata))


# -- status and attempts ---------------------------------------------------------------------------


def test_setting_the_status() -> None:
    abandon = change_status("abandoned", why="nobody answers")
    past = session().when(abandon)
    past.then(Like(e.StatusChanged, status="abandoned", why="nobody answers"))
    past.when(abandon).then()
    s = Transcript(KEY.session_id, seed=2)
    past.when([s.prompt("Are you there?")])
    assert past.state.status == "active", "until the transcript says otherwise"


def test_a_reason_is_set_with_the_same_status() -> None:
    past = session().when(change_status("complete", stop_reason="stop_sequence"))
    past.then(Like(e.StatusChanged, status="complete", stop_reason="stop_sequence"))
    past.when(change_status("complete")).then()


@pytest.mark.parametrize("status", ["done", "", None, 7, "ACTIVE", ["active"]])
def test_an_unknown_status(status: Any) -> None:
    with pytest.raises(Refused, match="is no status; take one of active, complete, incomplete"):
        session().when(change_status(status))


@pytest.mark.parametrize("reason", ["", "r" * 201, 7])
def test_what_is_no_stop_reason(reason: Any) -> None:
    with pytest.raises(Refused, match="a stop_reason needs 1 to 200"):
        session().when(change_status("complete", stop_reason=reason))


@pytest.mark.parametrize("status", ["active", "complete"])
def test_an_erased_session_is_not_reopened(status: str) -> None:
    """A status must never bring a session back whose content is gone for good."""
    past = session().given(e.SessionErased(bodies=2))
    for decide in (change_status(status), update(status=status)):
        with pytest.raises(Refused, match="is erased for good"):
            past.when(decide)


def test_the_reason_goes_back_with_a_rewind() -> None:
    """What ended an answer must never be told of one that was rewound to before it."""
    s = Transcript(KEY.session_id)
    s.prompt("One?")
    s.answer("One.")
    first = len(s.entries)
    s.prompt("Two?")
    s.answer("Tw", stop_reason="max_tokens")
    past = given(s.entries[:first])
    there = past.state.version
    past.given(s.entries[first:])
    assert past.state.stop_reason == "max_tokens"
    past.rewind(there)
    assert (past.state.status, past.state.stop_reason) == ("complete", "end_turn")


def test_attempts_to_go_on_are_counted() -> None:
    attempt = partial(details.attempt_continuation, why="cut off", actor="ada")
    past = session().when(attempt)
    past.then(Like(e.ContinuationAttempted, attempt=1, why="cut off", actor="ada"))
    past.when(attempt).then(Like(e.ContinuationAttempted, attempt=2))


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        (Scenario(), "does not exist"),
        (session().given(partial(commands.delete, reason=None, actor=None)), "turnlog undelete"),
        (session().given(e.SessionErased(bodies=2)), "erased for good"),
    ],
    ids=["absent", "deleted", "erased"],
)
@pytest.mark.parametrize(
    "command",
    [
        rename("x"),
        retag("x"),
        change_tags(["x"]),
        set_metadata({}),
        change_status("active"),
        update(user_id="ada"),
        details.attempt_continuation,
    ],
    ids=["rename", "retag", "change_tags", "set_metadata", "change_status", "update", "attempt"],
)
def test_what_is_gone_cannot_be_changed(gone: Scenario, told: str, command: Decide) -> None:
    with pytest.raises(Refused, match=told):
        gone.when(command)
