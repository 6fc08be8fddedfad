"""What other libraries kept is recorded here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..migrating.summary import Migrated
from .part import Part


class Migrating(Part):
    """Moving house."""

    def migrate(
        self,
        path: str | Path,
        *,
        kind: str | None = None,
        project: str | None = None,
        user_id: str | None = None,
        table: str | None = None,
        columns: Mapping[str, str] | None = None,
        history: bool = True,
        restore: bool = False,
        dry_run: bool = False,
        actor: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Migrated:
        """Record the sessions that a SQLite database of another library holds.

        It may be run again at any time: what is recorded already is left out. The database is
        opened read-only and nothing in it or beside it changes; nothing of it is unpickled or
        executed.

        Args:
            path: the file.
            kind: ``openai-agents``, ``langgraph``, ``adk`` or ``table``; without it, whatever its
                tables show.
            project: the sessions' project; else the kind, or the ADK's application.
            user_id: whose sessions those are of which the database does not tell.
            table: of an application's own: the table with a row for each session.
            columns: of that table, by what they hold: ``{"id": "sid", "history": "messages_gz"}``.
            history: of LangGraph: with the older checkpoints, not the newest of each thread alone.
            restore: record sessions again that were deleted here.
            dry_run: only say what would be recorded.
            actor: who did this.
            progress: called with the number of sessions so far.

        Raises:
            NotMigratable: it is no such database, or cannot be read.
            Refused: there is no such kind, table or column.
            MissingExtra: LangGraph's checkpoints need ``turnlog[migrate]``.
        """
        from ..migrating.run import migrate  # an application that never migrates need not wait

        return migrate(
            self.store,
            Path(path),
            kind=kind,
            project=project,
            table=table,
            columns=columns,
            history=history,
            user_id=user_id,
            actor=actor,
            restore=restore,
            dry_run=dry_run,
            progress=progress,
            checkpoint_every=self.settings.checkpoint_interval,
            redaction=self._redaction,
        )
