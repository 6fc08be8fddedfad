"""What a store seals its content with: nothing, keys that are there, or keys that are not.

Everything that is sealed is bound to its place: a block to its stream, sort, branch and versions,
a state to its stream and version. Moved to another place, it is refused.
"""

from __future__ import annotations

import threading
from hashlib import sha256
from hmac import digest
from typing import TYPE_CHECKING, Protocol

from ....domain.errors import KeyDestroyed, KeyLost, KeysNeeded, NotEncrypted
from ....projections.texts import SHOWN, Texts
from .aes import Place, aes, bound, key_of, sealed, unsealed
from .hidden import Hidden
from .keys import OWN, Destroyed, Key, Keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEALED = 16
"""Added to the number of a codec: what it made is encrypted."""


class Cipher(Protocol):
    """Seals and opens the content of one log."""

    @property
    def encrypted(self) -> bool:
        """Whether anything is sealed."""

    @property
    def locked(self) -> bool:
        """Whether it is, and the keys were not given."""

    @property
    def texts(self) -> Texts:
        """How the read models take what people wrote."""

    def begin(self, stream: str) -> None:
        """Make sure that a stream which is being made can be sealed."""

    def renew(self, stream: str) -> None:
        """Seal what comes with a new key: all that was sealed before is being removed."""

    def seal(self, stream: str, place: Place, data: bytes) -> bytes:
        """Seal what belongs to a stream.

        Args:
            stream: its text id.
            place: what it is bound to.

        Raises:
            KeyLost: its key is gone; none is made in its place.
            KeysNeeded: the keys were not given.
        """

    def open(self, place: Place, data: bytes) -> bytes:
        """What was sealed.

        Raises:
            NotEncrypted: it never was.
            DamagedEvent: it was sealed for another place, or changed.
            KeyLost, KeyDestroyed, KeysNeeded: there is no key for it.
        """

    def refresh(self) -> bool:
        """Notice keys that were replaced or destroyed, by whatever process; whether any were."""

    def hashed(self, purpose: str, data: bytes) -> bytes:
        """By what something is known again without being written down: 32 bytes."""

    def allow_writing(self) -> None:
        """Refuse to write where the keys are missing.

        Raises:
            KeysNeeded: they are.
        """

    def close(self) -> None:
        """Let go of the keys."""


class Plain:
    """The log is not encrypted."""

    encrypted = False
    locked = False
    texts: Texts = SHOWN

    def begin(self, stream: str) -> None:
        """Nothing is needed."""

    def renew(self, stream: str) -> None:
        """Nothing is needed."""

    def seal(self, stream: str, place: Place, data: bytes) -> bytes:
        """It stays as it is."""
        return data

    def open(self, place: Place, data: bytes) -> bytes:
        """It is as it was."""
        return data

    def refresh(self) -> bool:
        """There are no keys."""
        return False

    def hashed(self, purpose: str, data: bytes) -> bytes:
        """It is what it is."""
        return data

    def allow_writing(self) -> None:
        """Anybody may."""

    def close(self) -> None:
        """There is nothing to let go of."""


PLAIN = Plain()


class Locked(Plain):
    """The log is encrypted, and the keys were not given: only headers can be read."""

    encrypted = True
    locked = True

    def __init__(self, url: str, texts: Texts) -> None:
        self.texts = texts
        self._told = (
            f"{url} is encrypted, and its keys were not given: what was said, titles, tags, names "
            "and folders cannot be read, and nothing can be recorded; sessions, times, counts, "
            "tokens, cost and the hash chain can be read; TURNLOG_ENCRYPTION_KEYS (or "
            "`turnlog.open(url, keys=…)`) names the folder of the keys"
        )

    def begin(self, stream: str) -> None:
        """Nothing is begun without keys."""
        raise KeysNeeded(self._told)

    def seal(self, stream: str, place: Place, data: bytes) -> bytes:
        """Nothing is sealed without keys."""
        raise KeysNeeded(self._told)

    def open(self, place: Place, data: bytes) -> bytes:
        """Nothing is opened without keys."""
        raise KeysNeeded(self._told)

    def hashed(self, purpose: str, data: bytes) -> bytes:
        """Nothing is looked up without keys."""
        raise KeysNeeded(self._told)

    def allow_writing(self) -> None:
        """Nothing is written without keys."""
        raise KeysNeeded(self._told)


class Sealing:
    """The log is encrypted, and these are its keys."""

    encrypted = True
    locked = False

    def __init__(self, keys: Keys, texts: Hidden) -> None:
        """Seal with keys that were unlocked.

        Args:
            texts: how the read models take texts; it is given its secret here.
        """
        self.keys = keys
        self._lock = threading.Lock()
        self._revision: object = None
        self._current: dict[str, tuple[bytes, AESGCM]] = {}
        self._opening: dict[bytes, AESGCM | Destroyed] = {}
        own = keys.current(OWN)
        if own is None:
            raise KeysNeeded(f"the log's own secret is not among the keys in {keys.place}")
        self._own = own.secret
        texts.unlock(self.hashed("texts", b""))
        self.texts = texts

    def begin(self, stream: str) -> None:
        """Make its key, if it has none."""
        self._use(stream, self.keys.make(stream))

    def seal(self, stream: str, place: Place, data: bytes) -> bytes:
        """Seal with the stream's current key."""
        found = self._current.get(stream)
        if found is None:
            key = self.keys.current(stream)
            if key is None:
                raise KeyLost(
                    f"{stream!r} has no key in {self.keys.place}, so nothing can be added to it; "
                    "restore the keys from a copy, or where it was destroyed on purpose end the "
                    "session with `turnlog erase`"
                )
            found = self._use(stream, key)
        return sealed(found[1], found[0], place, data)

    def _use(self, stream: str, key: Key) -> tuple[bytes, AESGCM]:
        cipher = aes(key.secret)
        with self._lock:
            self._opening[key.id] = cipher
            self._current[stream] = key.id, cipher
        return key.id, cipher

    def open(self, place: Place, data: bytes) -> bytes:
        """Open with the key that sealed it."""
        id = key_of(data)
        if id is None:
            raise NotEncrypted(
                "it is plain, or too short, in a log where everything is encrypted: somebody put "
                "it there"
            )
        cipher = self._opening.get(id)
        if cipher is None:
            cipher = self._looked_up(id)
        if isinstance(cipher, Destroyed):
            raise KeyDestroyed(
                f"its key was destroyed ({cipher.stream!r}): the content is gone for good; "
                "sessions, times, counts, tokens, cost and the hash chain are still there"
            )
        return unsealed(cipher, place, data)

    def _looked_up(self, id: bytes) -> AESGCM | Destroyed:
        secret = self.keys.secret(id)
        if secret is None:
            raise KeyLost(
                f"its key {id.hex()} is not in {self.keys.place}: restore the keys from a copy "
                "that has it; without it this content is lost; times, counts, tokens, cost and "
                "the hash chain are still there"
            )
        found = secret if isinstance(secret, Destroyed) else aes(secret)
        with self._lock:
            self._opening[id] = found
        return found

    def refresh(self) -> bool:
        """Forget what is known of the keys when any were replaced or destroyed."""
        revision = self.keys.revision()
        if revision == self._revision:
            return False
        with self._lock:
            self._revision = revision
            self._current.clear()
            self._opening.clear()
        self.texts.forget()
        return True

    def hashed(self, purpose: str, data: bytes) -> bytes:
        """A hash that only who has the log's own secret can make."""
        return digest(self._own, bound(purpose, data), sha256)

    def renew(self, stream: str) -> None:
        """Seal what comes with a new key."""
        self._use(stream, self.keys.renew(stream))

    def allow_writing(self) -> None:
        """The keys are there."""

    def close(self) -> None:
        """Let go of the keys."""
        self.keys.close()


def place(kind: str, *parts: object) -> Place:
    """A place to bind something to: what it is, and where it belongs."""
    return ("turnlog", kind, *parts)
