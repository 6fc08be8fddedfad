"""One runner a read model, in whatever process: a lease, renewed with every batch.

Whoever takes a lease over draws a greater token. Every batch renews the lease under its token in
the transaction that writes it, so one who was paused past the end of his lease writes nothing.
"""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

from ..adapters.storage.contract.store import Store
from ..domain.errors import LeaseLost

SECONDS = 30.0
"""How long a lease holds when it is not renewed."""


def holder_name() -> str:
    """Who asks: the machine, the process, and which of those that ask in it."""
    return f"{_here()}:{os.getpid()}:{uuid4().hex[:8]}"


def _here() -> str:
    """The machine, or the container: where process numbers mean what they mean here."""
    place = platform.node() or "unknown"
    with suppress(OSError):  # only Linux says so
        place += ":" + Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    return place


def is_dead(holder: str) -> bool:
    """Whether a holder was a process of this machine, and is there no more."""
    place, _, rest = holder.rpartition(":")[0].rpartition(":")
    if os.name != "posix" or place != _here() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is there, and another user's
        return False
    return False


class Lease:
    """The right to fold a read model, until it is released or runs out."""

    def __init__(self, store: Store, name: str, holder: str, token: int, seconds: float) -> None:
        self.name = name
        self.holder = holder
        self.token = token
        self._store = store
        self._seconds = seconds

    @classmethod
    def take(
        cls, store: Store, name: str, holder: str | None = None, seconds: float = SECONDS
    ) -> Lease | None:
        """Take a lease; None while another holds it.

        The lease of a process of this machine that died is taken over at once, any other when it
        was not renewed in time.
        """
        holder = holder or holder_name()
        account = store.account

        def work(cursor: Any) -> int | None:
            held = account.lease(cursor, name)
            if held is not None and held.left >= 0 and is_dead(held.holder):
                account.release(cursor, name, held.token)
            return account.take(cursor, name, holder, seconds)

        token = store.project(work)
        return cls(store, name, holder, token, seconds) if token is not None else None

    def hold(self, cursor: Any) -> None:
        """Renew it, in the transaction of what is written under it.

        Raises:
            LeaseLost: another took it over.
        """
        if not self._store.account.renew(cursor, self.name, self.token, self._seconds):
            raise LeaseLost(
                f"another process folds the read model {self.name!r} by now: this one did not "
                f"renew its lease within {self._seconds:g} seconds, and has written nothing since"
            )

    def renew(self) -> None:
        """Renew it while there is nothing to write.

        Raises:
            LeaseLost: another took it over.
        """
        self._store.project(self.hold)

    def release(self) -> None:
        """Let another take it at once."""
        self._store.project(
            lambda cursor: self._store.account.release(cursor, self.name, self.token)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
