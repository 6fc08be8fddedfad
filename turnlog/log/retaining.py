"""What becomes of sessions in time: erased, redacted."""

from __future__ import annotations

from collections.abc import Iterable

from ..adapters.redaction import Redaction
from ..domain.keys import SessionKey
from ..retention.erasing import Erased, Erasure, erase
from ..retention.redacting import Asked, Redacted, redact
from ..retention.sharing import Forks
from .part import Key, Part


class Retaining(Part):
    """Retention."""

    def erase(
        self,
        key: Key,
        *,
        forks: Forks = "refuse",
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
            dry_run: only say what would go.

        Raises:
            UnknownSession: there is no such session.
            SharedContent: other sessions share it; the error names them.
            StorageError: the files could not be written anew; call it again.
        """
        why = Erasure(reason, actor)
        return erase(self.store, SessionKey.of(key), forks, why, dry_run)

    def redact(
        self,
        key: Key,
        entry: str | int | None = None,
        *,
        texts: Iterable[str] = (),
        patterns: Iterable[str] = (),
        reason: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> Redacted:
        """Take texts out of an entry for good; in their place it reads ``[redacted]``.

        Its uuid, type and place stay, so that the CLI resumes the session. Titles, prompts and
        lines without uuid that repeat what was taken out lose it too.

        Args:
            key: the session, or a subagent's stream.
            entry: its uuid, or its version; None for every entry of the session.
            texts: what is taken out; without these and patterns, every text of the entry.
            patterns: what is taken out: ``secrets``, the name of one of its patterns, or a regular
                expression in the syntax of RE2 (``turnlog[redaction]``).
            dry_run: only say what would change.

        Raises:
            UnknownSession, PointNotFound: there is no such session, no such entry.
            Refused: there is nothing to be taken out.
            InvalidPattern: a pattern cannot be matched.
            MissingExtra: RE2 is not installed.
            StorageError: the files could not be written anew; call it again.
        """
        what = Redaction.of(patterns).with_texts(texts)
        asked = Asked(entry, what or None, reason, actor)
        return redact(self.store, SessionKey.of(key), asked, dry_run)
