"""Noticing what a fold must not ask: the clock, chance, files, other databases."""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from types import FrameType
from typing import Any

_CALLS = {
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "monotonic"),
    ("time", "monotonic_ns"),
    ("time", "perf_counter"),
    ("time", "perf_counter_ns"),
    ("time", "sleep"),
    ("posix", "urandom"),
    ("nt", "urandom"),
    ("_uuid", "generate_time_safe"),
    ("_io", "open"),
    ("io", "open"),
    ("_sqlite3", "connect"),
}
_CLOCKS = {"now", "utcnow", "today"}
_CHANCE: Any = random.random
_OURS = ("turnlog.", "sqlalchemy.")


@contextmanager
def watched() -> Iterator[list[str]]:
    """What is called meanwhile on this thread that gives something else another time.

    It is seen as the interpreter calls it, however it was imported.
    """
    found: list[str] = []

    def notice(frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and (name := _impure(called)) is not None:
            module = str(frame.f_globals.get("__name__"))
            if not module.startswith(_OURS):
                found.append(f"{name}() in {module}, line {frame.f_lineno}")

    before: Any = sys.getprofile()
    if before is not None and not callable(before):
        yield found  # cProfile runs; it could not be set again
        return
    # A collection may call back whoever measures it, with a clock, in the midst of a fold.
    collecting = gc.isenabled()
    gc.disable()
    sys.setprofile(notice)
    try:
        yield found
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()


def _impure(called: Any) -> str | None:
    module, name = str(getattr(called, "__module__", "")), str(getattr(called, "__name__", ""))
    if (module, name) in _CALLS:
        return f"{module.lstrip('_')}.{name}"
    owner = getattr(called, "__self__", None)
    if name in _CLOCKS and isinstance(owner, type) and issubclass(owner, date):
        return f"{owner.__name__}.{name}"
    if owner is _CHANCE.__self__:
        return f"random.{name}"
    return None
