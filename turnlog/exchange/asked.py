"""Which sessions are meant, and what was written of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..adapters.storage.contract.store import Store
from ..domain.errors import Refused
from ..domain.keys import SessionKey
from ..projections.sessions import Filter, Session
from ..reading.finding import Sessions, row_of

Chosen = Filter | Iterable[SessionKey | Mapping[str, object]] | SessionKey | Mapping[str, object]
"""Sessions by what they are, as ``Log.sessions`` lists them, or by their keys."""
_PER_PAGE = 500


class SessionsExported(NamedTuple):
    """What an export wrote."""

    format: str
    out: Path
    sessions: int
    subagents: int
    """Of these sessions; where everything is exported, also those whose session is not there."""
    files: int
    bytes: int
    left_out: int = 0
    """Of those that were chosen by what they are: sessions that Claude Code could not resume."""


def chosen(store: Store, asked: Chosen) -> Iterator[Session]:
    """The rows of the sessions that are meant, each once.

    Raises:
        UnknownSession: a key names none.
        Refused: a key is a subagent's; its session is exported with it.
    """
    if isinstance(asked, Filter):
        yield from _matching(store, asked)
        return
    keys = [asked] if isinstance(asked, SessionKey | Mapping) else asked
    for key in dict.fromkeys(SessionKey.of(key) for key in keys):
        if key.subpath is not None:
            raise Refused(f"{key.subpath!r} is a subagent's; name its session")
        with store.read() as reader:
            yield row_of(reader, key)


def is_everything(asked: Chosen) -> bool:
    """Whether no session is left out but for being archived or gone."""
    return isinstance(asked, Filter) and asked._replace(presence=Filter().presence) == Filter()


def _matching(store: Store, asked: Filter) -> Iterator[Session]:
    sessions, after = Sessions(store), None
    while page := sessions.page(asked, _PER_PAGE, after):
        yield from page
        after = page[-1].cursor
        if len(page) < _PER_PAGE:
            return
