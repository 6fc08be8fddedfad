"""Catching up and rebuilding, with their progress; how the read models are."""

from __future__ import annotations

import time
from contextlib import suppress

from rich.text import Text

from ...projecting.health import Health
from .figures import number
from .opened import Opened, key_of
from .progress import bar
from .safe_text import one_line
from .screen import screen, write_json


def project(work: Opened, name: str | None, once: bool, as_json: bool) -> None:
    """Catch up once, or until interrupted; then say how the read models are."""
    if once:
        work.log.catch_up(name)
    else:
        if not as_json:
            told = "Keeping the read models caught up; Ctrl-C ends it."
            screen().print(Text(told, "quiet"))
        with suppress(KeyboardInterrupt):  # that is how it ends
            work.log.project(lambda: False, name)
    found = [h for h in work.log.projections() if name in (None, h.name)]
    if as_json:
        write_json([health._asdict() for health in found])
        return
    for health in found:
        screen().print(_line(health))


def _line(health: Health) -> Text:
    good = health.status in ("up to date", "behind")
    mark = ("✓ ", "good") if good else ("✗ ", "bad")
    return Text.assemble(mark, one_line(f"{health.name}: {described(health)}"))


def described(health: Health) -> str:
    """A read model's health in a line."""
    how = "with every append" if health.lifecycle == "inline" else "caught up"
    told = f"version {health.version}, {how}, {health.status} at position {health.position:,}"
    if health.lag:
        told += f", {number(health.lag, 'position')} behind"
    if health.problem is not None:
        told += f", which stands before what it could not take in: {health.problem}"
    if health.set_aside:
        told += f", {number(health.set_aside, 'event')} set aside"
    if health.rebuilding is not None:
        told += f", a rebuild has come to position {health.rebuilding:,}"
    if health.holder is not None:
        told += f", folded by {health.holder}"
    return told


def rebuild(work: Opened, name: str | None, session: str | None, anew: bool, as_json: bool) -> None:
    """Fold the read models again."""
    began = time.monotonic()
    key = key_of(work.session(session)) if session is not None else None
    with bar("rebuilding", quiet=as_json) as progress:
        done = work.log.rebuild(progress, name=name, session=key, anew=anew)
    seconds = time.monotonic() - began
    if as_json:
        write_json(
            {
                "models": list(done.models),
                "streams": done.streams,
                "events": done.events,
                "seconds": round(seconds, 3),
            }
        )
        return
    told = f"{number(done.events, 'event')} of {number(done.streams, 'stream')} in {seconds:.1f} s"
    models = ", ".join(done.models)
    screen().print(Text.assemble(("✓ ", "good"), f"Rebuilt the read models ({models}): {told}."))
