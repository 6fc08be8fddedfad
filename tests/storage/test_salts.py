"""The salts of a block's bodies: each its own, and none of one that went."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnlog.adapters.storage.encoding.salts import (
    SALT,
    derived,
    merged,
    new_salt,
    new_seed,
    replaced,
    salts,
    without,
)
from turnlog.domain.errors import DamagedEvent

OLD = bytes(range(SALT))
"""The column of a block as they were written at first: one salt for all."""
VERSIONS = [3, 4, 7, 9]


def test_each_body_has_a_salt_of_its_own() -> None:
    seed = new_seed()
    found = salts(seed, VERSIONS)
    assert len(set(found)) == len(VERSIONS)
    assert found == [derived(seed[1:], version) for version in VERSIONS]


def test_blocks_of_the_first_form_have_one_salt() -> None:
    assert salts(OLD, VERSIONS) == [OLD] * 4


def test_merged_blocks_keep_every_salt() -> None:
    seeds = [(new_seed(), [1, 2, 5]), (OLD, [6, 8]), (new_seed(), [9])]
    column = merged([(seed, len(versions)) for seed, versions in seeds])
    every = [version for _, versions in seeds for version in versions]
    assert salts(column, every) == [s for seed, versions in seeds for s in salts(seed, versions)]
    more = new_seed()
    again = merged([(column, len(every)), (more, 2)])
    assert salts(again, [*every, 11, 12]) == salts(column, every) + salts(more, [11, 12])


def test_the_salt_of_a_body_that_went_cannot_be_made_again() -> None:
    """With the secret left, a removed text could be guessed from the hash in its header."""
    seed = new_seed()
    before = dict(zip(VERSIONS, salts(seed, VERSIONS), strict=True))
    left = without(seed, VERSIONS, [4])
    assert salts(left, [3, 7, 9]) == [before[3], before[7], before[9]]
    assert seed[1:] not in left
    assert before[4] not in left


def test_a_body_that_is_replaced_gets_another_salt() -> None:
    """With the old one left, the text that was redacted could be guessed."""
    seed, salt = new_seed(), new_salt()
    before = salts(seed, VERSIONS)
    column = replaced(seed, VERSIONS, 7, salt)
    assert salts(column, VERSIONS) == [before[0], before[1], salt, before[3]]
    assert seed[1:] not in column
    assert before[2] not in column


def test_of_a_merged_block_only_the_secret_concerned_goes() -> None:
    one, other = new_seed(), new_seed()
    column = merged([(one, 2), (other, 2)])
    left = without(column, VERSIONS, [3])
    assert one[1:] not in left
    assert other[1:] in left
    assert salts(left, VERSIONS[1:]) == salts(column, VERSIONS)[1:]


@given(st.binary(max_size=80), st.integers(1, 5))
def test_what_is_no_column_is_told_as_damage(seed: bytes, count: int) -> None:
    try:
        found = salts(seed, range(1, count + 1))
    except DamagedEvent:
        return
    assert len(found) == count


@pytest.mark.parametrize("seed", [b"", b"\x00", b"\x07" + OLD, b"\x02" + b"\xff" * 4 + OLD])
def test_a_form_that_is_not_known_is_damage(seed: bytes) -> None:
    with pytest.raises(DamagedEvent):
        salts(seed, [1, 2])
