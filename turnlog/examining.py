"""Examining an installation and a log: what is there, what is wrong, what to do."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sqlite3
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy import func, select

from .adapters.secrets import hidden
from .domain.errors import TurnlogError
from .opening import open_log
from .settings import Beside, Location

if TYPE_CHECKING:
    from .log import Log

Level = Literal["good", "note", "warn", "bad"]
EXTRAS = {
    "claude": ("claude-agent-sdk", "mirror and resume sessions of the Claude Agent SDK"),
    "encryption": ("cryptography", "encrypt a log"),
    "migrate": ("msgpack", "migrate what LangGraph wrote"),
    "parquet": ("pyarrow", "export Parquet"),
    "postgres": ("psycopg", "keep the log in PostgreSQL"),
    "prices": ("genai-prices", "price the models of other makers"),
    "redaction": ("google-re2", "take out secrets by patterns"),
    "redis": ("redis", "have the active sessions at hand in Redis"),
}
KEYS_BESIDE = "the keys lie beside the log: a copy of both protects nothing, erases nothing"
CLEANUP_DAYS = 30
"""How long the CLI keeps transcripts where its settings do not say otherwise."""
_LOW_SPACE = 512 * 1024 * 1024
_DAY = 86_400


class Finding(NamedTuple):
    """One thing that was looked at."""

    about: str
    level: Level
    what: str
    todo: str | None = None


def examine(location: Location, config_dir: str | None = None) -> Iterator[Finding]:
    """Look at everything that can be wrong.

    Args:
        location: where the log is.
        config_dir: a configuration directory to look for sessions in that were not imported.
    """
    yield from _installed()
    if location.url.startswith("memory:"):
        yield Finding("log", "note", "in memory: it begins empty, and ends with its process")
        return
    path = location.path
    if path is not None and not path.exists():
        what = f"nothing at {path} yet ({location.chosen_by})"
        yield Finding("log", "note", what, "turnlog import")
        return
    try:
        with open_log(location.url, create=False, outdated=True) as log:
            yield from _log(log, location)
            if path is not None:
                yield from _file(path)
            yield from _read_models(log)
            yield from _content(log)
            if location.redis is not None:
                yield _redis(log, location.redis)
            if config_dir is not None:
                yield from _transcripts(log, Path(config_dir))
    except TurnlogError as problem:
        yield Finding("log", "bad", str(problem), "turnlog settings shows what chose this log")


def _installed() -> Iterator[Finding]:
    parts = [
        f"turnlog {_version('turnlog')}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        f"SQLAlchemy {_version('sqlalchemy')}",
    ]
    yield Finding("installed", "good", ", ".join(parts))
    there, missing = [], []
    for extra, (package, what) in EXTRAS.items():
        found = _version(package)
        if found is None:
            missing.append(Finding("extra", "note", f"{extra}: to {what}", _install(extra)))
        else:
            there.append(f"{package} {found}")
    if there:
        yield Finding("extras", "good", ", ".join(there))
    yield from missing


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _install(extra: str) -> str:
    return f"pip install 'turnlog[{extra}]'"


def _log(log: Log, location: Location) -> Iterator[Finding]:
    with log.store.read() as reader:
        events = reader.last_position()
    totals = log.stats()
    yield Finding("log", "good", f"{log.url} ({location.chosen_by})")
    yield Finding(
        "holds",
        "good",
        f"{_number(totals.sessions, 'session')}, {_number(totals.subagents, 'subagent')}, "
        f"{totals.entries:,} entries, {_number(events, 'event')}",
    )
    yield from _keys(log, location)


def lies_beside(keys: str | Path, location: Location) -> bool:
    """Whether the folder of the keys is where the copies of the log are made from."""
    place = Path(keys).expanduser().resolve()
    folder = location.path.resolve().parent if location.path is not None else None
    return folder in (place, place.parent)


def _keys(log: Log, location: Location) -> Iterator[Finding]:
    if log.store.locked:
        what = "encrypted, and the keys were not given: headers can be read, nothing be recorded"
        yield Finding("encryption", "warn", what, "set TURNLOG_ENCRYPTION_KEYS to their folder")
    elif log.store.keys is not None:
        place = log.store.keys.place
        yield Finding("encryption", "good", f"encrypted; its keys lie in {place}")
        if lies_beside(place, location):
            what = KEYS_BESIDE
            yield Finding("encryption", "warn", what, "move the folder away from the database")


def _file(path: Path) -> Iterator[Finding]:
    sizes = [p.stat().st_size for p in (path, Path(f"{path}-wal")) if p.exists()]
    told = f"{path.name}: {sum(sizes) / 1_048_576:.1f} MiB"
    free = shutil.disk_usage(path.parent).free
    yield Finding("size", "good", f"{told}, {free / 1_073_741_824:.1f} GiB free beside it")
    if free < _LOW_SPACE:
        what = f"only {free / 1_048_576:.0f} MiB are free on the disk of the log"
        yield Finding("disk", "warn", what, "make room; an append on a full disk is refused")
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        what = f"{path}, or its folder, cannot be written by this user"
        yield Finding("permissions", "bad", what, f"chown or chmod {path} and {path.parent}")
    elif os.name == "posix" and path.stat().st_mode & 0o077 and path.parent.stat().st_mode & 0o011:
        what = f"other users of this machine may read {path}, and what was said in it"
        yield Finding("permissions", "warn", what, f"chmod 600 {path}")


def _read_models(log: Log) -> Iterator[Finding]:
    from .retention.sweeping import is_owed

    if is_owed(log.store):
        what = "content that was erased or redacted may be in the files still"
        yield Finding("erased", "bad", what, "turnlog gc")
    well = True
    for health in log.projections():
        if health.status == "stalled":
            well = False
            what = f"{health.name} is stale since position {health.position + 1}: {health.problem}"
            yield Finding("read model", "bad", what, f"turnlog project {health.name} --once")
        if health.status == "outdated":
            well = False
            what = f"{health.name} is of an earlier release (version {health.version})"
            yield Finding("read model", "bad", what, f"turnlog rebuild {health.name}")
        if health.rebuilding is not None:
            what = f"a rebuild of {health.name} goes on, or was interrupted, at position "
            what += f"{health.rebuilding:,}"
            yield Finding("rebuild", "note", what, f"turnlog rebuild {health.name}")
        if health.set_aside:
            what = f"{health.name} goes on without {_number(health.set_aside, 'event')}"
            yield Finding("set aside", "warn", what, "mend the projection, and rebuild it")
        if health.lag and health.status == "behind":
            what = f"{health.name} is {_number(health.lag, 'position')} behind; it is caught up "
            what += "when it is asked"
            yield Finding("read model", "note", what)
    if well:
        yield Finding("read models", "good", "up to date, or caught up when they are asked")


def _content(log: Log) -> Iterator[Finding]:
    from .reading.finding import tables_in

    with log.store.read() as reader:
        tables = tables_in(reader)
        sessions, responses = tables.sessions, tables.responses
        gaps = reader.query(
            select(sessions.c.session_id, sessions.c.gaps)
            .where(sessions.c.gaps > 0, sessions.c.presence == "present")
            .order_by(sessions.c.active_at.desc())
        )
        unpriced = reader.query(
            select(responses.c.model, func.count())
            .where(responses.c.billed == 1, responses.c.cost.is_(None))
            .group_by(responses.c.model)
            .order_by(responses.c.model)
        )
    if gaps:
        some = ", ".join(f"{session_id[:8]} ({count})" for session_id, count in gaps[:5])
        more = f" and {len(gaps) - 5} more" if len(gaps) > 5 else ""
        what = f"entries are missing in {_number(len(gaps), 'session')}: {some}{more}"
        yield Finding("gaps", "warn", what, "import the transcripts again: turnlog import PATH")
    if unpriced:
        some = ", ".join(f"{model or '(none)'} ({count:,})" for model, count in unpriced[:5])
        yield Finding("prices", "note", f"responses without a known price: {some}")


def _redis(log: Log, beside: Beside) -> Finding:
    from .active.keeping import AtHand
    from .adapters.redis.server import Away, Server

    what = f"{hidden(beside.url)} ({beside.chosen_by})"
    server = Server(beside.url)
    try:
        at_hand = AtHand(log.store, server)
        standing, count = at_hand.active.standing(), at_hand.active.count()
    except Away as problem:
        told = f"{what} does not answer: {problem}; the database is asked instead"
        return Finding("redis", "warn", told, "start it, or take the setting away")
    finally:
        server.close()
    if standing is None:
        return Finding("redis", "note", f"{what} holds nothing yet; it is filled when it is asked")
    with log.store.read() as reader:
        behind = reader.last_position() - standing.position
    told = f"{what} has {_number(count, 'active session')} at hand"
    return Finding("redis", "good", f"{told}, {behind:,} behind" if behind else told)


def _transcripts(log: Log, directory: Path) -> Iterator[Finding]:
    from .adapters.claude.directory import survey
    from .adapters.claude.found import Transcript
    from .importing.arriving import Import
    from .importing.planning import plan
    from .importing.summary import ImportSummary

    importing = Import(log.store, ImportSummary(), platform.node() or None, None, False)
    found = [f for f in survey(directory) if isinstance(f, Transcript)]
    planned = plan(importing, found)
    waiting = {task.path for tasks in planned.rounds for task in tasks}
    days, told = cleanup_days(directory)
    yield Finding("clean-up", "good" if told else "note", _cleanup(days, told))
    if not waiting:
        what = f"{_number(len(found), 'transcript')} of {directory}, all imported"
        yield Finding("transcripts", "good", what)
        return
    todo = f"turnlog import {directory}"
    what = f"{len(waiting):,} of {_number(len(found), 'transcript')} of {directory} new or grown"
    oldest = min(f.mtime_ns for f in found if f.path in waiting) / 1e9
    left = days - (time.time() - oldest) / _DAY
    if left < 7:
        when = "at any time" if left < 1 else f"in {left:.0f} days"
        yield Finding("transcripts", "warn", f"{what}; the CLI deletes the oldest {when}", todo)
    else:
        yield Finding("transcripts", "note", what, todo)


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _cleanup(days: int, told: bool) -> str:
    whose = "cleanupPeriodDays in its settings" if told else "its default"
    return f"the CLI deletes transcripts after {days} days ({whose})"


def cleanup_days(directory: Path) -> tuple[int, bool]:
    """After how many days the CLI deletes transcripts, and whether its settings say so."""
    try:
        settings = json.loads((directory / "settings.json").read_text("utf-8"))
    except (OSError, ValueError):
        return CLEANUP_DAYS, False
    days = settings.get("cleanupPeriodDays") if isinstance(settings, dict) else None
    if isinstance(days, int) and not isinstance(days, bool) and days >= 0:
        return days, True
    return CLEANUP_DAYS, False
