"""The command line. Nothing but this module is imported until a command is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TextIO

CODE_FAILED = 2
CODE_UNEXPECTED = 70
CODE_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave: 0 for done, 1 for a check that does not hold, 2 for a failure."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command. What goes wrong is said in one message on standard error.

    Args:
        arguments: without the program's name; None takes the process's own.

    Returns:
        The exit code.
    """
    # Where a caller closed them, there are none.
    sys.stdout, sys.stderr = (s or _nowhere() for s in (sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = 0
    try:
        from .app import called

        code = called(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return CODE_INTERRUPTED
    except BrokenPipeError:
        _unread()
    except SystemExit as left:
        # So the help leaves when nobody reads on, with the code of a check that does not hold.
        if not isinstance(left.__context__, BrokenPipeError):
            raise
        _unread()
    except Exception as problem:
        return _failed(problem)
    return code


def _unread() -> None:
    """Whoever read our output has seen enough; Python would complain once more when it flushes."""
    os.dup2(_nowhere().fileno(), sys.stdout.fileno())


def _nowhere() -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", closefd=False)


def _failed(problem: Exception) -> int:
    from ...domain.errors import TurnlogError
    from .screen import complain

    if isinstance(problem, TurnlogError):
        complain(str(problem))
        return CODE_FAILED
    if isinstance(problem, OSError):
        where = f"{problem.filename}: " if problem.filename else ""
        complain(f"{where}{problem.strerror or problem}")
        return CODE_FAILED
    if os.environ.get("TURNLOG_TRACEBACK"):
        raise problem
    complain(
        f"this should not have happened: {type(problem).__name__}: {problem}\n"
        "TURNLOG_TRACEBACK=1 shows where; please report it"
    )
    return CODE_UNEXPECTED
