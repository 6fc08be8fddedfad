"""AES-256-GCM, as the `cryptography` library has it: what is sealed, and to what place it is bound.

Sealed bytes are ``version (1) ‖ key id (8) ‖ nonce (12) ‖ ciphertext ‖ tag (16)``. The place is the
associated data: it is not in the bytes, and whoever opens them must name the same one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ....domain.errors import DamagedEvent, MissingExtra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = b"\x01"
"""The first byte of what is sealed. Neither JSON nor a frame begins so."""
ID, NONCE, TAG = 8, 12, 16
HEAD = len(FORMAT) + ID + NONCE

Place = tuple[object, ...]
"""What sealed bytes are bound to, in parts: they are spelled as bytes only where something is
sealed."""


def aes(secret: bytes) -> AESGCM:
    """AES-256-GCM under a secret of 32 bytes.

    Raises:
        MissingExtra: the library is not installed.
    """
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as problem:
        raise MissingExtra(
            f"encryption needs a library ({problem}): pip install 'turnlog[encryption]'"
        ) from problem
    return AESGCM(secret)


def sealed(cipher: AESGCM, key: bytes, place: Place, data: bytes) -> bytes:
    """Encrypt, under a nonce of its own.

    Args:
        key: the id of the key.
        place: what the bytes are bound to.
    """
    nonce = os.urandom(NONCE)
    return b"%b%b%b%b" % (FORMAT, key, nonce, cipher.encrypt(nonce, data, bound(*place)))


def key_of(data: bytes) -> bytes | None:
    """The id of the key that sealed some bytes; None where they are not sealed."""
    if data[:1] != FORMAT or len(data) < HEAD + TAG:
        return None
    return bytes(data[1 : 1 + ID])


def unsealed(cipher: AESGCM, place: Place, data: bytes) -> bytes:
    """What was encrypted.

    Raises:
        DamagedEvent: the bytes were changed, or were sealed for another place.
    """
    from cryptography.exceptions import InvalidTag

    try:
        return cipher.decrypt(bytes(data[1 + ID : HEAD]), bytes(data[HEAD:]), bound(*place))
    except InvalidTag:
        raise DamagedEvent(
            "it was sealed for another place, or changed since: its tag does not fit"
        ) from None


def bound(*parts: object) -> bytes:
    """A place as bytes: its parts, each with its length, so that no two are spelled alike."""
    texts = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"".join(len(text).to_bytes(4, "big") + text for text in texts)
