"""The audit trail: pages of deeds, each with the event it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..domain.errors import Refused
from ..domain.events import SessionEvent
from ..domain.keys import LONGEST_ID, SessionKey
from ..domain.recorded import Recorded
from ..projections.audit import EVERYTHING, AuditFilter, DeedRow
from ..projections.audit.kinds import MOVED, SEALED, SOURCES, kind_named
from ..projections.audit.query import MOST, MovedRow, moves, page
from ..projections.audit.tables import NAME, tables_of
from ..projections.printable import printable
from ..reading.finding import tables_in
from .seals import Seal, Sealing, sealings


class Deed(NamedTuple):
    """Something that somebody did, or that happened to a session or to the log."""

    position: int
    """Of the event; the cursor of the page after it."""
    recorded_at: int
    """Milliseconds since 1970 UTC, by the store's clock."""
    kind: str
    """As ``SessionRewound``, or ``LogSealed``."""
    key: SessionKey | None
    """The session, or its subagent's stream; None where it is the log's as a whole."""
    version: int
    source: str
    """sdk, import, api or transcript."""
    actor: str | None
    reason: str | None
    user_id: str | None
    """Whose session it is."""
    event: SessionEvent | None
    """None for a seal."""
    seal: Seal | None = None
    billed_before: SessionKey | None = None
    """Of a response that is billed to this session now: which one it was billed to."""
    cost_nano_usd: int | None = None
    """What it costs."""


def checked(asked: AuditFilter, limit: int) -> AuditFilter:
    """The same, as the read model spells it.

    Raises:
        Refused: there is no such kind or source, the times are upside down, or the page too long.
    """
    if not 1 <= limit <= MOST:
        raise Refused(f"a page holds 1 to {MOST:,} deeds, not {limit}")
    if asked.source is not None and asked.source not in SOURCES:
        raise Refused(f"{asked.source!r:.80} is no source; take one of {', '.join(SOURCES)}")
    if asked.project is not None and len(asked.project) > LONGEST_ID:
        raise Refused(f"a project's name has at most {LONGEST_ID:,} characters: ask for fewer")
    if asked.since is not None and asked.until is not None and asked.since >= asked.until:
        raise Refused("nothing can have happened: the trail is asked to end before it begins")
    return asked._replace(
        kinds=tuple(dict.fromkeys(map(kind_named, asked.kinds))),
        actor=printable(asked.actor),
        project=printable(asked.project),
        user_id=printable(asked.user_id),
    )


def deeds(store: Store, asked: AuditFilter, limit: int, before: int | None) -> list[Deed]:
    """A page of the trail, the newest first. The read model has been caught up before."""
    with store.read() as reader:
        name = reader.texts.name
        spelled = asked._replace(actor=name(asked.actor), user_id=name(asked.user_id))
        found = [
            _deed(reader, DeedRow._make(row))
            for row in reader.query(page(tables_of(reader.live(NAME)), spelled, limit, before))
        ]
        found += _seals(reader, asked, before)
        found += islice(_moves(reader, spelled, limit, before), limit)
    return sorted(found, key=lambda deed: -deed.position)[:limit]


def _moves(reader: Reader, asked: AuditFilter, limit: int, before: int | None) -> Iterator[Deed]:
    """The responses that moved to another session, newest first: few, in the sessions' model."""
    of_kind = not asked.kinds or MOVED in asked.kinds
    if not of_kind or asked.actor is not None or asked.source not in (None, "transcript"):
        return
    while rows := reader.query(moves(tables_in(reader), asked, limit, before)):
        for row in map(MovedRow._make, rows):
            before = row.position
            deed = _moved(reader, row)
            early = asked.since is not None and deed.recorded_at < asked.since
            late = asked.until is not None and deed.recorded_at >= asked.until
            if not (early or late):
                yield deed
        if len(rows) < limit:
            return


def _moved(reader: Reader, row: MovedRow) -> Deed:
    event = _event(reader, SessionKey.parse(row.name), row.version)
    at = event.recorded_at if event is not None else 0
    told = DeedRow(row.position, row.version, MOVED, "transcript", None, at, row.name, row.user_id)
    before = SessionKey.parse(row.origin)
    return _deed(reader, told)._replace(billed_before=before, cost_nano_usd=row.cost)


def _event(reader: Reader, key: SessionKey, version: int) -> Recorded | None:
    stream = reader.find(key)
    if stream is None:
        return None
    return next(iter(reader.events(stream, version - 1, version)), None)


def _deed(reader: Reader, row: DeedRow) -> Deed:
    key = SessionKey.parse(row.name)
    recorded = _event(reader, key, row.version)
    event = recorded.event if recorded is not None else None
    told = [getattr(event, name, None) for name in ("reason", "why")]
    reason = next((text for text in told if text), None)
    return Deed(
        row.position,
        row.recorded_at,
        row.kind,
        key,
        row.version,
        row.source,
        getattr(event, "actor", None),
        reason,
        row.user_id,
        event,
    )


def _seals(reader: Reader, asked: AuditFilter, before: int | None) -> Iterator[Deed]:
    """The seals among the deeds: they are few, and lie in the log's own stream."""
    of_sessions = (asked.session, asked.project, asked.user_id)
    if any(of_sessions) or (asked.kinds and SEALED not in asked.kinds):
        return
    if asked.source not in (None, "api"):
        return
    for sealing in sealings(reader):
        if _is_asked(sealing, asked) and (before is None or sealing.position < before):
            yield Deed(
                sealing.position,
                sealing.recorded_at,
                SEALED,
                None,
                sealing.seal.number,
                "api",
                sealing.actor,
                sealing.reason,
                None,
                None,
                sealing.seal,
            )


def _is_asked(sealing: Sealing, asked: AuditFilter) -> bool:
    return (
        asked.actor in (None, sealing.actor)
        and (asked.since is None or sealing.recorded_at >= asked.since)
        and (asked.until is None or sealing.recorded_at < asked.until)
    )


__all__ = ["EVERYTHING", "AuditFilter", "Deed", "checked", "deeds"]
