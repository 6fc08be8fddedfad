"""Which sessions are asked for, and the pages of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from ...domain.details import MOST_TAGS
from ...domain.errors import Refused
from ...domain.statuses import known
from ..printable import printable
from ..texts import Texts
from .tables import SessionTables

MOST = 10_000
_MOST_USD = 10**9
_MOST_TURNS = 10**9


class Filter(NamedTuple):
    """Which sessions are asked for; what is None or empty does not matter."""

    user_id: str | None = None
    project: str | None = None
    """A project's key, or a part of its name."""
    directory: str | None = None
    """A working directory, or one that it lies in."""
    status: str | tuple[str, ...] | None = None
    """A status, or several of which it has one."""
    tags: tuple[str, ...] = ()
    """It has all of these."""
    any_tags: tuple[str, ...] = ()
    """It has one of these."""
    text: str | None = None
    """A part of the title or of the first message's first 100 characters, in any case."""
    since: int | None = None
    until: int | None = None
    """Milliseconds since 1970 UTC, compared with the last activity; ``until`` is left out."""
    presence: tuple[str, ...] = ("present",)
    model: str | None = None
    """A model that it used or is meant for, or a part of its name."""
    min_cost_usd: Decimal | None = None
    max_cost_usd: Decimal | None = None
    """What it cost with its subagents, as far as its models have known prices."""
    min_turns: int | None = None
    max_turns: int | None = None

    def checked(self) -> Filter:
        """The same as the read model spells it.

        Raises:
            Refused: there is no such status, no session can be between the bounds, or have as many
                tags.
        """
        for status in self.statuses:
            known(status)
        for tags in (self.tags, self.any_tags):
            if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
                raise Refused(f"tags come as a list of texts, got {tags!r:.80}")
            if len(tags) > MOST_TAGS:
                most = f"at most {MOST_TAGS:,}, as many as a session has"
                raise Refused(f"{len(tags):,} tags are asked for at once; {most}")
        _between("turns", self.min_turns, self.max_turns, _MOST_TURNS)
        _between("dollars", self.min_cost_usd, self.max_cost_usd, _MOST_USD)
        if self.since is not None and self.until is not None and self.since > self.until:
            raise Refused("no session is active since a time that is later than until; change them")
        return Filter._make(map(_shown, self))

    def spelled(self, texts: Texts) -> Filter:
        """The same as a read model has it that takes texts by a rule.

        Raises:
            Refused: it keeps no text in which a part could be found.
        """
        return self._replace(
            user_id=texts.name(self.user_id),
            directory=texts.name(self.directory),
            tags=tuple(texts.name(tag) or "" for tag in self.tags),
            any_tags=tuple(texts.name(tag) or "" for tag in self.any_tags),
            text=texts.part(self.text),
        )

    @property
    def statuses(self) -> tuple[str, ...]:
        """Those it may have; none where it does not matter."""
        if isinstance(self.status, tuple | list):
            return tuple(self.status)
        return () if self.status is None else (self.status,)


ALL = Filter()
"""Every session that is not archived or deleted."""


def _between(what: str, least: Any, most: Any, largest: int) -> None:
    for bound in (least, most):
        # What is no number is not equal to itself, and is not compared.
        if bound is not None and (bound != bound or not 0 <= bound <= largest):
            raise Refused(f"a number of {what} is from 0 to {largest:,}, not {bound}")
    if least is not None and most is not None and least > most:
        raise Refused(f"no session has at least {least} and at most {most} {what}; change them")


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    return tuple(map(_shown, value)) if isinstance(value, tuple | list) else value


def page(tables: SessionTables, asked: Filter, limit: int, after: str | None) -> Select[Any]:
    """The newest sessions that match, page by page."""
    s = tables.sessions.c
    where = matching(tables, asked)
    if after is not None:
        where.append(behind(tables, after))
    return (
        select(tables.sessions)
        .where(*where)
        .order_by(s.active_at.desc(), s.stream.desc())
        .limit(min(limit, MOST))
    )


def behind(tables: SessionTables, after: str) -> ColumnElement[bool]:
    """What is true of the rows behind a session, which is given by its cursor.

    Raises:
        Refused: it is none.
    """
    at, colon, stream = after.partition(":")
    if not (colon and at.lstrip("-").isdigit() and stream.isdigit()):
        raise Refused(f"{after!r} is no page; take the cursor of the last session shown")
    s = tables.sessions.c
    same = and_(s.active_at == int(at), s.stream < int(stream))
    return or_(s.active_at < int(at), same)


def matching(tables: SessionTables, asked: Filter) -> list[ColumnElement[bool]]:
    """What is true of the rows of the sessions asked for."""
    s = tables.sessions.c
    where: list[ColumnElement[bool]] = [s.subpath.is_(None), s.presence.in_(asked.presence)]
    if asked.user_id is not None:
        where.append(s.user_id == asked.user_id)
    if asked.project is not None:
        where.append(s.project_key.contains(asked.project, autoescape=True))
    if asked.directory is not None:
        inside = asked.directory.rstrip("/") + "/"
        where.append(
            or_(
                s.working_dir == asked.directory,
                s.working_dir.startswith(inside, autoescape=True),
            )
        )
    if asked.statuses:
        where.append(s.status.in_(asked.statuses))
    if asked.tags:
        where.append(_tagged(tables, asked.tags, least=len(set(asked.tags))))
    if asked.any_tags:
        where.append(_tagged(tables, asked.any_tags, least=1))
    if asked.text is not None:
        where.append(or_(_holds(s.title, asked.text), _holds(s.first_message, asked.text)))
    if asked.since is not None:
        where.append(s.active_at >= asked.since)
    if asked.until is not None:
        where.append(s.active_at < asked.until)
    return where + _measured(tables, asked)


def _measured(tables: SessionTables, asked: Filter) -> list[ColumnElement[bool]]:
    s = tables.sessions.c
    p = tables.sessions.alias("part").c
    where: list[ColumnElement[bool]] = []
    if asked.model is not None:
        using = p.models.contains(asked.model, autoescape=True)
        where.append(select(p.stream).where(p.main == s.name, using).exists())
    cost = select(func.sum(p.billed_cost)).where(p.main == s.name).scalar_subquery()
    if asked.min_cost_usd is not None:
        where.append(cost >= _nano(asked.min_cost_usd))
    if asked.max_cost_usd is not None:
        where.append(cost <= _nano(asked.max_cost_usd))
    if asked.min_turns is not None:
        where.append(s.turns >= asked.min_turns)
    if asked.max_turns is not None:
        where.append(s.turns <= asked.max_turns)
    return where


def _tagged(tables: SessionTables, tags: tuple[str, ...], least: int) -> ColumnElement[bool]:
    t = tables.tags.c
    found = select(t.stream).where(t.tag.in_(tags))
    if least > 1:  # counted, since SQLite takes no thousand conditions side by side
        found = found.group_by(t.stream).having(func.count() >= least)
    return tables.sessions.c.stream.in_(found)


def _holds(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    # SQLite knows the lower case of ASCII alone: what is spelled as it is asked for is found too.
    lower = func.lower(column).contains(text.lower(), autoescape=True)
    return or_(lower, column.contains(text, autoescape=True))


def _nano(dollars: Decimal) -> int:
    return int(Decimal(dollars).scaleb(9))
