"""Kept files in an encrypted log: still once per content, though each session has a key of its own.

A content is sealed under a key that follows from its digest and the log's own secret, and is found
by a keyed hash of the digest. The digest itself lies only in the sealed events of the sessions that
point to it: with the keys of all of these the content is gone too, and no other session loses it.
"""

from __future__ import annotations

from ....domain.errors import NotEncrypted
from ..contract.values import StoredFile
from .aes import aes, key_of, sealed, unsealed
from .cipher import SEALED, Cipher, place

_ID, _KEY, _NO_KEY = "file", "file key", bytes(8)


def file_id(cipher: Cipher, digest: bytes) -> bytes:
    """By what a content is found."""
    return cipher.hashed(_ID, digest)


def sealed_file(cipher: Cipher, file: StoredFile) -> StoredFile:
    """A content as it is stored."""
    if not cipher.encrypted:
        return file
    id, secret = file_id(cipher, file.digest), cipher.hashed(_KEY, file.digest)
    data = sealed(aes(secret), _NO_KEY, place(_ID, id, file.size, file.codec), file.data)
    return StoredFile(id, file.size, file.codec + SEALED, data)


def opened_file(cipher: Cipher, digest: bytes, stored: StoredFile) -> StoredFile:
    """A content as it was given.

    Raises:
        NotEncrypted: it is plain, and the log is encrypted.
        DamagedEvent: it is another content, or was changed.
    """
    if not cipher.encrypted:
        return stored
    if stored.codec < SEALED or key_of(stored.data) is None:
        raise NotEncrypted(
            "a kept file is plain in a log where everything is encrypted: somebody put it there"
        )
    codec = stored.codec - SEALED
    bound = place(_ID, stored.digest, stored.size, codec)
    data = unsealed(aes(cipher.hashed(_KEY, digest)), bound, stored.data)
    return StoredFile(digest, stored.size, codec, data)
