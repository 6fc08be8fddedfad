"""Blocks of an encrypted log: bodies and salts sealed together, bound to the block's place.

The column ``seed`` is empty there: from a salt that stays readable, an erased text could be guessed
by the hash in its header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ....domain.errors import DamagedEvent, NotEncrypted
from .cipher import SEALED, Cipher, place

if TYPE_CHECKING:
    from ..encoding.blocks import Block

_LENGTH = 4


def sealed_row(cipher: Cipher, name: str, row: tuple[Any, ...]) -> tuple[object, ...]:
    """A row for ``blocks``, sealed.

    Args:
        name: the stream's text id.
        row: without the id.
    """
    *where, codec, dictionary, seed, data = row
    inner = len(seed).to_bytes(_LENGTH, "big") + seed + data
    bound = place("block", *where, codec, dictionary)
    return *where, codec + SEALED, dictionary, b"", cipher.seal(name, bound, inner)


def opened_block(cipher: Cipher, block: Block) -> Block:
    """A block as it was before it was sealed.

    Raises:
        NotEncrypted: it is plain, and the log is encrypted.
        DamagedEvent: it was sealed for another place, or the log is not encrypted.
        KeyLost, KeyDestroyed, KeysNeeded: there is no key for it.
    """
    if block.codec < SEALED:
        if cipher.encrypted:
            raise NotEncrypted(
                "it is plain in a log where everything is encrypted: somebody put it there"
            )
        return block
    if not cipher.encrypted:
        raise DamagedEvent("it is encrypted in a log that is not")
    _, *where, codec, dictionary, _, data = block
    inner = cipher.open(place("block", *where, codec - SEALED, dictionary), data)
    end = _LENGTH + int.from_bytes(inner[:_LENGTH], "big")
    return block._replace(codec=codec - SEALED, seed=inner[_LENGTH:end], data=inner[end:])
