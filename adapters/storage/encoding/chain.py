"""The hash chain of a stream, and the hashes of bodies.

``chain = SHA-256(previous ‖ header ‖ identity ‖ SHA-256(seed ‖ version ‖ body))``, where the header
is a compact JSON array, and an event without content has 32 zero bytes for its body's hash.
Position, codec, dictionary and block are left out, so that recompressing and packing keep the
chain; the seed lies in the body's block and goes with it, so that an erased text cannot be guessed
from the hash that stays.
"""

from __future__ import annotations

from hashlib import sha256

import orjson

from .rows import Row

START = bytes(32)
_NO_BODY = bytes(32)


def body_hash(seed: bytes, version: int, body: bytes) -> bytes:
    """The salted hash of a body, 32 bytes."""
    return sha256(b"%b%b%b" % (seed, version.to_bytes(8, "big"), body)).digest()


def link(
    previous: bytes,
    stream: str,
    version: int,
    topic: str,
    recorded_at: int,
    row: Row,
    hashed_body: bytes | None,
) -> bytes:
    """The chain's hash after one event, 32 bytes.

    Args:
        previous: the hash before it; ``START`` for a stream's first event.
        stream: the stream's text id, which holds no bar.
        recorded_at: milliseconds since 1970 UTC.
        hashed_body: ``body_hash``, None where the event has no content.
    """
    branch, occurred, identity, marks, turn, prompt, parent, before, place, facts = row
    header = orjson.dumps(
        [
            stream,
            version,
            topic,
            recorded_at,
            branch,
            occurred,
            marks,
            turn,
            prompt,
            parent,
            before,
            place,
            facts,
            len(identity) if identity is not None else None,
        ]
    )
    return sha256(
        b"%b%b%b%b" % (previous, header, identity or b"", hashed_body or _NO_BODY)
    ).digest()
