"""Sessions found by what is known of them, and their figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sessions.conftest import HOUR, Clock
from turnlog import Filter, Log, Refused, SessionKey, Totals


def say(log: Log, name: str, *answers: str, user: str = "ada", **said: Any) -> SessionKey:
    """A session with a prompt and an answer for each text."""
    key = SessionKey("shop", name)
    talk = log.conversation(key, user_id=user)
    for answer in answers:
        talk.record("user", f"{answer}?")
        talk.record(
            "assistant",
            answer,
            model="claude-opus-4-8",
            usage={"input_tokens": 1_000, "output_tokens": 100},
            **said,
        )
    return key


def found(log: Log, **asked: Any) -> list[str]:
    return sorted(session.session_id for session in log.sessions(Filter(**asked)))


@pytest.fixture
def shop(any_log: Log) -> Log:
    """Four sessions: one that ended, one that was cut off, a new one, one of somebody else."""
    log = any_log
    log.tag(say(log, "done", "One", "Two", "Three"), ["slow", "ÜBER"])
    log.tag(say(log, "cut", "Halfway", stop_reason="max_tokens"), ["slow", "a,b"])
    log.create(SessionKey("shop", "new"), user_id="ada", prompt="Überall langsam", model="gpt-5")
    log.update(say(log, "other", "Four", user="grace"), title="Cart", working_dir="/srv/cart")
    return log


def test_by_tags(shop: Log) -> None:
    assert found(shop, tags=("slow",)) == ["cut", "done"]
    assert found(shop, tags=("slow", "a,b")) == ["cut"], "all of them"
    assert found(shop, any_tags=("a,b", "ÜBER", "none")) == ["cut", "done"], "one of them"
    assert found(shop, tags=("slow",), any_tags=("ÜBER",)) == ["done"]
    assert found(shop, tags=("a",)) == [], "a tag is never cut at its comma"


def test_by_status(shop: Log) -> None:
    assert found(shop, status="complete") == ["done", "other"]
    assert found(shop, status=("active", "incomplete")) == ["cut", "new"]


def test_by_cost_and_turns(shop: Log) -> None:
    [cost] = {s.billed.cost_usd / s.turns for s in shop.sessions() if s.turns}
    assert found(shop, min_cost_usd=2 * cost) == ["done"]
    assert found(shop, min_cost_usd=cost, max_cost_usd=cost) == ["cut", "other"]
    assert found(shop, max_cost_usd=Decimal(0)) == ["new"]
    assert found(shop, min_turns=1, max_turns=1) == ["cut", "other"]
    assert found(shop, min_turns=3) == ["done"]


def test_by_text_user_project_directory_and_model(shop: Log) -> None:
    assert found(shop, text="cart") == ["other"]
    assert found(shop, text="ÜBERALL langsam") == ["new"] or shop.url.startswith("sqlite")
    assert found(shop, text="Überall") == ["new"]
    assert found(shop, text="four?") == ["other"], "the first message, though it has a title"
    assert found(shop, user_id="grace") == ["other"]
    assert found(shop, project="sho") == ["cut", "done", "new", "other"]
    assert found(shop, directory="/srv") == ["other"]
    assert found(shop, model="gpt") == ["new"]
    assert found(shop, model="opus", user_id="grace") == ["other"]


def test_a_row_sums_a_session_up(shop: Log) -> None:
    [row] = shop.sessions(Filter(tags=("ÜBER",)))
    assert (row.messages, row.first_message, row.tags) == (6, "One?", ("slow", "ÜBER"))
    assert row.created_at <= row.active_at
    assert row.billed.usage.total_tokens == 3_300
    assert row.billed.cost_usd > 0


def test_a_first_message_is_cut_at_a_hundred_characters(log: Log) -> None:
    say(log, "long", "x" * 300)
    assert [s.first_message for s in log.sessions()] == ["x" * 100]


def test_a_user_s_sessions_come_newest_first(timed: Log, clock: Clock) -> None:
    for n in range(4):
        timed.create(SessionKey("p", f"s{n}"), user_id="ada" if n != 2 else "grace")
        clock.now += HOUR
    ada = Filter(user_id="ada")
    assert [s.session_id for s in timed.sessions(ada)] == ["s3", "s1", "s0"]
    first = timed.sessions(ada, limit=2)
    assert [s.session_id for s in first] == ["s3", "s1"]
    assert [s.session_id for s in timed.sessions(ada, after=first[-1].cursor)] == ["s0"]


def test_active_sessions_are_those_one_may_go_on_with(shop: Log) -> None:
    assert sorted(s.session_id for s in shop.active_sessions()) == ["cut", "new"]
    assert shop.active_sessions("grace") == []
    shop.set_status(SessionKey("shop", "cut"), "complete")
    shop.set_status(SessionKey("shop", "other"), "active")
    assert [s.session_id for s in shop.active_sessions("ada", limit=1)] == ["new"]
    assert sorted(s.session_id for s in shop.active_sessions()) == ["new", "other"]
    shop.delete(SessionKey("shop", "new"))
    assert [s.session_id for s in shop.active_sessions()] == ["other"]


def test_figures(shop: Log) -> None:
    totals = shop.stats()
    assert totals.by_status == {"active": 1, "complete": 2, "incomplete": 1}
    assert (totals.sessions, totals.turns, totals.average_turns) == (4, 5, 1.25)
    assert totals.billed.usage.total_tokens == 5_500
    assert Totals().average_turns == 0.0


def test_figures_of_some_sessions(shop: Log) -> None:
    ada = shop.stats(asked=Filter(user_id="ada"))
    assert ada.by_status == {"active": 1, "complete": 1, "incomplete": 1}
    assert (ada.sessions, ada.turns) == (3, 4)
    assert ada.billed.usage.total_tokens == ada.live.usage.total_tokens == 4_400
    assert shop.stats(asked=Filter(user_id="nobody")) == Totals()
    every = shop.stats(asked=Filter())
    assert every == shop.stats()


def test_figures_of_some_sessions_hold_their_subagents(log: Log) -> None:
    """What a subagent took must never be missing from the figures of its session."""
    main = say(log, "main", "One")
    log.conversation(main._replace(subpath="subagents/agent-1"), user_id="ada").record(
        "assistant", "Sub.", model="claude-opus-4-8", usage={"output_tokens": 7}
    )
    log.conversation(SessionKey("shop", "x"), user_id="grace").record("user", "?")
    ada = log.stats(asked=Filter(user_id="ada", status=("complete", "active")))
    assert (ada.sessions, ada.subagents) == (1, 1)
    assert ada.billed.usage.output_tokens == 107
    assert ada.subagents_billed.usage.output_tokens == 7
    assert ada == log.stats()._replace(
        sessions=1, by_status={"complete": 1}, prompts=1, entries=3, turns=1
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"status": "done"}, "'done' is no status; take one of active"),
        ({"status": ("active", "done")}, "'done' is no status"),
        ({"tags": "slow"}, "tags come as a list"),
        ({"tags": ("a",) * 1_001}, "1,001 tags are asked for at once; at most 1,000"),
        ({"any_tags": (7,)}, "tags come as a list"),
        ({"min_turns": -1}, "a number of turns is from 0 to"),
        ({"max_turns": 10**10}, "a number of turns is from 0 to"),
        ({"min_turns": 4, "max_turns": 3}, "at least 4 and at most 3 turns"),
        ({"min_cost_usd": Decimal(-1)}, "a number of dollars is from 0"),
        ({"max_cost_usd": Decimal("NaN")}, "a number of dollars is from 0"),
        ({"min_cost_usd": Decimal(2), "max_cost_usd": Decimal(1)}, "at least 2 and at most 1"),
        ({"since": 2, "until": 1}, "later than until"),
    ],
)
def test_what_no_session_can_be(log: Log, asked: dict[str, Any], told: str) -> None:
    """A question that makes no sense must never look like one that nothing answers."""
    with pytest.raises(Refused, match=told):
        log.sessions(Filter(**asked))
    with pytest.raises(Refused, match=told):
        log.stats(asked=Filter(**asked))


@pytest.mark.parametrize("limit", [0, -1, 10_001, 1_000_000])
def test_a_limit_that_is_none(log: Log, limit: int) -> None:
    with pytest.raises(Refused, match=f"a page holds 1 to 10000 sessions, not {limit}"):
        log.sessions(limit=limit)
    with pytest.raises(Refused, match="a page holds"):
        log.active_sessions(limit=limit)


def test_any_tag_is_found_by_itself_alone(any_log: Log) -> None:
    """A tag must never be taken for another, or for a pattern."""
    any_log.create(SessionKey("p", "others"), tags=["x", "a", "b"])
    tags = ["a,b", "🎈", "\ud800", "nul\0", "' OR 1=1 --", "%", "ü" * 200]
    for n, tag in enumerate(tags):
        any_log.create(SessionKey("p", f"s{n}"), tags=[tag, "x"])
    for n, tag in enumerate(tags):
        assert found(any_log, tags=(tag,)) == [f"s{n}"]
        assert any_log.state(SessionKey("p", f"s{n}")).tags == (tag, "x")


def test_as_many_tags_as_a_session_has_are_looked_for(any_log: Log) -> None:
    """A list of tags must never be more than the database takes in one question."""
    tags = tuple(f"tag {n}" for n in range(1_000))
    any_log.create(SessionKey("p", "all"), tags=list(tags))
    any_log.create(SessionKey("p", "all but one"), tags=list(tags[1:]))
    assert found(any_log, tags=tags) == ["all"]
    assert found(any_log, tags=(tags[1], tags[2], tags[1])) == ["all", "all but one"]
    assert found(any_log, any_tags=tags) == ["all", "all but one"]


def test_a_session_of_which_only_subagents_are_there_is_found_and_erased(any_log: Log) -> None:
    """What a subagent said must never be out of reach because its session was not recorded."""
    main = SessionKey("p", "stray-1")
    for name in ("agent-1", "agent-2"):
        talk = any_log.conversation(main._replace(subpath=f"subagents/{name}"))
        talk.record("user", f"Look, {name}.")
    any_log.conversation(SessionKey("p", "stray-2")).record("user", "Why?")
    for asked in ("stray-1", "p/stray-1"):
        found = any_log.session(asked)
        assert (found.key, found.subagents, found.prompts) == (main, 2, 0)
    assert any_log.session("stray").key.session_id == "stray-2", "what is on the lists comes first"
    assert len(any_log.erase(found.key).streams) == 2
    assert any_log.load(main._replace(subpath="subagents/agent-1")) is None
    any_log.conversation(main).record("user", "Here I am.")
    assert any_log.session("stray-1").prompts == 1
