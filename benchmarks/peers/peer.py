"""What a peer brings besides being a store: its name, its limits, its fine print."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ..append import PLAN, SETTLING
from ..store import Store

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """How much of each work a peer is given; 0 where its API has no such work.

    The ratio of an append does not depend on how many there are, so a slow peer may have fewer.
    """

    appends: dict[int, tuple[int, int]] = field(default_factory=lambda: PLAN)
    together: int = 10
    load: int = 20_000
    load_batch: int = 20
    listed: int = 20_000
    rounds: int = 5
    settling: int = SETTLING


class Peer(Store):
    """A store of somebody else, in a directory of its own."""

    name: ClassVar[str]
    package: ClassVar[str]
    notes: ClassVar[str]
    limits: ClassVar[Limits] = Limits()

    def __init__(self, directory: Path) -> None:
        raise NotImplementedError


class Loop:
    """One event loop kept open, for peers whose API is asynchronous."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
