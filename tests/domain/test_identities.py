"""Identities: packed without loss, and never mistaken for one another."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from turnlog.domain.entry import (
    LONGEST_SPELLING,
    identity_of,
    message_identity,
    message_of,
    uuid_text,
)

SIZES = [1, 13, 14, 15, 16, 17, 36, LONGEST_SPELLING]
spelled = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=64)


@pytest.mark.parametrize("size", SIZES)
def test_an_id_of_any_length_is_had_back(size: int) -> None:
    """An id must never lose its end: not beside the lengths that uuids are told by."""
    assert uuid_text(identity_of("x" * size)) == "x" * size
    assert message_of(message_identity("x" * size)) == "x" * size


@given(spelled)
@example("x" * 16)
def test_an_id_is_had_back_as_it_was(text: str) -> None:
    assert uuid_text(identity_of(text)) == text
    assert message_of(message_identity(text)) == text


@given(spelled, spelled)
def test_two_ids_have_two_identities(one: str, other: str) -> None:
    """No entry must ever be taken for another, nor a response."""
    assert (identity_of(one) == identity_of(other)) == (one == other)
    assert (message_identity(one) == message_identity(other)) == (one == other)
