"""What is recorded: batches, and what Claude Code left on a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

from ..adapters.claude.batches import prepare
from ..adapters.claude.results import read_result, session_of
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Packed
from ..appending import Appended, Arrival, append
from ..domain.errors import Refused, UnknownSession
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..domain.results import report
from ..importing.summary import ImportSummary, Progress
from ..reading.finding import Sessions
from .part import Key, Part, there


class Recording(Part):
    """Recording."""

    def append(
        self,
        key: Key,
        entries: Iterable[object],
        *,
        user_id: str | None = None,
        source: Literal["sdk", "import", "api"] = "sdk",
    ) -> Appended:
        """Record a batch of transcript entries; what is recorded already is left out.

        Args:
            key: the session, or one of its subagents' streams.
            entries: JSON objects. What cannot be understood is recorded as it came.
            user_id: whose session it is, taken when it begins.
            source: where the entries come from.

        Returns:
            What was new. Durable once this returns.

        Raises:
            Refused: ``entries`` is no list of them.
        """
        key = SessionKey.of(key)
        if isinstance(entries, (Mapping, str, bytes)) or not isinstance(entries, Iterable):
            raise Refused(f"append takes a list of entries, not one {type(entries).__name__}")
        batch = prepare(key, entries, self._redaction)
        if not batch:
            return Appended(0, 0, 0, 0, 0, 0)
        every = self.settings.checkpoint_interval
        return self.arrive(Arrival(key, batch, source, user_id, checkpoint_every=every))

    def record_result(self, message: object, key: Key | None = None) -> bool:
        """Record what the CLI counts in a ``ResultMessage``: its running total of cost.

        No transcript holds it, so whoever runs the agent hands it over; figures show it beside the
        cost by the table of prices.

        Args:
            message: as the SDK gives it, or the same as an object of the CLI's ``stream-json``.
            key: the session; without it, the one that the message names.

        Returns:
            Whether it was new, and tells a cost.

        Raises:
            Refused: it is no result, or the session is deleted.
            UnknownSession: there is no such session yet.
        """
        result = read_result(message)
        place = SessionKey.of(key) if key is not None else self._named_by(message)

        def work(transaction: Transaction) -> bool:
            stream = there(transaction.find(place), place)
            if result is None:
                return False
            stream = transaction.open(place)
            known = transaction.known(stream, [result.identity], stream.state.life)
            events = report(stream.state, result, bool(known))
            if events:
                transaction.record(stream, events, fold(stream.state, events))
            return bool(events)

        return self.store.write(work)

    def _named_by(self, message: object) -> SessionKey:
        name = session_of(message)
        session = Sessions(self.store).find(name)
        if session.session_id != name:
            raise UnknownSession(f"there is no session {name!r}; see `turnlog sessions`")
        return SessionKey.parse(session.name)

    def arrive(self, arrival: Arrival, packed: Packed | None = None) -> Appended:
        """Record a batch that is prepared already.

        Args:
            packed: its bodies compressed ahead, used where every entry is new.
        """
        return self.store.write(lambda transaction: append(transaction, arrival, packed))

    def import_claude(
        self,
        path: str | Path,
        *,
        workers: int | None = None,
        progress: Callable[[Progress], None] | None = None,
        restore: bool = False,
        user_id: str | None = None,
        machine: str | None = None,
    ) -> ImportSummary:
        """Record what Claude Code left in a path; see ``importing.import_claude``."""
        from ..importing.run import import_claude  # an application that never imports need not wait

        return import_claude(
            self,
            path,
            workers=workers,
            progress=progress,
            restore=restore,
            user_id=user_id,
            machine=machine,
        )
