"""What ``turnlog stats`` is asked for, and which view tells it."""

from __future__ import annotations

from ...domain.errors import Refused
from ...projections.sessions import Filter
from ...projections.usage.periods import offset_in
from ...projections.usage.query import Only
from . import block_view, stats_view, usage_view
from .opened import Opened
from .times import span


def period(since: str | None, until: str | None, tz: str | None) -> tuple[int | None, int | None]:
    """The period that the options name.

    Raises:
        InvalidPoint: one of its ends is no time, or it ends before it begins.
        Refused: there is no such time zone.
    """
    offset_in(tz)
    return span(since, until, tz)


def show(work: Opened, session: str | None, wanted: usage_view.Wanted, blocks: bool) -> None:
    """Show the figures in the way that was asked for."""
    if blocks:
        if wanted.by or session is not None or wanted.as_csv or wanted.only:
            raise Refused("--blocks are of the whole log and go without --by, --csv or a session")
        block_view.show_blocks(work, wanted.since, wanted.until, wanted.as_json)
    elif wanted.by:
        usage_view.show_usage(work, session, wanted)
    elif wanted.as_csv:
        raise Refused("--csv writes rows; say which with --by, as --by day")
    elif wanted.since is not None or wanted.until is not None:
        raise Refused("a period is told row by row; say by what with --by, as --by model")
    elif wanted.only is not None and (asked := _asked(wanted.only)) is not None and not session:
        stats_view.show_some(work, asked, wanted.as_json)
    elif wanted.only is not None:
        raise Refused(f"one {wanted.only.kind} is told row by row; say by what, as --by day")
    else:
        stats_view.show_stats(work, session, wanted.as_json)


def _asked(only: Only) -> Filter | None:
    """The sessions of a user or of projects; what else may be asked for is no whole sessions'."""
    presence = ("present", "archived")
    if only.kind == "user":
        return Filter(user_id=only.value, presence=presence)
    return Filter(project=only.value, presence=presence) if only.kind == "project" else None
