"""What a list of the SDK's messages says, tried with the SDK's own classes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from claude_agent_sdk import (
    AssistantMessage,
    ResultMessage,
    StreamEvent,
    SystemMessage,
    TextBlock,
    UserMessage,
)

from turnlog import Refused, figures_of

ID = "5e551014-0000-4000-8000-000000000001"


def init() -> SystemMessage:
    return SystemMessage("init", {"session_id": ID, "model": "claude-opus-4-8"})


def said(text: str, **fields: Any) -> AssistantMessage:
    return AssistantMessage([TextBlock(text)], fields.pop("model", "claude-opus-4-8"), **fields)


def result(cost: float | None, api_ms: int = 900, **fields: Any) -> ResultMessage:
    return ResultMessage(
        subtype="success",
        duration_ms=1_000,
        duration_api_ms=api_ms,
        is_error=False,
        num_turns=fields.pop("num_turns", 2),
        session_id=fields.pop("session_id", ID),
        total_cost_usd=cost,
        **fields,
    )


def test_a_query() -> None:
    messages = [
        init(),
        StreamEvent("e1", ID, {"type": "message_start"}),
        said("I look.", message_id="msg_1"),
        said("And look.", message_id="msg_1"),
        UserMessage("a result", parent_tool_use_id=None),
        said("Elsewhere.", message_id="msg_sub", parent_tool_use_id="toolu_1"),
        said("Found.", message_id="msg_2"),
        result(0.1, num_turns=4),
    ]
    assert figures_of(messages) == (ID, Decimal("0.1"), 2, 4)


def test_the_session_is_known_before_there_is_a_result() -> None:
    assert figures_of([init()]) == (ID, None, 0, None)
    assert figures_of([said("Hi.", session_id="other")]).session_id == "other"
    assert figures_of([init(), result(0.1, session_id="forked")]).session_id == "forked"


def test_nothing_is_said() -> None:
    assert figures_of([]) == (None, None, 0, None)
    assert figures_of([object(), None, 7, "text"]) == (None, None, 0, None)


def test_messages_without_an_id_count_each() -> None:
    assert figures_of([said("One."), said("Two.")]).turns == 2


def test_what_the_cli_says_itself_is_no_turn() -> None:
    assert figures_of([said("No response requested.", model="<synthetic>")]).turns == 0


def test_counters_that_grow_are_one_total() -> None:
    """A running total must never be added to the one it went on from."""
    assert figures_of([result(0.1, 100), result(0.25, 300)]).cost_usd == Decimal("0.25")


def test_an_error_s_zero_is_no_reset() -> None:
    found = figures_of([result(0.1, 100), result(0.0, 0), result(0.25, 300)])
    assert found.cost_usd == Decimal("0.25")


@pytest.mark.parametrize("second", [result(0.05, 50), result(0.2, 50)])
def test_a_counter_that_began_again_is_added(second: ResultMessage) -> None:
    """What a second process took must never be lost because the first one's was more."""
    assert second.total_cost_usd is not None
    expected = Decimal("0.1") + Decimal(repr(second.total_cost_usd))
    assert figures_of([result(0.1, 100), second]).cost_usd == expected


@pytest.mark.parametrize("cost", [None, float("nan"), float("inf")])
def test_a_result_that_tells_no_cost(cost: float | None) -> None:
    """A cost that is not known must never be told as nothing."""
    assert figures_of([result(cost)]).cost_usd is None


def test_the_cli_s_own_output() -> None:
    lines: list[dict[str, Any]] = [
        {"type": "system", "subtype": "init", "session_id": ID},
        {"type": "assistant", "message": {"id": "msg_1", "model": "m"}, "session_id": ID},
        {"type": "result", "session_id": ID, "total_cost_usd": 0.5, "num_turns": 1},
    ]
    assert figures_of(lines) == (ID, Decimal("0.5"), 1, 1)


@pytest.mark.parametrize("messages", ["text", {"session_id": ID}, 7, b"x"])
def test_what_is_no_list(messages: Any) -> None:
    with pytest.raises(Refused, match="takes a list of messages"):
        figures_of(messages)
