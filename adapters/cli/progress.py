"""A progress bar on standard error, where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from .screen import beside

_EVERY = 0.1
"""Seconds between two drawings."""

Tell = Callable[[int, int | None], None]
"""Told how much is done, and of how much; None where that is not known."""


@contextmanager
def bar(what: str, quiet: bool = False) -> Iterator[Tell]:
    """A bar that is gone once the work is done.

    Args:
        quiet: show none.
    """
    if quiet or not beside().is_terminal:
        yield lambda done, total: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
    )
    # Drawn as it is told, not by a thread: beside threads an import does not fork.
    with Progress(*columns, console=beside(), transient=True, auto_refresh=False) as progress:
        task = progress.add_task(what, total=None)
        drawn = 0.0

        def tell(done: int, total: int | None) -> None:
            nonlocal drawn
            due = monotonic() - drawn > _EVERY
            progress.update(task, completed=done, total=total, refresh=due)
            drawn = monotonic() if due else drawn

        yield tell
