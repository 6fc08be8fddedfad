"""Texts taken out of entries: what is left still hangs where it hung."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.transcripts import Transcript
from turnlog.domain.redaction import (
    REDACTED,
    entry_without,
    everything,
    repetitions_of,
    texts_in,
    value_without,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)
LINKED = ("type", "uuid", "parentUuid", "sessionId", "timestamp", "requestId", "promptId")


def entries() -> list[dict[str, Any]]:
    s = Transcript(seed=3)
    s.prompt("Why is the checkout slow?")
    s.run("Read", {"file_path": "/home/ada/shop/cart.py"}, "def total(cart): ...")
    s.answer("Once per row.", thinking="Hm.")
    s.title("Checkout")
    return list(s.entries)


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in texts(one)]


def test_an_entry_without_its_texts_is_still_a_link_of_its_transcript() -> None:
    """A redacted transcript must never be one that the CLI cannot resume."""
    for entry in entries():
        left = entry_without(entry, everything)
        assert [left.get(name) for name in LINKED] == [entry.get(name) for name in LINKED]
        message, before = left.get("message"), entry.get("message")
        if before is not None:
            assert message is not None
            for name in ("id", "role", "model", "stop_reason", "usage"):
                assert message.get(name) == before.get(name)
            if isinstance(before["content"], list):
                ids = [(b.get("id"), b.get("tool_use_id")) for b in before["content"]]
                assert [(b.get("id"), b.get("tool_use_id")) for b in message["content"]] == ids


def test_nothing_that_was_said_is_left() -> None:
    said = ("checkout", "def total", "cart.py", "Once per row", "Hm.", "Checkout")
    left = str([entry_without(entry, everything) for entry in entries()])
    assert [text for text in said if text in left] == []


@given(JSON)
def test_every_text_goes_whatever_the_value(value: Any) -> None:
    assert set(texts(value_without(value, everything))) <= {REDACTED, ""}


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=3))
def test_what_holds_nothing_of_it_stays_as_it_is(entry: dict[str, Any]) -> None:
    assert entry_without(entry, lambda text: text) == entry
    assert texts_in(entry, entry) == []


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=3))
def test_twice_is_once(entry: dict[str, Any]) -> None:
    once = entry_without(entry, everything)
    assert entry_without(once, everything) == once


def test_what_repeats_it_is_found() -> None:
    replace = repetitions_of(["Why is the checkout slow? It takes three seconds.", "yes"])
    assert replace("Why is the checkout slow? It…") == REDACTED
    assert replace("yes") == REDACTED
    assert replace("yesterday") == "yesterday"
    assert replace("Asked: Why is the checkout slow? It takes three seconds. Done.") == (
        f"Asked: {REDACTED} Done."
    )
    assert replace("slow") == "slow"
