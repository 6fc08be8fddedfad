"""What becomes of sessions in time: archived, cleaned up, erased, redacted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

from ..adapters.redaction import Redaction
from ..domain.keys import SessionKey
from ..projecting.runner import Background
from ..retention.archiving import Archived, archive, squeezed
from ..retention.collecting import collect
from ..retention.destroying import KeysDestroyed, destroy_keys
from ..retention.erasing import Erased, Erasure, erase
from ..retention.linked import checked, link
from ..retention.policy import CleanUp, Collected, Policy, Strength
from ..retention.redacting import Asked, Redacted, redact
from ..retention.scheduling import Schedule
from ..retention.sharing import Forks
from .part import Key
from .projecting import Projecting


class Retaining(Projecting):
    """Retention."""

    def archive(self, key: Key, reason: str | None = None, actor: str | None = None) -> Archived:
        """Take a session out of the daily lists, and pack it: it stays as readable as before.

        It comes back by itself when its conversation goes on, or with ``undelete``.

        Raises:
            UnknownSession: there is no such session.
            Refused: it is deleted or erased.
        """
        place = SessionKey.of(key)
        ahead = squeezed(self.store, place)
        return self.store.write(lambda t: archive(t, place, reason, actor, ahead))

    def collect(
        self,
        days: float | None = None,
        strength: Strength = "archive",
        *,
        out: str | Path | None = None,
        silent_hours: float = 24.0,
        files: bool = False,
        actor: str | None = None,
        now: datetime | None = None,
        dry_run: bool = False,
        progress: Callable[[Collected], None] | None = None,
    ) -> CleanUp:
        """Clean the log up; see docs/retention.md.

        What is active and silent is called abandoned. What ended is archived, or erased: its
        headers stay in any case, and what is active is never touched.

        Args:
            days: since something was recorded of a session that ended; the setting
                ``cleanup_days`` without it.
            strength: ``archive``; ``export``, which writes a session into a file of its own,
                verifies that, and then erases the content; or ``erase``.
            out: the folder for those files.
            silent_hours: since something was recorded of an active one.
            files: whether directories that are linked to a session are removed with it.
            now: what ages are counted to; the present without it. Without a zone it is in UTC.
            dry_run: only say what would happen.
            progress: called with each session that is done with.

        Raises:
            Refused: an age is none, or there is no folder to write to.
            AlreadyCleaning: another process cleans up now.
            OSError: a file cannot be written; its session stays as it was.
            StorageError: the database failed; what is done with is done with.
        """
        days = self.settings.cleanup_days if days is None else days
        folder = Path(out) if out is not None else None
        policy = Policy(days, silent_hours, strength, folder, files, actor)
        return collect(self.store, policy, now, dry_run, progress)

    def collect_in_background(
        self,
        every: timedelta = timedelta(days=1),
        days: float | None = None,
        strength: Strength = "archive",
        *,
        out: str | Path | None = None,
        silent_hours: float = 24.0,
        files: bool = False,
        actor: str | None = None,
        on_done: Callable[[CleanUp], None] | None = None,
    ) -> Background:
        """Clean the log up now and then, in a thread of its own, until it is stopped.

        Any number of processes may: one at a time does it. Closing the log stops it too.

        Args:
            every: the time between two clean-ups, a minute at least.
            on_done: called with what each did.

        Raises:
            Refused: the time is too short, or too long.
        """

        def clean_up() -> CleanUp:
            return self.collect(
                days, strength, out=out, silent_hours=silent_hours, files=files, actor=actor
            )

        background = Background(Schedule(clean_up, every, on_done), "turnlog-retention")
        self._backgrounds.add(background)
        return background

    def link_directory(self, key: Key, directory: str | Path, actor: str | None = None) -> None:
        """Name a directory of files that belongs to a session, in its metadata.

        It is removed with the session where a clean-up or an erasure is told so, and not before.
        Its path is kept without symbolic links: where one stands in it later, the directory stays.

        Raises:
            UnknownSession: there is no such session.
            Refused: it is no directory, could lead elsewhere, or holds more than its files.
        """
        path = checked(directory, getattr(self.store, "path", None))
        place = SessionKey.of(key)
        self.store.write(lambda t: link(t, place, path, actor))

    def erase(
        self,
        key: Key,
        *,
        forks: Forks = "refuse",
        files: bool = False,
        reason: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> Erased:
        """Erase what a session and its subagents said, for good; see docs/retention.md.

        What stays is when they were, their counts, tokens and cost, and a chain that verifies.
        The database's files are written anew, so it takes a while. A session that is erased
        already stays so; it is only made sure that nothing of it is left in the files.

        Args:
            key: the session; with a subpath, that subagent's stream alone.
            forks: of sessions that share its content: ``refuse`` where there are any, ``erase``
                them too, or ``keep`` those that have copies of their own.
            files: whether directories that are linked to it are removed too.
            dry_run: only say what would go.

        Raises:
            UnknownSession: there is no such session.
            SharedContent: other sessions share it; the error names them.
            StorageError: the files could not be written anew; call it again.
        """
        why = Erasure(reason, actor)
        return erase(self.store, SessionKey.of(key), forks, why, files, dry_run)

    @property
    def encrypted(self) -> bool:
        """Whether what people wrote is encrypted in the database."""
        return self.store.encrypted

    def destroy_keys(self, key: Key, *, forks: Forks = "refuse") -> KeysDestroyed:
        """Destroy the keys of a session and its subagents, in an encrypted log.

        Nobody reads what they said any more, neither in the database nor in any copy of it; their
        headers can be read. The database is left as it is: ``erase`` does that, and destroys the
        keys too.

        Args:
            key: the session; with a subpath, that subagent's stream alone.
            forks: of sessions that share its content: as ``erase`` takes it. A fork reads what it
                took over with the keys of the session that it was taken from.

        Raises:
            UnknownSession: there is no such session.
            SharedContent: other sessions share it; the error names them.
            Refused: the log is not encrypted.
            KeysNeeded: the keys were not given.
        """
        return destroy_keys(self.store, SessionKey.of(key), forks)

    def redact(
        self,
        key: Key,
        entry: str | int | None = None,
        *,
        texts: Iterable[str] = (),
        patterns: Iterable[str] = (),
        copies: bool = False,
        reason: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> Redacted:
        """Take texts out of an entry for good; in their place it reads ``[redacted]``.

        Its uuid, type and place stay, so that the CLI resumes the session. Titles, prompts, kept
        files and lines without uuid that repeat what was taken out lose it too.

        Args:
            key: the session, or a subagent's stream.
            entry: its uuid (there or in a subagent's stream), or its version; None for every entry
                of the session and of its subagents.
            texts: what is taken out; without these and patterns, every text of the entry.
            patterns: what is taken out: ``secrets``, the name of one of its patterns, or a regular
                expression in the syntax of RE2 (``turnlog[redaction]``).
            copies: whether sessions that share its content, and other streams of the session, lose
                it too: where the CLI or the SDK copied the entry, and without an entry whatever
                holds it there. Without, ``copies`` of the result names them.
            dry_run: only say what would change.

        Raises:
            UnknownSession, PointNotFound: there is no such session, no such entry.
            DamagedEvent: what is to be changed cannot be read.
            Refused: there is nothing to be taken out.
            InvalidPattern: a pattern cannot be matched.
            MissingExtra: RE2 is not installed.
            StorageError: the files could not be written anew; call it again.
        """
        what = Redaction.of(patterns).with_texts(texts)
        asked = Asked(entry, what or None, reason, actor, copies)
        return redact(self.store, SessionKey.of(key), asked, dry_run)
