"""Searching: ask the index, keep what is live, read the best of it, and show where it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..adapters.storage.contract.reader import Reader
from ..adapters.storage.contract.store import Store
from ..adapters.storage.encoding.blocks import read_entry
from ..adapters.storage.encoding.json_bytes import decode
from ..domain.errors import DamagedEvent, Refused
from ..domain.keys import SessionKey
from ..domain.points import Point
from ..projections.printable import printable
from ..projections.search.candidates import Candidate, SearchFilter, candidates, rows_of
from ..projections.search.looking import Looked
from ..projections.search.question import Question, ask, fields_named
from ..projections.search.tables import NAME, SearchTables, tables_of
from ..projections.search.texts import ONE, text_in, texts_of
from ..projections.search.weighing import Snippet, prior, quality, snippet
from ..projections.sessions import Session
from ..projections.sessions.tables import SessionTables
from .finding import tables_in
from .living import Living, Lying

MOST_SHOWN = 100
"""Hits of one page."""
OF_A_FIELD = 60
"""Texts of each field that are weighed against one another, the newest."""
AT_ONCE = 20
"""Texts that are read at least, before the first of them is shown."""
MOST_READ = 1_000
"""Texts that are read for one page, where the index alone cannot tell (phrases)."""
_LARGEST_STEP = 5_000
WIDTH = 200
"""Characters of a snippet."""


class Hit(NamedTuple):
    """A text that was found."""

    session: Session
    """Where it is live: the session, or its subagent."""
    field: str
    """What it is: title, prompt, answer, input or result."""
    version: int
    """Its version in the stream that holds it."""
    origin: SessionKey
    """That stream; another session's where a fork took it over."""
    at: int
    """When it was said, in milliseconds since 1970 UTC."""
    position: int
    """Of its event in the log."""
    abandoned: bool
    """Whether it lies on a branch that a rewind left."""
    snippet: Snippet
    point: Point | None
    """How `show` and `at` name its place in the session; None where they have no name for it."""
    score: float

    @property
    def key(self) -> SessionKey:
        """Of the session, or of its subagent."""
        return SessionKey.parse(self.session.name)


class Found(NamedTuple):
    """A page of hits, the best first."""

    hits: tuple[Hit, ...]
    total: int
    """How many texts were found; where ``complete`` is not set, there are more."""
    complete: bool
    """Whether every text that matches was weighed, not only the newest ones."""
    page: int
    more: bool
    """Whether there is another page."""
    unreadable: int = 0
    """Texts left out of what was read for this page because their content is damaged."""


class _Read(NamedTuple):
    lying: Lying
    message: str | None
    text: Looked
    score: float


def search(
    store: Store,
    text: str,
    within: Iterable[str] | None,
    asked: SearchFilter,
    all_branches: bool,
    limit: int,
    page: int,
) -> Found:
    """One page of what a query finds; see ``Log.search``."""
    if not 1 <= limit <= MOST_SHOWN:
        raise Refused(f"a page holds 1 to {MOST_SHOWN} hits, not {limit}")
    if page < 1:
        raise Refused(f"pages are counted from 1; there is no page {page}")
    if asked.since is not None and asked.until is not None and asked.since >= asked.until:
        raise Refused("nothing was said since a time that is not before the time it ends at")
    fields = fields_named([within] if isinstance(within, str) else within)
    question = ask(text, fields)
    # The read model holds texts as a text column takes them.
    asked = SearchFilter._make(printable(v) if isinstance(v, str) else v for v in asked)
    with store.read() as reader:
        return _Search(reader, question, asked, all_branches).page(fields, limit, page)


class _Search:
    """One question in one look at the log."""

    def __init__(
        self, reader: Reader, question: Question, asked: SearchFilter, all_branches: bool
    ) -> None:
        self._reader = reader
        self._question = question
        self._narrowed = asked
        self._all_branches = all_branches
        self._tables: SearchTables = tables_of(reader.live(NAME))
        self._sessions: SessionTables = tables_in(reader)
        self._living = Living(reader, self._tables, self._sessions, asked, all_branches)
        self._newest = 0
        self._unreadable = 0

    def page(self, fields: Sequence[int], limit: int, page: int) -> Found:
        """A page of the hits."""
        found, complete = self._gather(fields)
        self._newest = max((lying.candidate.at for lying in found), default=0)
        found.sort(key=self._prior, reverse=True)
        # A page never lies in two portions, so that the pages together show each hit once.
        portion = -(-AT_ONCE // limit) * limit
        first = (page - 1) * limit
        if self._question.is_exact:
            start = first // portion * portion
            read = self._weigh(found[start : start + portion])
            shown, total = read[first - start : first - start + limit], len(found)
            more = total > first + limit
        else:
            read, ended = self._read_on(found, portion, first + limit)
            shown, total = read[first : first + limit], len(read)
            complete = complete and ended
            more = total > first + limit
        return Found(self._hits(shown), total, complete, page, more, self._unreadable)

    def _read_on(
        self, found: Sequence[Lying], portion: int, wanted: int
    ) -> tuple[list[_Read], bool]:
        """Portion by portion, until there is a page and the beginning of the next."""
        read: list[_Read] = []
        for start in range(0, len(found), portion):
            if len(read) > wanted or start >= max(MOST_READ, portion):
                return read, False
            read += self._weigh(found[start : start + portion])
        return read, True

    # -- the index ---------------------------------------------------------------------------

    def _gather(self, fields: Sequence[int]) -> tuple[list[Lying], bool]:
        """The newest live texts of each field that the index holds for the question."""
        found: list[Lying] = []
        complete = True
        for field in fields:
            question = self._question.within(field)
            if question is None:
                continue
            of_field: list[Lying] = []
            for candidate in self._candidates(question, field):
                of_field += self._living.of(candidate)
                if len(of_field) > OF_A_FIELD:
                    complete = False
                    break
            found += of_field[:OF_A_FIELD]
        return found, complete

    def _candidates(self, question: Question, field: int) -> Iterator[list[Candidate]]:
        before: int | None = None
        step = OF_A_FIELD + 1
        while True:
            asked = candidates(
                self._tables, self._sessions, question, field, self._narrowed, before, step
            )
            rows = [Candidate._make(row) for row in self._reader.query(asked)]
            if rows:
                yield rows
            if len(rows) < step:
                return
            before, step = rows[-1].position, min(step * 4, _LARGEST_STEP)

    # -- the texts ---------------------------------------------------------------------------

    def _prior(self, lying: Lying) -> tuple[float, int]:
        one = lying.candidate
        return prior(one.field, one.at, self._newest), one.position

    def _weigh(self, portion: Sequence[Lying]) -> list[_Read]:
        """The texts of a portion that are meant, the best first."""
        read = []
        # In the order in which they lie: neighbours are read together.
        for lying in sorted(portion, key=lambda lying: lying.candidate[2:4]):
            field = lying.candidate.field
            question = self._question.within(field)
            try:
                text, message = self._text(lying)
            except DamagedEvent:
                self._unreadable += 1
                continue
            looked = Looked(text)
            worth = quality(question, looked) if question is not None else 0.0
            if worth:
                read.append(_Read(lying, message, looked, self._prior(lying)[0] * worth))
        return sorted(read, key=lambda r: (-r.score, -r.lying.candidate.position))

    def _text(self, lying: Lying) -> tuple[str, str | None]:
        """A text, as the index took it, and the uuid of the entry it stands in."""
        one, origin = lying.candidate, lying.origin
        if one.branch is None:
            events = self._reader.events(origin, one.version - 1, one.version, "notes")
            texts = [t for recorded in events for t in texts_of(recorded.event, decode)]
            return next((t.text for t in texts if t.field == one.field), ""), None
        body = self._reader.body(origin, one.version)
        if body is None:
            return "", None
        entry = read_entry(body)
        uuid = entry.get("uuid")
        return text_in(entry, one.field), uuid if isinstance(uuid, str) and uuid else None

    def _hits(self, shown: Sequence[_Read]) -> tuple[Hit, ...]:
        streams = sorted({one.lying.where.id for one in shown})
        rows = self._reader.query(rows_of(self._sessions, streams)) if streams else []
        sessions = {session.stream: session for session in map(Session.of, rows)}
        return tuple(self._hit(one, sessions[one.lying.where.id]) for one in shown)

    def _hit(self, one: _Read, session: Session) -> Hit:
        lying, candidate = one.lying, one.lying.candidate
        question = self._question.within(candidate.field)
        assert question is not None, "a text that is not meant was not read"
        # In a fork, its origin's versions mean nothing.
        own = lying.where.id == candidate.stream
        message = Point("message", one.message) if one.message is not None else None
        return Hit(
            session,
            ONE[candidate.field],
            candidate.version,
            lying.origin.key,
            candidate.at,
            candidate.position,
            lying.abandoned,
            snippet(question, one.text, WIDTH),
            Point.of(candidate.version) if own else message,
            one.score,
        )
