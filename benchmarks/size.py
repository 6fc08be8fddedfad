"""Bytes of the database, read models included, against the bytes of the JSONL."""

from __future__ import annotations

from contextlib import closing
from itertools import islice

import orjson

from .bench import Bench, Measured, Row
from .load import LIVE_BATCH
from .ours import Ours, bytes_on_disk, import_directory


def _imported(bench: Bench) -> Measured:
    source = bench.workload.directory
    with bench.scratch() as directory:
        import_directory(source, directory, workers=1)
        return _measured(bytes_on_disk(directory), bench.workload.jsonl_bytes)


def _recorded_live(bench: Bench) -> Measured:
    recorded = 0
    with bench.scratch() as directory:
        with closing(Ours(directory)) as ours:
            for transcript in bench.workload.transcripts:
                lines = iter(transcript.lines)
                while group := list(islice(lines, LIVE_BATCH)):
                    recorded += sum(len(line) + 1 for line in group)
                    ours.append_to(transcript.key, [orjson.loads(line) for line in group])
        return _measured(bytes_on_disk(directory), recorded)


def _measured(database: int, jsonl: int) -> Measured:
    ratio = database / jsonl
    note = f"{database / 1e6:.1f} MB for {jsonl / 1e6:.1f} MB of JSONL"
    return Measured(ratio, ratio, ratio, 1, note)


ROWS = [
    Row("size-import", "bytes after an import, against the JSONL", _imported, 0.32, 0.26),
    Row("size-live", "bytes recorded live, 20 entries a batch", _recorded_live, 0.42, 0.36),
]
