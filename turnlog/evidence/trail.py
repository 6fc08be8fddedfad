"""The audit trail: pages of deeds, each with the event it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..adapters.storage.contract import Reader, Store
from ..domain.errors import Refused
from ..domain.events import SessionEvent
from ..domain.keys import LONGEST_ID, SessionKey
from ..projections.audit import EVERYTHING, AuditFilter, DeedRow
from ..projections.audit.kinds import SEALED, SOURCES, kind_named
from ..projections.audit.query import MOST, page
from ..projections.audit.tables import NAME, tables_of
from ..projections.printable import printable
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
        found = [
            _deed(reader, DeedRow._make(row))
            for row in reader.query(page(tables_of(reader.live(NAME)), asked, limit, before))
        ]
        found += _seals(reader, asked, before)
    return sorted(found, key=lambda deed: -deed.position)[:limit]


def _deed(reader: Reader, row: DeedRow) -> Deed:
    key = SessionKey.parse(row.name)
    stream = reader.find(key)
    event = None
    if stream is not None:
        content = reader.events(stream, row.version - 1, row.version)
        event = next((recorded.event for recorded in content), None)
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
