"""Asking the index: the texts of a field that a question may mean, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, cast, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.compiler import compiles

from ...domain.session import THERE
from ..sessions.tables import SessionTables
from .question import Alternative, Question, Term
from .tables import FIELD_SHIFT, SearchTables
from .texts import Field


class SearchFilter(NamedTuple):
    """Which texts are asked for; what is None does not matter.

    All but the times is asked of the session, for its subagents' texts too.
    """

    user_id: str | None = None
    project: str | None = None
    """A project's key, or a part of its name."""
    status: str | None = None
    model: str | None = None
    """A model that the session used, or a part of its name."""
    tag: str | None = None
    since: int | None = None
    until: int | None = None
    """When it was said (a title: when the session was last active), in milliseconds since 1970 UTC;
    ``until`` is left out."""
    min_cost_usd: Decimal | None = None
    max_cost_usd: Decimal | None = None
    """What the session cost with its subagents, as far as its models have known prices."""
    presence: tuple[str, ...] = THERE

    @property
    def of_sessions(self) -> bool:
        """Whether it asks anything of the session but its presence."""
        rest = self._replace(since=None, until=None, presence=())
        return any(value is not None for value in rest[:-1])


ANYWHERE = SearchFilter()
"""Every session that is not deleted."""


class Candidate(NamedTuple):
    """A text that may be meant."""

    field: int
    position: int
    stream: int
    version: int
    branch: int | None
    place: int | None
    at: int
    title: int | None


def candidates(
    tables: SearchTables,
    sessions: SessionTables,
    question: Question,
    field: int,
    asked: SearchFilter,
    before: int | None,
    limit: int,
) -> Select[Any]:
    """The newest texts of a field that the index holds for a question.

    Args:
        question: what it asks of that field.
        before: only those at positions before this.
    """
    texts, number = tables.texts.c, tables.words.c.rowid
    first = field << FIELD_SHIFT
    end = first + (before if before is not None else 1 << FIELD_SHIFT)
    where: list[ColumnElement[bool]] = [_Matches(tables, question), number >= first, number < end]
    # Titles have the session's last activity for their time, which is not known here.
    if asked.since is not None and field != Field.TITLE:
        where.append(texts.at >= asked.since)
    if asked.until is not None and field != Field.TITLE:
        where.append(texts.at < asked.until)
    if asked.of_sessions:
        where.append(texts.stream.in_(_sources(tables, sessions, asked)))
    joined = tables.words.join(tables.texts, texts.position == number - literal(first))
    return (
        select(
            literal_column(str(field)),
            texts.position,
            texts.stream,
            texts.version,
            texts.branch,
            texts.place,
            texts.at,
            texts.title,
        )
        .select_from(joined)
        .where(*where)
        .order_by(number.desc())
        .limit(limit)
    )


def allowed(sessions: SessionTables, asked: SearchFilter) -> Select[Any]:
    """The streams of the sessions asked for, by their numbers."""
    main = sessions.sessions.alias("main_session")
    part = sessions.sessions.alias("part")
    m, p = main.c, part.c
    where: list[ColumnElement[bool]] = [m.subpath.is_(None)]
    if asked.user_id is not None:
        where.append(m.user_id == asked.user_id)
    if asked.project is not None:
        where.append(m.project_key.contains(asked.project, autoescape=True))
    if asked.status is not None:
        where.append(m.status == asked.status)
    if asked.tag is not None:
        tags = sessions.tags.c
        where.append(m.stream.in_(select(tags.stream).where(tags.tag == asked.tag)))
    if asked.model is not None:
        using = p.models.contains(asked.model, autoescape=True)
        where.append(m.main.in_(select(p.main).where(using)))
    for bound, above in ((asked.min_cost_usd, True), (asked.max_cost_usd, False)):
        if bound is not None:
            nano, cost = int(bound.scaleb(9)), func.sum(p.billed_cost)
            met = cost >= nano if above else cost <= nano
            where.append(m.main.in_(select(p.main).group_by(p.main).having(met)))
    stream = sessions.sessions.c
    return select(stream.stream).where(stream.main.in_(select(m.main).where(*where)))


def _sources(tables: SearchTables, sessions: SessionTables, asked: SearchFilter) -> Select[Any]:
    """The same, and the streams that hold what forks among them took over."""
    origins = sessions.sessions.alias("origin_session")
    taken = select(tables.bases.c.origin).where(tables.bases.c.stream.in_(allowed(sessions, asked)))
    stream = sessions.sessions.alias("any_session").c.stream
    return select(stream).where(
        or_(
            stream.in_(allowed(sessions, asked)),
            stream.in_(select(origins.c.stream).where(origins.c.name.in_(taken))),
        )
    )


def forks_of(tables: SearchTables, names: Sequence[str]) -> Select[Any]:
    """Of some streams the forks: the origin's name, and the fork's number."""
    bases = tables.bases.c
    return select(bases.origin, bases.stream).where(bases.origin.in_(names))


def names_of(sessions: SessionTables, streams: Sequence[int]) -> Select[Any]:
    """The numbers and names of some streams."""
    s = sessions.sessions.c
    return select(s.stream, s.name).where(s.stream.in_(streams))


def rows_of(sessions: SessionTables, streams: Sequence[int]) -> Select[Any]:
    """The rows of some streams."""
    return select(sessions.sessions).where(sessions.sessions.c.stream.in_(streams))


class _Matches(ColumnElement[bool]):
    """Whether the index holds a text for a question, in the words of the database."""

    # Of no type: where a database has no booleans, one would be compared with 1, and FTS5 takes
    # nothing but MATCH itself.
    inherit_cache = False

    def __init__(self, tables: SearchTables, question: Question) -> None:
        self.tables = tables
        self.question = question


@compiles(_Matches, "sqlite")
def _on_sqlite(matches: _Matches, compiler: Any, **settings: Any) -> str:
    # The hidden column that is called as the table.
    table: ColumnElement[Any] = literal_column(matches.tables.words.name)
    asked = table.op("MATCH")(literal(fts5(matches.question)))
    return str(compiler.process(asked, **settings))


@compiles(_Matches, "postgresql")
def _on_postgres(matches: _Matches, compiler: Any, **settings: Any) -> str:
    asked = cast(literal(tsquery(matches.question)), TSQUERY)
    return str(compiler.process(matches.tables.words.c.words.op("@@")(asked), **settings))


def fts5(question: Question) -> str:
    """The question as FTS5 takes it."""
    return " OR ".join(f"({_fts5(alternative)})" for alternative in question.alternatives)


def _fts5(alternative: Alternative) -> str:
    wanted, unwanted = _terms(alternative)
    told = " AND ".join(f'"{t.word}"' + (" *" if t.beginning else "") for t in wanted)
    for term in unwanted:
        told = f'({told}) NOT "{term.word}"' + (" *" if term.beginning else "")
    return told


def tsquery(question: Question) -> str:
    """The question as PostgreSQL's text search takes it."""
    return " | ".join(f"({_tsquery(alternative)})" for alternative in question.alternatives)


def _tsquery(alternative: Alternative) -> str:
    wanted, unwanted = _terms(alternative)
    told = [f"'{t.word}'" + (":*" if t.beginning else "") for t in wanted]
    told += [f"!'{t.word}'" + (":*" if t.beginning else "") for t in unwanted]
    return " & ".join(told)


def _terms(alternative: Alternative) -> tuple[list[Term], list[Term]]:
    # What is not wanted as a phrase may still be there word by word: the text itself must tell.
    wanted = dict.fromkeys(term for sought in alternative.wanted for term in sought.terms)
    unwanted = dict.fromkeys(
        term for sought in alternative.unwanted if sought.is_exact for term in sought.terms
    )
    return list(wanted), list(unwanted)
