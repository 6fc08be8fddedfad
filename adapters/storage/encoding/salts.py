"""The salts of a block's bodies, as the column ``seed`` holds them.

A body's hash is salted, so that an erased text cannot be guessed from the hash that stays; each
body has a salt of its own, so that redacting one keeps the salts of those beside it and nothing
from which its own could be made. A block is written with one secret, from which the salts follow:
``SHA-256(secret ‖ version)``, the first 16 bytes, the version in eight, big-endian.

The column has one of three forms, told by its length:

- 16 bytes: the salt of every body, as blocks were written at first.
- 17 bytes: the number of a form, and a secret for all bodies.
- more: runs of bodies one after another, as merged blocks have them. Each is the number of a form,
  how many bodies (4 bytes, little-endian), and the secret, or the bodies' own salts.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import NamedTuple

from ....domain.errors import DamagedEvent

SALT = 16
"""Bytes of a salt, and of a secret."""
SHARED, DERIVED, OWN = 0, 1, 2
"""The forms: one salt for all, a secret that all follow from, each body's own salt."""
_HEAD = 5


class Run(NamedTuple):
    """The salts of some bodies in a row."""

    form: int
    bodies: int
    data: bytes

    def salts(self, versions: Sequence[int]) -> list[bytes]:
        """The salt of each body."""
        if self.form == SHARED:
            return [self.data] * self.bodies
        if self.form == DERIVED:
            return [derived(self.data, version) for version in versions]
        return [self.data[n : n + SALT] for n in range(0, len(self.data), SALT)]

    def packed(self) -> bytes:
        """The run as it is stored among others."""
        return bytes([self.form]) + self.bodies.to_bytes(4, "little") + self.data


def new_seed() -> bytes:
    """The column of a new block."""
    return bytes([DERIVED]) + os.urandom(SALT)


def new_salt() -> bytes:
    """A salt that follows from nothing."""
    return os.urandom(SALT)


def derived(secret: bytes, version: int) -> bytes:
    """The salt of a version that follows from a block's secret."""
    return sha256(b"%b%b" % (secret, version.to_bytes(8, "big"))).digest()[:SALT]


def own(given: Sequence[bytes]) -> bytes:
    """The column of a block whose bodies came with a salt each."""
    return _column([Run(OWN, len(given), b"".join(given))])


def salts(seed: bytes, versions: Sequence[int]) -> list[bytes]:
    """The salt of each body of a block.

    Raises:
        DamagedEvent: these are not the salts of so many bodies.
    """
    if len(seed) == SALT + 1 and seed[0] == DERIVED:  # as nearly always
        secret = seed[1:]
        return [derived(secret, version) for version in versions]
    found: list[bytes] = []
    for run in _runs(seed, len(versions)):
        found += run.salts(versions[len(found) : len(found) + run.bodies])
    return found


def merged(blocks: Sequence[tuple[bytes, int]]) -> bytes:
    """The column of a block that several were merged into.

    Args:
        blocks: the column of each, and how many bodies it has.
    """
    return _column([run for seed, count in blocks for run in _runs(seed, count)])


def without(seed: bytes, versions: Sequence[int], gone: Collection[int]) -> bytes:
    """The column of a block from which some bodies went, with no way to their salts.

    Where one salt was shared by all, it is still that of those which stay.
    """
    return _rewritten(seed, versions, dict.fromkeys(gone))


def replaced(seed: bytes, versions: Sequence[int], version: int, salt: bytes) -> bytes:
    """The column of a block in which a body has another salt, with no way to the old one."""
    return _rewritten(seed, versions, {version: salt})


def _rewritten(
    seed: bytes, versions: Sequence[int], changed: dict[int, bytes] | dict[int, None]
) -> bytes:
    runs: list[Run] = []
    start = 0
    for run in _runs(seed, len(versions)):
        part = versions[start : start + run.bodies]
        start += run.bodies
        if changed.keys().isdisjoint(part):
            runs.append(run)
            continue
        kept = [
            changed.get(version, salt) for version, salt in zip(part, run.salts(part), strict=True)
        ]
        left = [salt for salt in kept if salt is not None]
        if left:
            runs.append(Run(OWN, len(left), b"".join(left)))
    return _column(runs)


def _runs(seed: bytes, count: int) -> list[Run]:
    if len(seed) == SALT:
        return [Run(SHARED, count, seed)]
    if len(seed) == SALT + 1:
        return [_sound(Run(seed[0], count, seed[1:]))]
    runs = []
    start = 0
    while start < len(seed):
        form, several = seed[start], int.from_bytes(seed[start + 1 : start + _HEAD], "little")
        end = start + _HEAD + SALT * (several if form == OWN else 1)
        runs.append(_sound(Run(form, several, seed[start + _HEAD : end])))
        start = end
    if sum(run.bodies for run in runs) != count:
        raise DamagedEvent(f"a block of {count} bodies has other salts")
    return runs


def _sound(run: Run) -> Run:
    expected = SALT * run.bodies if run.form == OWN else SALT
    if run.form not in (SHARED, DERIVED, OWN) or len(run.data) != expected or run.bodies < 1:
        raise DamagedEvent(f"a block has salts of the form {run.form}, {len(run.data)} bytes")
    return run


def _column(runs: Sequence[Run]) -> bytes:
    if len(runs) == 1 and runs[0].form != OWN:
        (run,) = runs
        return run.data if run.form == SHARED else bytes([run.form]) + run.data
    return b"".join(run.packed() for run in runs)
