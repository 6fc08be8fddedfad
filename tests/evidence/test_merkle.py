"""The Merkle tree is that of RFC 6962."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnlog.evidence.merkle import leaf_hash, node_hash, path, root, root_by_path

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""Those of the test data of Certificate Transparency."""
leaves = st.lists(st.binary(max_size=40), min_size=1, max_size=40)


def defined(data: list[bytes]) -> bytes:
    """The root as the RFC writes it down."""
    if not data:
        return sha256().digest()
    if len(data) == 1:
        return leaf_hash(data[0])
    half = 1
    while half * 2 < len(data):
        half *= 2
    return node_hash(defined(data[:half]), defined(data[half:]))


@pytest.mark.parametrize("count", ROOTS)
def test_the_roots_are_those_of_certificate_transparency(count: int) -> None:
    assert root(LEAVES[:count]).hex() == ROOTS[count]


@given(leaves)
def test_the_root_is_the_one_the_rfc_defines(data: list[bytes]) -> None:
    assert root(iter(data)) == defined(data)


@given(leaves, st.data())
def test_the_way_of_every_leaf_leads_to_the_root(data: list[bytes], draw: st.DataObject) -> None:
    index = draw.draw(st.integers(0, len(data) - 1))
    assert root_by_path(data[index], index, len(data), path(data, index)) == root(data)


@given(leaves, st.data())
def test_no_other_leaf_place_or_way_leads_there(data: list[bytes], draw: st.DataObject) -> None:
    """A proof must never hold for what is not in the tree, or not in that place."""
    index = draw.draw(st.integers(0, len(data) - 1))
    way, whole = path(data, index), root(data)
    other = draw.draw(st.binary(max_size=40).filter(lambda found: found != data[index]))
    assert root_by_path(other, index, len(data), way) != whole
    elsewhere = draw.draw(st.integers(-2, len(data) + 2).filter(lambda i: i != index))
    if not (0 <= elsewhere < len(data) and data[elsewhere] == data[index]):
        assert root_by_path(data[index], elsewhere, len(data), way) != whole
    assert root_by_path(data[index], index, len(data), [*way, bytes(32)]) is None
    if way:
        assert root_by_path(data[index], index, len(data), way[:-1]) != whole
        spoiled = draw.draw(st.integers(0, len(way) - 1))
        flipped = bytes([way[spoiled][0] ^ 1]) + way[spoiled][1:]
        assert (
            root_by_path(
                data[index], index, len(data), [*way[:spoiled], flipped, *way[spoiled + 1 :]]
            )
            != whole
        )


def test_a_node_is_never_a_leaf() -> None:
    """Without the prefixes, two hashes side by side could be given out for a leaf."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert root([left + right]) != root([b"a", b"b"])
