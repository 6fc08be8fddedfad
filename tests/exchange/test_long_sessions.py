"""A session of any length is exported and imported in bounded memory."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

import turnlog
from tests.exchange.conftest import KEY
from tests.support.transcripts import Transcript
from turnlog import Log

MEGABYTE = 1 << 20


def long_session(log: Log, megabytes: int) -> None:
    transcript, chance = Transcript(KEY.session_id, seed=1), random.Random(1)
    words = [f"{chance.getrandbits(24):06x}" for _ in range(5_000)]
    for _ in range(megabytes):
        for n in range(50):
            transcript.prompt(f"Question {n}?")
            transcript.run("Bash", {"command": "x"}, " ".join(chance.choices(words, k=1_400)))
            transcript.answer("Done.")
        log.append(KEY, transcript.entries)
        transcript.entries.clear()


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.soak
@pytest.mark.parametrize("format", ["html", "markdown", "jsonl", "claude"])
def test_memory_does_not_grow_with_a_session(tmp_path: Path, format: str) -> None:
    """A session must never be held in memory as a whole."""
    with turnlog.open(f"sqlite:///{tmp_path / 'log.db'}") as log:
        long_session(log, 60)
        out = tmp_path / f"out.{ {'markdown': 'md'}.get(format, format) }"
        assert peak(lambda: log.export_sessions(out, KEY, format)) < 30 * MEGABYTE
    if format == "jsonl":
        with turnlog.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
            assert peak(lambda: other.import_sessions(out)) < 30 * MEGABYTE
