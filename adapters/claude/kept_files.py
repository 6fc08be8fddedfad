"""The content of a file that a transcript points to, ready to be kept."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import zstandard

from ..redaction import Redaction
from ..storage.contract.values import StoredFile
from ..storage.encoding.compression import RAW, ZSTD
from .folder import told

LARGEST = 64 << 20
"""Bytes of the largest file that is kept."""


def read_kept(path: Path, redaction: Redaction | None = None) -> StoredFile | str:
    """A file's content, compressed; or why it is not kept.

    Args:
        redaction: what is taken out of it.
    """
    try:
        with path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                return too_large(size)
            data = file.read(LARGEST + 1)
    except OSError as problem:
        return told(problem)
    if len(data) > LARGEST:
        return too_large(len(data))
    return stored(redaction.of_bytes(data) if redaction else data)


def too_large(size: int) -> str:
    """Why a file of that size is not kept."""
    return f"{size:,} bytes, at most {LARGEST:,} are kept"


def stored(data: bytes) -> StoredFile:
    """A content as it is kept."""
    packed = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(data)
    codec = ZSTD if len(packed) < len(data) else RAW
    return StoredFile(sha256(data).digest(), len(data), codec, packed if codec else data)
