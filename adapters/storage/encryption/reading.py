"""What a look at an encrypted log does besides: it fills texts in, and opens what lies beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ....domain.errors import DamagedEvent, KeyDestroyed, KeysNeeded
from ....domain.keys import SessionKey
from ....projections.texts import Texts
from ..damage import UNREADABLE
from ..sql.statements import Statements
from . import states
from .aes import Place
from .hidden import Find, Hidden, Looking

if TYPE_CHECKING:
    from ..encoding.blocks import BlockCodec


class SealedReader:
    """Reads what is sealed, as a part of a look at the log."""

    cursor: Any
    codec: BlockCodec
    _sql: Statements

    @property
    def texts(self) -> Texts:
        """How the read models take what people wrote."""
        return self.codec.cipher.texts

    def named(self, number: int) -> SessionKey | None:
        """The session whose stream has a number."""
        self.cursor.execute(f"SELECT name FROM streams WHERE id = {self._sql.mark}", (number,))
        row = self.cursor.fetchone()
        return SessionKey.parse(row[0]) if row is not None else None

    def reveal(self, rows: list[Any], find: Find | None = None) -> list[Any]:
        """Rows of read models with their texts, which an encrypted log keeps elsewhere.

        Args:
            find: how a stream is found, where it is to be read as it once was.
        """
        hidden = self.codec.cipher.texts
        if not isinstance(hidden, Hidden):
            return rows
        return hidden.reveal(cast(Looking, self), rows, find)

    def _opened_beside(
        self, name: str, version: int, state: bytes, memory: bytes, snapshots: Mapping[int, bytes]
    ) -> tuple[bytes | None, bytes | None, dict[int, bytes]]:
        """What lies beside a session's events, opened; without what has no key any more."""
        found = {
            at: self._unsealed(states.snapshot(name, at), data) for at, data in snapshots.items()
        }
        return (
            self._unsealed(states.head(name, version), state),
            self._unsealed(states.memory(name, version), memory),
            {at: data for at, data in found.items() if data is not None},
        )

    def _unsealed(self, place: Place, data: bytes) -> bytes | None:
        try:
            return self.codec.cipher.open(place, data)
        except (KeysNeeded, KeyDestroyed):
            return None
        except (DamagedEvent, *UNREADABLE):
            return data  # it is no state, and whoever checks it says so
