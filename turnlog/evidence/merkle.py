"""The Merkle tree of RFC 6962 (section 2.1; the same in RFC 9162): one hash for many leaves.

A leaf's hash is SHA-256(0x00 ‖ data), a node's SHA-256(0x01 ‖ left ‖ right), so that neither can be
taken for the other. Of n leaves the left half holds the largest power of two below n. The root of
no leaves is the hash of nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two halves."""
    return sha256(b"\1" + left + right).digest()


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over the data of leaves, in memory that grows with the tree's height alone."""
    whole: list[tuple[int, bytes]] = []
    """Trees that are full, with their heights, each lower than the one before."""
    for data in leaves:
        height, found = 0, leaf_hash(data)
        while whole and whole[-1][0] == height:
            found = node_hash(whole.pop()[1], found)
            height += 1
        whole.append((height, found))
    if not whole:
        return sha256().digest()
    _, found = whole.pop()
    while whole:
        found = node_hash(whole.pop()[1], found)
    return found


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """What proves that a leaf is in the tree: the hashes beside its way up, from the bottom.

    Args:
        leaves: the data of all leaves.
        index: the leaf's, from 0.
    """
    if len(leaves) == 1:
        return []
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < half:
        return [*path(leaves[:half], index), root(leaves[half:])]
    return [*path(leaves[half:], index - half), root(leaves[:half])]


def root_by_path(data: bytes, index: int, size: int, beside: Sequence[bytes]) -> bytes | None:
    """The root that a leaf's path leads to (RFC 9162, 2.1.3.2).

    Returns:
        The root to compare with; None where the path is too long or too short for that place.
    """
    if not 0 <= index < size:
        return None
    found, number, last = leaf_hash(data), index, size - 1
    for other in beside:
        if last == 0:
            return None
        if number & 1 or number == last:
            found = node_hash(other, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, other)
        number, last = number >> 1, last >> 1
    return found if last == 0 else None
