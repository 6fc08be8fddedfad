"""The log of a command as it was at a moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ...domain.moments import Moment
from .figures import moment as shown
from .opened import Opened
from .progress import bar
from .screen import screen
from .times import milliseconds

_NAMED = re.compile(r"\d+|[A-Za-z]+:.*", re.DOTALL)


def moment_of(text: str) -> Moment:
    """A moment as it is typed: a plain time is in the machine's zone, and may be an age.

    Raises:
        InvalidPoint: it is none.
    """
    if _NAMED.fullmatch(text):
        return Moment.of(text)
    return Moment("recorded", milliseconds(text))


@contextmanager
def as_it_was(work: Opened, at: str | None, as_json: bool) -> Iterator[Opened]:
    """The same log as of ``--at``; itself without one."""
    if at is None:
        yield work
        return
    from ...log import Log
    from ...time.past import as_of

    moment = moment_of(at)
    with ExitStack() as stack:
        with bar("Folding the past", quiet=as_json) as tell:
            past = stack.enter_context(as_of(work.log.store, moment, tell))
            with past.read() as reader:
                reader.live("sessions")  # now, so that nothing is drawn into what is shown
        if not as_json:
            when = shown(moment.number) if moment.kind == "recorded" else str(moment)
            screen().print(f"as it was at {when}", style="quiet")
        yield work._replace(log=Log(past, work.settings))
