"""The log that a command works on, and the sessions it names."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from ...domain.errors import NewerSchema, Refused
from ...domain.keys import SessionKey
from ...settings import Location, Settings
from .safe_text import one_line
from .screen import beside

if TYPE_CHECKING:
    from ...log import Log
    from ...projections.sessions import Session


class Opened(NamedTuple):
    """A log, and what led to it."""

    log: Log
    settings: Settings
    location: Location

    def session(self, name: str) -> Session:
        """The session that a text names. Raises as ``Log.session`` does."""
        return self.log.session(name)

    @property
    def actor(self) -> str | None:
        """Who the audit trail names."""
        return self.settings.actor or login()


def key_of(session: Session) -> SessionKey:
    """The key of a listed session."""
    return session.key


@contextmanager
def opened(
    db: str | None, create: bool = False, outdated: bool = False, installed: bool = False
) -> Iterator[Opened]:
    """Open the log.

    Args:
        db: what ``--db`` says.
        create: whether a file that is missing is made, and its folder.
        outdated: whether it opens also where read models wait to be rebuilt.
        installed: whether it keeps the projections of other packages too.
    """

    settings = Settings.load()
    location = settings.location(db)
    location.refuse_found()
    if create:
        location.make_folder()
    with _opened(location, create, outdated, installed) as log:
        yield Opened(log, settings, location)


def _opened(location: Location, create: bool, outdated: bool, installed: bool) -> Log:
    from ...opening import open_log as open_any

    redis_url = location.redis.url if location.redis is not None else None
    open_log = partial(
        open_any, location.url, create=create, outdated=outdated, redis_url=redis_url
    )
    if installed:
        from ...projecting.installed import installed_projections

        try:
            own = installed_projections(_left_out)
            return open_log(projections=own)
        except (NewerSchema, Refused) as problem:
            # Of a projection, or of the log itself: then it comes again.
            log = open_log()
            _left_out(f"the installed projections are left out: {problem}")
            return log
    return open_log()


def _left_out(told: str) -> None:
    beside().print(Text(one_line(told), "warn"))


def login() -> str | None:
    """The name of whoever is logged in; None where the system has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None
