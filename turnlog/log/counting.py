"""Tokens and cost by any dimension, five-hour blocks, budgets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ..domain.keys import SessionKey
from ..projections.usage.blocks import Block
from ..reading.budgets import Budget, blocks_of, budget_of
from ..reading.usage import Asked, only_of, usage
from ..reading.usage_of_sessions import Period, Spending
from .part import Key, Part, When, there


class Counting(Part):
    """Tokens and cost."""

    def usage(
        self,
        by: str = "day",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        tz: str | None = None,
        key: Key | None = None,
        limit: int = 50,
        after: str | None = None,
        model: str | None = None,
        user_id: str | None = None,
        project: str | None = None,
        branch: str | None = None,
        at: When | None = None,
    ) -> list[Spending]:
        """What was spent, each response counted once, as the read models have it.

        Args:
            by: day, month, model, user, project, branch or session; of one session, prompt or turn.
            since, until: the period, the end left out; but for sessions, prompts and turns it is
                taken to whole quarters of an hour.
            tz: the time zone that days and months belong to, as ``Europe/Berlin``; None for the
                machine's own.
            key: a session, for its prompts or turns.
            limit: how many sessions at the most, 1 to 10,000.
            after: the ``cursor`` of the last session of the page before.
            model, user_id, project, branch: of one of them alone, by day or month; of a user or a
                project by session too. Of a project's name a part is enough.
            at: as it was then.

        Returns:
            Days and months in their order, sessions the newest first, prompts and turns as the
            session has them, all else the dearest first.

        Raises:
            Refused: no such dimension or time zone, a period that ends before it begins, or more
                than can be told of one model, user, project or branch.
            UnknownSession: there is no such session.
            InvalidPoint, PointNotFound: ``at`` is no moment of the log.
        """
        place = SessionKey.of(key) if key is not None else None
        period = Period(_milliseconds(since), _milliseconds(until))
        only = only_of(model=model, user=user_id, project=project, branch=branch)
        with self._then(at) as store, store.read() as reader:
            if place is not None:
                there(reader.find(place), place)
            main = place.main.stream_id if place is not None else None
            return usage(reader, Asked(by, period, tz, main, limit, after, only))

    def blocks(self, since: datetime | None = None, now: datetime | None = None) -> list[Block]:
        """The five-hour blocks that Claude Code's plans count by, oldest first.

        Args:
            since: leave out those that ended before it.
            now: what an active block is judged by; the present without it.
        """
        with self.store.read() as reader:
            return blocks_of(reader, Period(_milliseconds(since)), _milliseconds(now))

    def budget(
        self,
        limit_usd: Decimal,
        per: str = "month",
        tz: str | None = None,
        now: datetime | None = None,
    ) -> Budget:
        """How much of a budget is spent this day or month.

        Args:
            limit_usd: dollars, above 0.
            per: day or month.
            tz: the time zone that days belong to; None for the machine's own.

        Raises:
            Refused: it is no budget, or there is no such time zone.
        """
        with self.store.read() as reader:
            return budget_of(reader, limit_usd, per, tz, _milliseconds(now))


def _milliseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.astimezone()
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
