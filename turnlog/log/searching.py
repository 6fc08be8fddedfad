"""Searching the whole log."""

from __future__ import annotations

from collections.abc import Iterable

from ..domain.errors import MissingExtra, Refused
from ..projections.search.candidates import ANYWHERE, SearchFilter
from ..projections.search.tables import NAME
from ..reading.searching import Found, search
from .projecting import Projecting


class Searching(Projecting):
    """Full text over prompts, answers, tools and titles."""

    def search(
        self,
        query: str,
        within: Iterable[str] | None = None,
        asked: SearchFilter = ANYWHERE,
        *,
        all_branches: bool = False,
        limit: int = 10,
        page: int = 1,
    ) -> Found:
        """Find texts by their words, the best first; see docs/search.md.

        What was recorded before the call is found: the index is caught up first.

        Args:
            query: words, ``"phrases"``, beginnings (``sql*``), ``-without``, ``OR``,
                ``title:word``.
            within: where to look: titles, prompts, answers, inputs, results, or tools for the last
                two; None for all.
            asked: of which sessions, and from when.
            all_branches: also what rewinds left behind, and former titles.
            limit: hits a page, 1 to 100.
            page: 1 for the first.

        Raises:
            InvalidQuery: there is no word in it, or too many, or no text can be what it asks for.
            Refused: ``limit``, ``page`` or a time makes no sense, or the log is encrypted.
            MissingExtra: this Python's SQLite has no full-text search.
            NotCaughtUp: another process builds the index, and has not come so far in time.
        """
        if self.store.encrypted:
            raise Refused(
                "the log is encrypted, and an index of its words would tell what was said: it has "
                "none; `turnlog sessions` filters by user, tag, project, time, status and cost, "
                "and `turnlog show` reads one session"
            )
        if NAME not in self.store.registry:
            raise MissingExtra(
                "the SQLite of this Python was built without FTS5, which search needs; use a "
                "Python whose SQLite has it, or keep the log in PostgreSQL"
            )
        self.catch_up(NAME)
        return search(self.store, query, within, asked, all_branches, limit, page)
