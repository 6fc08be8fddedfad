"""Proofs that a session is under the root of a seal, which show nothing of other sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..adapters.storage.contract.store import Store
from ..domain.errors import InvalidEvidence, Refused, UnknownSession
from ..domain.keys import SessionKey
from .extent import StreamHead, leaf
from .merkle import path, root_by_path
from .seals import Seal, read_seal, sealed_heads, sealings

FORMAT = "turnlog-proof.v1"


class StreamProof(NamedTuple):
    """That one stream's head is under the root."""

    stream: str
    """Its text id."""
    version: int
    chain: str
    """The hash chain there, in hexadecimal."""
    leaf_index: int
    """The leaf's place, from 0."""
    path: tuple[str, ...]
    """The hashes beside its way up to the root, from the bottom, in hexadecimal."""

    def holds(self, seal: Seal) -> bool:
        """Whether the way leads to the seal's root."""
        data = leaf(self.stream, StreamHead(self.version, bytes.fromhex(self.chain)))
        beside = [bytes.fromhex(other) for other in self.path]
        found = root_by_path(data, self.leaf_index, seal.streams, beside)
        return found is not None and found.hex() == seal.root


class Proof(NamedTuple):
    """That a session and its subagents were in the log when it was sealed, as they are told."""

    seal: Seal
    streams: tuple[StreamProof, ...]

    def as_json(self) -> dict[str, Any]:
        """What a proof's file holds."""
        streams = [{**proof._asdict(), "path": list(proof.path)} for proof in self.streams]
        return {"format": FORMAT, "seal": self.seal.as_json(), "streams": streams}


def prove(store: Store, key: SessionKey) -> Proof:
    """Prove that a session is under the log's last seal.

    Raises:
        UnknownSession: there is no such session.
        Refused: the log was never sealed, or not since the session began.
    """
    with store.read() as reader:
        if reader.find(key) is None:
            raise UnknownSession(f"there is no session {key.session_id!r}; see `turnlog sessions`")
        names = [k.stream_id for k in (key, *reader.subkeys(key))]
        past = sealings(reader)
    heads = sealed_heads(past)
    if key.stream_id not in heads:
        raise Refused(
            "the log was not sealed since the session began; seal it first with `turnlog seal`"
        )
    order = sorted(heads)
    leaves = [leaf(name, heads[name]) for name in order]
    found = []
    for name in names:
        if name in heads:
            index = order.index(name)
            beside = tuple(other.hex() for other in path(leaves, index))
            found.append(
                StreamProof(name, heads[name].version, heads[name].chain.hex(), index, beside)
            )
    return Proof(past[-1].seal, tuple(found))


def read_proof(found: Mapping[str, Any]) -> Proof:
    """A proof from what its file holds; every way in it leads to the root.

    Raises:
        InvalidEvidence: it is none, or was edited.
    """
    seal = read_seal(found.get("seal"))
    streams = found.get("streams")
    if set(found) != {"format", "seal", "streams"} or not isinstance(streams, list) or not streams:
        raise InvalidEvidence("the proof was edited: it has other parts than a seal and streams")
    proofs = tuple(_read_stream(stream) for stream in streams)
    for proof in proofs:
        try:
            holds = proof.holds(seal)
        except (ValueError, OverflowError):
            holds = False
        if not holds:
            raise InvalidEvidence(
                f"the proof was edited, or is of another log: {proof.stream!r:.80} at version "
                f"{proof.version} is not under the root of the seal"
            )
    return Proof(seal, proofs)


def _read_stream(found: object) -> StreamProof:
    types = {"stream": str, "version": int, "chain": str, "leaf_index": int, "path": list}
    if not isinstance(found, dict) or {n: type(v) for n, v in found.items()} != types:
        raise InvalidEvidence(f"the proof was edited: it holds {found!r:.80}")
    if not all(isinstance(other, str) for other in found["path"]):
        raise InvalidEvidence("the proof was edited: its path holds what is no hash")
    values = {**found, "path": tuple(found["path"])}
    return StreamProof(**values)
