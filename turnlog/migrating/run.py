"""Migrating a database: each session in a transaction of its own, again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from ..adapters.migration.database import ForeignDatabase
from ..adapters.migration.found import ForeignSession
from ..adapters.migration.kinds import Source, source_of
from ..adapters.redaction import Redaction
from ..adapters.storage.contract.store import Store
from ..adapters.storage.contract.transaction import Transaction
from ..domain.errors import InvalidKey
from ..domain.keys import SessionKey
from .applying import COUNTED, Applied, Asker, apply
from .summary import Migrated


class _Undone(Exception):
    """Carries what a dry run would have done past the end of its transaction."""

    def __init__(self, applied: Applied) -> None:
        super().__init__()
        self.applied = applied


def migrate(
    store: Store,
    path: Path,
    *,
    kind: str | None,
    project: str | None,
    table: str | None,
    columns: Mapping[str, str] | None,
    history: bool,
    user_id: str | None,
    actor: str | None,
    restore: bool,
    dry_run: bool,
    progress: Callable[[int], None] | None,
    checkpoint_every: int,
    redaction: Redaction | None,
) -> Migrated:
    """Record what a database of another library holds; see ``Log.migrate``."""
    began = time.monotonic()
    summary = Migrated(path, dry_run=dry_run)
    with closing(ForeignDatabase(path)) as database:
        sources = source_of(database, kind, table, columns, history)
        summary.kinds = tuple(source.kind for source in sources)
        for source in sources:
            now = time.time_ns() // 1_000_000
            asker = Asker(source.kind, user_id, actor, restore, now, checkpoint_every, redaction)
            _each(store, source, summary, asker, project, progress)
            summary.take(source.unread)
    summary.seconds = time.monotonic() - began
    return summary


def _each(
    store: Store,
    source: Source,
    summary: Migrated,
    asker: Asker,
    project: str | None,
    progress: Callable[[int], None] | None,
) -> None:
    for session in source.sessions():
        try:
            key = SessionKey.of(
                SessionKey(project or session.project, session.session_id, session.subpath)
            )
        except InvalidKey as problem:
            source.unread.add(f"session {session.session_id[:80]!r}", str(problem))
            continue
        session.snapshots = list(session.snapshots)
        if not any(snapshot.messages for snapshot in session.snapshots):
            summary.empty += 1
            continue
        applied = _applied(store, key, session, asker, summary.dry_run)
        for thing in applied.refused:
            source.unread.add(*thing)
        _count(summary, applied)
        if progress is not None:
            progress(summary.sessions)


def _applied(
    store: Store, key: SessionKey, session: ForeignSession, asker: Asker, dry_run: bool
) -> Applied:
    if not dry_run:
        return store.write(lambda transaction: apply(transaction, key, session, asker))
    try:
        store.write(partial(_undo, key=key, session=session, asker=asker))
    except _Undone as undone:
        return undone.applied
    raise AssertionError("a dry run never commits")


def _undo(transaction: Transaction, key: SessionKey, session: ForeignSession, asker: Asker) -> None:
    raise _Undone(apply(transaction, key, session, asker))


def _count(summary: Migrated, applied: Applied) -> None:
    summary.sessions += 1
    for name in COUNTED:
        setattr(summary, name, getattr(summary, name) + getattr(applied, name))
