"""`python -m benchmarks.train_dictionary`: train the dictionary that is shipped, or measure it.

It is trained on synthetic entries only, because a dictionary holds runs of its training text
verbatim. A dictionary that was ever released is never trained again under the same number: what was
compressed with it could not be read any more. A better one gets the next number.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import zstandard

from turnlog.adapters.storage.encoding.compression import SHIPPED, Compressor
from turnlog.adapters.storage.encoding.frames import pack

from .dictionary.entries import Entries

SIZE = 64 << 10  # twice the size gains nothing: offsets into it take more bits
SEEDS = 8
ENTRIES_EACH = 1_500
LONGEST_SAMPLE = 4_000  # bytes; what long entries have in common stands at their start
BATCHES = (1, 20, 50, 500)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    where = "the file to write, such as adapters/storage/entries-2.dict"
    parser.add_argument("--write", type=Path, metavar="FILE", help=where)
    parser.add_argument("--number", type=int, default=SHIPPED, help="the dictionary's number")
    parser.add_argument("--measure", type=Path, metavar="DIR", help="a directory of transcripts")
    arguments = parser.parse_args()
    if arguments.write:
        arguments.write.write_bytes(train(arguments.number))
    if arguments.measure:
        for line in measure(read_transcripts(arguments.measure)):
            print(line)


def train(number: int) -> bytes:
    """The same bytes every time, with the same release of zstandard."""
    samples = []
    for seed in range(SEEDS):
        entries = Entries(seed)
        samples += [orjson.dumps(entries.entry())[:LONGEST_SAMPLE] for _ in range(ENTRIES_EACH)]
    return zstandard.train_dictionary(SIZE, samples, dict_id=number).as_bytes()


def measure(transcripts: Sequence[Sequence[bytes]]) -> Iterator[str]:
    """Bytes stored for each byte of JSONL and microseconds an entry, by entries in a batch."""
    count = sum(map(len, transcripts))
    jsonl = sum(len(line) + 1 for lines in transcripts for line in lines)
    yield f"{count:,} entries, {jsonl:,} bytes"
    yield "batch | plain zstd -3 | as stored | compress µs/entry | decompress µs/entry"
    plain, compressor = zstandard.ZstdCompressor(level=3), Compressor()
    for size in BATCHES:
        frames = [pack(batch) for batch in batches(transcripts, size)]
        without = sum(len(plain.compress(frame)) for frame in frames)
        started = time.process_time()
        blocks = [compressor.compress(frame) for frame in frames]
        compressed = time.process_time()
        for codec, dictionary, data in blocks:
            compressor.decompress(codec, dictionary, data)
        decompressed = time.process_time()
        stored = sum(len(data) for _, _, data in blocks)
        yield (
            f"{size:5} | {without / jsonl:.4f} | {stored / jsonl:.4f}"
            f" | {(compressed - started) / count * 1e6:5.1f}"
            f" | {(decompressed - compressed) / count * 1e6:5.1f}"
        )


def batches(transcripts: Sequence[Sequence[bytes]], size: int) -> Iterator[Sequence[bytes]]:
    for lines in transcripts:
        for start in range(0, len(lines), size):
            yield lines[start : start + size]


def read_transcripts(directory: Path) -> list[list[bytes]]:
    paths = sorted(path for path in directory.rglob("*.jsonl") if path.name != "journal.jsonl")
    return [[line for line in path.read_bytes().split(b"\n") if line] for path in paths]


if __name__ == "__main__":
    main()
