"""The hash chain of a stream, and the hashes of bodies.

``chain = SHA-256(previous ‖ header ‖ identity ‖ SHA-256(salt ‖ version ‖ body))``, where the header
is a compact JSON array, and an event without content has 32 zero bytes for its body's hash.
Position, codec, dictionary and block are left out, so that recompressing and packing keep the
chain; the salt lies in the body's block (see ``salts``) and goes with it, so that an erased text
cannot be guessed from the hash that stays.
"""

from __future__ import annotations

from hashlib import sha256

import orjson

from .rows import Row

START = bytes(32)
_NO_BODY = bytes(32)


def body_hash(salt: bytes, version: int, body: bytes) -> bytes:
    """The salted hash of a body, 32 bytes."""
    return sha256(b"%b%b%b" % (salt, version.to_bytes(8, "big"), body)).digest()


def hashed_header(stream: str, version: int, topic: str, recorded_at: int, row: Row) -> bytes:
    """A header as it is hashed, without the identity that follows it.

    Args:
        stream: the stream's text id.
        recorded_at: milliseconds since 1970 UTC.
    """
    branch, occurred, identity, marks, turn, prompt, parent, before, place, facts = row
    return orjson.dumps(
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


def linked(
    previous: bytes, header: bytes, identity: bytes | None, hashed_body: bytes | None
) -> bytes:
    """The chain's hash after one event, 32 bytes.

    Args:
        previous: the hash before it; ``START`` for a stream's first event.
        header: as ``hashed_header`` gives it.
        hashed_body: ``body_hash``, None where the event has no content.
    """
    return sha256(
        b"%b%b%b%b" % (previous, header, identity or b"", hashed_body or _NO_BODY)
    ).digest()


def link(
    previous: bytes,
    stream: str,
    version: int,
    topic: str,
    recorded_at: int,
    row: Row,
    hashed_body: bytes | None,
) -> bytes:
    """The chain's hash after one event, from its fields; see ``hashed_header`` and ``linked``."""
    header = hashed_header(stream, version, topic, recorded_at, row)
    return linked(previous, header, row.identity, hashed_body)
