"""Beginning a session by hand, or going on with the latest of a directory, and telling more of it.

All is decided inside the write transaction: of any number of processes that ask at once, one
begins a session, and the others go on with it.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from datetime import timedelta
from typing import Literal, NamedTuple, get_args
from uuid import uuid4

from .adapters.claude.slug import project_slug
from .adapters.storage.contract.reader import Reader
from .adapters.storage.contract.store import Store
from .adapters.storage.contract.transaction import Transaction
from .adapters.storage.contract.values import Stream
from .domain.beginning import Details, Told, begin, describe, minute_of, time_id, update
from .domain.errors import NotCaughtUp, Refused, UnknownSession
from .domain.events import SessionEvent
from .domain.evolving import fold
from .domain.keys import SessionKey
from .domain.session import THERE
from .projections.sessions.query import beginning_with, latest_in
from .projections.sessions.tables import NAME
from .reading.finding import tables_in

Ids = Literal["uuid", "time"]
"""How a new id is made: as the SDK makes them, or so that it tells the time."""
DEFAULT_PROJECT = "default"
"""The project of a session that works in no directory."""
_MILLISECOND = timedelta(milliseconds=1)


class Begun(NamedTuple):
    """A session that began, or that was there."""

    key: SessionKey
    created: bool
    """Whether it began just now."""
    version: int


def new_session(
    store: Store,
    key: SessionKey | None,
    project: str | None,
    ids: Ids,
    details: Details,
    actor: str | None,
) -> Begun:
    """Begin a session; see ``Log.create``."""
    told = _ready(details)
    if key is not None:
        return store.write(lambda t: _begin(t, key, told, actor))
    directory = told.get("working_dir")
    place = SessionKey.of(SessionKey(project or project_of(directory), "any")).project_key
    _check(ids)
    # Only who writes alone knows that nobody else gives the same id to another project meanwhile.
    return store.write(
        lambda t: _begin(t, _new_key(t, place, ids), told, actor), alone=ids == "time"
    )


def tell(store: Store, key: SessionKey, create: bool, details: Details, actor: str | None) -> Begun:
    """Tell more of a session; see ``Log.update``."""
    told = _ready(details)

    def work(transaction: Transaction) -> Begun:
        stream = transaction.find(key)
        if stream is None and not create:
            raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
        if stream is None or (create and stream.state.presence == "absent"):
            return _begin(transaction, key, told, actor)
        stream = transaction.open(key)
        _record(transaction, stream, update(stream.state, told, actor))
        if "user_id" in told and key.subpath is None:
            _hand_over(transaction, key, told["user_id"], actor)
        return Begun(key, False, stream.version)

    return store.write(work)


def continued(
    store: Store,
    directory: str | os.PathLike[str],
    within: timedelta,
    ids: Ids,
    details: Told,
    actor: str | None,
) -> Begun:
    """The directory's latest session, or a new one; see ``Log.get_or_create``."""
    if within <= timedelta(0):
        raise Refused(f"a session is continued within a time above 0, not {within}")
    _check(ids)
    told = _ready({**details, "working_dir": directory})
    place = str(told["working_dir"])
    user_id = told.get("user_id")

    def work(transaction: Transaction) -> Begun:
        found = _latest(transaction, place, user_id, transaction.now() - within // _MILLISECOND)
        if found is not None:
            return found
        return _begin(transaction, _new_key(transaction, project_of(place), ids), told, actor)

    return store.write(work, alone=True)


def project_of(directory: str | os.PathLike[str] | None) -> str:
    """The key of the project whose sessions work in a directory, as the SDK makes it."""
    return project_slug(str(directory)) if directory else DEFAULT_PROJECT


def whole_path(directory: str | os.PathLike[str]) -> str:
    """A directory as the CLI names it in its entries: absolute, without links, in Unicode's NFC.

    Raises:
        Refused: it is no path.
    """
    try:
        return unicodedata.normalize("NFC", os.path.realpath(directory))
    except (ValueError, OSError) as problem:
        raise Refused(f"{directory!r:.80} is no path: {problem}") from None


def _ready(details: Details) -> Details:
    """Details that can be read more than once, as a decision may be taken more than once."""
    told = details.copy()
    directory, tags = told.get("working_dir"), told.get("tags")
    if isinstance(directory, str | os.PathLike) and str(directory).strip():
        told["working_dir"] = whole_path(directory)
    if tags is not None and not isinstance(tags, str) and isinstance(tags, Iterable):
        told["tags"] = tuple(tags)
    return told


def _check(ids: Ids) -> None:
    if ids not in get_args(Ids):
        raise Refused(f"ids are made by {' or '.join(get_args(Ids))}, not {ids!r:.40}")


def _begin(transaction: Transaction, key: SessionKey, details: Details, actor: str | None) -> Begun:
    if key.subpath is not None:
        raise Refused("a subagent's stream begins with its entries; begin its session")
    stream = transaction.open(key)
    _record(transaction, stream, begin(stream.state, details, actor))
    return Begun(key, True, stream.version)


def _record(transaction: Transaction, stream: Stream, events: list[SessionEvent]) -> None:
    if events:
        transaction.record(stream, events, fold(stream.state, events))


def _hand_over(transaction: Transaction, key: SessionKey, user_id: str, actor: str | None) -> None:
    """What a session's subagents spent is its user's."""
    for subkey in transaction.subkeys(key):
        stream = transaction.open(subkey)
        if stream.state.presence in THERE:
            _record(transaction, stream, describe(stream.state, {"user_id": user_id}, actor))


def _new_key(transaction: Transaction, project: str, ids: Ids) -> SessionKey:
    if ids == "uuid":
        return SessionKey(project, str(uuid4()))
    now = transaction.now()
    rows = transaction.query(beginning_with(tables_in(transaction), minute_of(now)))
    taken = {row[0] for row in rows}
    while transaction.find(key := SessionKey(project, time_id(now, taken))) is not None:
        taken.add(key.session_id)
    return key


def _latest(reader: Reader, directory: str, user_id: str | None, since: int) -> Begun | None:
    if NAME in reader.stale():
        raise NotCaughtUp(
            "the list of sessions is out of date, so it cannot tell a directory's latest; "
            "`turnlog rebuild sessions` repairs it"
        )
    named = reader.texts.name
    place, user = named(directory), named(user_id)
    rows = reader.query(latest_in(tables_in(reader), place, user, since))
    return Begun(SessionKey.parse(rows[0][0]), False, rows[0][1]) if rows else None
