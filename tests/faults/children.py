"""What the children do: each a function that a process of its own runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import turnlog
from tests.faults.processes import Connection, end_at_once
from turnlog.adapters.storage.sqlite.store import SqliteStore

Batch = Sequence[dict[str, Any]]


def append_all(pipe: Connection, url: str, key: Any, batches: Sequence[Batch]) -> None:
    """Append batches one after the other; each one's number is told when it is acknowledged."""
    with turnlog.open(url) as log:
        for number, batch in enumerate(batches):
            log.append(key, batch)
            pipe.send(number)


def append_when_told(pipe: Connection, url: str, key: Any, batches: Sequence[Batch]) -> None:
    """Append a batch each time the parent says so; tells what the append returned."""
    with turnlog.open(url) as log:
        pipe.send("ready")
        for batch in batches:
            pipe.recv()
            pipe.send(tuple(log.append(key, batch)))


def go_on_when_told(pipe: Connection, url: str, directory: str) -> None:
    """Ask for a directory's session each time the parent says so; tells which it is."""
    with turnlog.open(url) as log:
        pipe.send("ready")
        while pipe.recv():
            pipe.send(log.get_or_create(directory, user_id="ada"))


def create_when_told(pipe: Connection, url: str, project: str) -> None:
    """Create a session whose id tells the time, each time the parent says so; tells its id."""
    with turnlog.open(url) as log:
        pipe.send("ready")
        while pipe.recv():
            pipe.send(log.create(project=project, ids="time").key.session_id)


def append_and_die(pipe: Connection, url: str, key: Any, batch: Batch, statement: int) -> None:
    """Append one batch and die before the given statement of the transaction.

    Tells how many statements there were if it lives.
    """
    with turnlog.open(url) as log:
        counted = _count_statements(log, statement)
        log.append(key, batch)
        pipe.send(counted())


def append_and_die_within(
    pipe: Connection, url: str, key: Any, batch: Batch, instruction: int
) -> None:
    """The same in SQLite, in the middle of a statement: before an instruction of its machine."""
    with turnlog.open(url) as log:
        done = 0

        def step() -> int:
            nonlocal done
            done += 1
            if done == instruction:
                end_at_once()
            return 0

        sqlite_connection(log).set_progress_handler(step, 1)
        log.append(key, batch)
        pipe.send(done)


def change_and_die(pipe: Connection, url: str, key: Any, what: str, statement: int) -> None:
    """Archive or erase a session, and die before a statement; tells how many there were if not."""
    with turnlog.open(url) as log:
        counted = _count_statements(log, statement)
        getattr(log, what)(key)
        pipe.send(counted())


def command_and_die(pipe: Connection, arguments: list[str], folder: str, deed: int) -> None:
    """Run a command, and die before one of its deeds: a statement, or a file of a folder.

    Tells the exit code, and how many deeds there were.
    """
    import io
    from contextlib import redirect_stderr, redirect_stdout

    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    from turnlog.adapters.cli import run

    done = 0

    def step(*_: object) -> None:
        nonlocal done
        done += 1
        if done == deed:
            end_at_once()

    def audited(name: str, given: Sequence[object]) -> None:
        if name in ("open", "os.rename", "os.mkdir") and str(given[0]).startswith(folder):
            step()

    def connected(connection: Any, _: object) -> None:
        connection.set_trace_callback(step)

    if any(argument.startswith("postgresql") for argument in arguments):
        _count_postgres(step)
    else:
        event.listen(Pool, "connect", connected)
    sys.addaudithook(audited)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        code = run(arguments)
    pipe.send((code, done))


def rebuild_and_die(pipe: Connection, url: str, statement: int) -> None:
    """Rebuild the read models, in small batches, and die before a statement."""
    from unittest.mock import patch

    with (
        patch("turnlog.projecting.folding.BATCH", 10),
        patch("turnlog.projecting.rebuilding.BATCH", 10),
        turnlog.open(url) as log,
    ):
        counted = _count_statements(log, statement)
        log.rebuild()
        pipe.send(counted())


def catch_up_and_die(pipe: Connection, url: str, statement: int) -> None:
    """Catch the read models up, in small batches, and die before a statement."""
    from unittest.mock import patch

    with (
        patch("turnlog.projecting.folding.BATCH", 10),
        patch("turnlog.projecting.folding.BATCH_WITH_BODIES", 10),
        turnlog.open(url) as log,
    ):
        counted = _count_statements(log, statement)
        log.catch_up()
        pipe.send(counted())


def append_from_threads(
    pipe: Connection, url: str, sessions: Sequence[tuple[Any, Sequence[Batch]]]
) -> None:
    """Append to several sessions at once; tells (session, batch) for each acknowledgement."""
    told = threading.Lock()

    def work(session: int, key: Any, batches: Sequence[Batch]) -> None:
        for number, batch in enumerate(batches):
            log.append(key, batch)
            with told:
                pipe.send((session, number))

    with turnlog.open(url) as log:
        threads = [
            threading.Thread(target=work, args=(session, key, batches))
            for session, (key, batches) in enumerate(sessions)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def open_when_told(pipe: Connection, url: str, key: Any, batch: Batch) -> None:
    """Open a log, append one batch, and tell what became of it."""
    pipe.send("ready")
    pipe.recv()
    try:
        with turnlog.open(url) as log:
            pipe.send(log.append(key, batch).recorded)
    except Exception as problem:
        pipe.send(f"{type(problem).__name__}: {problem}")


def open_and_die(pipe: Connection, url: str, statement: int) -> None:
    """Make a new log and die before a statement; tells how many there were if it lives."""
    from sqlalchemy import Engine, event

    done = 0

    def step(*_: object) -> None:
        nonlocal done
        done += 1
        if done == statement:
            end_at_once()

    event.listen(Engine, "before_cursor_execute", step)
    turnlog.open(url).close()
    pipe.send(done)


def sqlite_connection(log: turnlog.Log) -> Any:
    """The connection that a log in SQLite writes through."""
    assert isinstance(log.store, SqliteStore)
    return log.store._connection


def _count_statements(log: turnlog.Log, fatal: int) -> Callable[[], int]:
    """Count what the log sends to its database from here on, and die before one statement."""
    done = 0

    def step(*_: object) -> None:
        nonlocal done
        done += 1
        if done == fatal:
            end_at_once()

    if isinstance(log.store, SqliteStore):
        sqlite_connection(log).set_trace_callback(step)
    else:
        _count_postgres(step)
    return lambda: done


def _count_postgres(step: Callable[[], None]) -> None:
    from turnlog.adapters.storage.postgres.driver import DriverCursor

    _before(DriverCursor, "execute", step)
    _before(DriverCursor, "executemany", step)


def _before(owner: type, name: str, step: Callable[[], None]) -> None:
    original = getattr(owner, name)

    def stepped(*args: Any, **kwargs: Any) -> Any:
        step()
        return original(*args, **kwargs)

    setattr(owner, name, stepped)


def append_with_little_room(
    pipe: Connection, url: str, key: Any, batches: Sequence[Batch], room: int
) -> None:
    """Append where no file may grow beyond ``room`` bytes, then with room again."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with turnlog.open(url) as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        waiting = list(batches)
        try:
            while waiting:
                log.append(key, waiting[0])
                del waiting[0]
        except Exception as problem:
            pipe.send((len(waiting), type(problem).__name__, str(problem), log.load(key)))
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        log.append(key, waiting[0])
        pipe.send(log.load(key))


def append_and_rewind(pipe: Connection, url: str, key: Any, batches: Sequence[Batch]) -> None:
    """Go on with a session, then go back to its first prompt."""
    with turnlog.open(url) as log:
        for batch in batches:
            log.append(key, batch)
        log.rewind(key, "prompt:1")
