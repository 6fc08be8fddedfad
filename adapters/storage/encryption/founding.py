"""What makes a log an encrypted one: a row in its table ``about``, which names its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select

from ....domain.errors import Refused
from ....projections.engine.registry import Registry
from ....projections.texts import SHOWN, Texts
from ..sql.schema import about
from .cipher import PLAIN, Cipher, Locked, Sealing
from .hidden import Hidden
from .keys import OWN, Keys

if TYPE_CHECKING:
    from collections.abc import Iterator

ROW = "keys"
"""The row's name; its value is the name by which the keys are known."""


class Encryption:
    """What a store is told: the keys of its log, if it has any."""

    def __init__(self, keys: Keys | None = None) -> None:
        self.keys = keys
        self.texts: Texts = Hidden() if keys is not None else SHOWN
        """How the read models take texts, once the log was found or made."""

    def begin(self, connection: Connection, url: str) -> Cipher:
        """Make a log that was just made an encrypted one, where there are keys.

        Raises:
            Refused: they are the keys of another log.
            KeysNeeded: they cannot be made.
        """
        if self.keys is None:
            return PLAIN
        name = self.keys.begin()
        self.keys.make(OWN)
        connection.execute(insert(about).values(name=ROW, value=name))
        return self._sealing(self.keys)

    def unlock(self, connection: Connection, url: str) -> Cipher:
        """The cipher of a log that is there.

        Raises:
            Refused: there are keys, and the log is not encrypted.
            KeysNeeded: these are not its keys.
        """
        name = connection.execute(select(about.c.value).where(about.c.name == ROW)).scalar()
        if name is None and self.keys is None:
            return PLAIN
        if name is None:
            raise Refused(
                f"{url} is not encrypted, and keys were given; open it without them, or begin "
                "another log with them and bring the sessions over by `turnlog export` and "
                "`turnlog import`"
            )
        if self.keys is None:
            return Locked(url, Hidden())
        self.keys.unlock(str(name))
        return self._sealing(self.keys)

    def _sealing(self, keys: Keys) -> Sealing:
        assert isinstance(self.texts, Hidden)
        return Sealing(keys, self.texts)


def admit(registry: Registry, cipher: Cipher) -> None:
    """Leave the read models out that an encrypted log does not keep: those with texts in them.

    Raises:
        Refused: one of the user's own is among them.
    """
    if not cipher.encrypted:
        return
    for name in list(_with_texts(registry)):
        if name != "search" and not cipher.locked:
            raise Refused(
                f"the log is encrypted, and the projection {name!r} asks for what people wrote, "
                'which its tables would hold as it is; declare content = "none", or do without it'
            )
        registry.leave_out(name)


def _with_texts(registry: Registry) -> Iterator[str]:
    return (registration.name for registration in registry if not registration.textless)
