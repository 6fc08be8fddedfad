"""The facts of a header in a database: short signs for our own words, and nothing else changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnlog.adapters.storage.encoding import facts as f
from turnlog.adapters.storage.encoding.facts import shortened, written_out
from turnlog.domain.errors import DamagedEvent, Refused

USAGE = (
    '{"model":"claude-opus-4-6","request_id":"req_011CVGK5YVfS28C8WA4Q53cG",'
    '"counters":[3,100,0,2553,0,0],"finished":true,"cli_version":"2.0.44"}'
)
words = st.sampled_from([*f._WORDS, *f._BEGINNINGS])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | words,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | words, inner, max_size=3)
    ),
)


@given(values)
def test_any_facts_come_back_as_they_were(value: Any) -> None:
    """A header must never be read as another than was hashed."""
    for ascii_only in (True, False):
        told = json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only)
        assert written_out(shortened(told)) == told


@given(st.lists(words | st.text(alphabet='{}[]":,abc1', max_size=4), max_size=8).map("".join))
def test_any_text_without_signs_comes_back_as_it_was(told: str) -> None:
    assert written_out(shortened(told)) == told


def test_a_response_s_facts_are_a_third_as_long() -> None:
    assert len(shortened(USAGE)) < len(USAGE) / 2.5
    assert written_out(shortened(USAGE)) == USAGE


def test_a_kind_of_the_cli_s_entries_is_two_characters() -> None:
    assert len(shortened('{"kind":"attachment"}')) == 2


def test_what_no_release_shortened_is_read_as_it_is() -> None:
    for told in ("{}", USAGE, '{"kind":"attachment"}', '{"new":"thing"}'):
        assert written_out(told) == told


@pytest.mark.parametrize("sign", ["\x1e", "\x1f\x1f", "\x1f", "\x1f{", "\x0a"])
def test_an_unknown_sign_is_told(sign: str) -> None:
    """A header that a later release wrote must never be read without what it says."""
    with pytest.raises(DamagedEvent, match="update turnlog"):
        written_out('{"a":1' + sign + "}")


def test_what_is_no_json_is_refused() -> None:
    """Facts with a character that is a sign must never be stored: they would be read as a word."""
    with pytest.raises(Refused, match="no JSON"):
        shortened('{"a":"\x01"}')


def test_every_sign_has_one_meaning_for_ever() -> None:
    """A sign must never get another meaning: logs would be read as what they do not say."""
    assert len(f._MEANINGS) == len(f._WORDS) + len(f._BEGINNINGS)
    assert f._MEANINGS["\x01"] == '{"model":"'
    assert f._MEANINGS["\x19"] == '","session_id":"'
    assert f._MEANINGS["\x1fA"] == '{"kind":"attachment"}'
    assert f._MEANINGS["\x1fV"] == '{"kind":"content-replacement"}'
    assert f._MEANINGS["\x1fW"] == '{"model":"claude-sonnet-4-5-20250929",'
    assert f._MEANINGS["\x1fq"] == '{"model":"claude-fable-5-2",'
    assert len(f._BEGINNINGS) == 43
