"""A response as it is kept: its counters, its price, where it lies, if it is live and billed."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from operator import add, sub
from typing import Any, Final, NamedTuple

from ...domain.events import UsageRecorded
from ...domain.session import SessionState
from ...domain.usage import Usage, estimated_tokens
from ..printable import printable
from .tables import SUMS

Price = Callable[..., int | None]
"""As ``domain.prices.price``."""


class Told:
    """How a stream comes to hold a response."""

    OWN: Final = 0  # its own transcript
    PROGRESS: Final = 1  # a subagent's, repeated in its session's transcript
    RESULT: Final = 2  # a subagent's last, known by the counters in its result alone
    TAKEN: Final = 3  # lies in what a fork took over
    CLAIM: Final = 4  # none: says that a subagent's responses are known better than by its result


_TAKEN_OVER = -(1 << 30)
_A_VERSION = 8  # numbers there are for one version's rows that are no turns


class Response(NamedTuple):
    """A row of ``responses``."""

    stream: int
    turn: int
    """The turn it is; below 0 for what is no turn of the stream's own."""
    key: bytes
    model: str | None
    git_branch: str | None
    origin: str | None
    """The stream a fork took it over from."""
    at: int | None
    prompt: int
    branch: int
    place: int
    late: int
    """The version that recorded it, where it came late and stands elsewhere; else 0."""
    native: int
    fast: int
    told: int
    placeholder: int
    characters: int
    live: int
    """Whether it lies on the live branch of its own stream."""
    billed: int
    """Whether this is the copy that owns it."""
    counters: Usage
    cost: int | None
    position: int
    """Of the event that first told of it here."""

    def row(self) -> tuple[Any, ...]:
        """The values in the table's order."""
        return (*self[:18], *self.counters, *self[19:])

    @classmethod
    def of(cls, row: Any) -> Response:
        """A row as it was read."""
        return cls._make((*row[:18], Usage(*row[18:24]), *row[24:26]))

    def priced(self, counters: Usage, price: Price) -> Response:
        """The same response with other counters, and their cost in nano-dollars."""
        cost = None
        if self.model is not None:
            cost = price(self.model, self.at, counters, fast=bool(self.fast))
        return self._replace(counters=counters, cost=cost)

    def sums(self) -> tuple[int, ...]:
        """What it adds to a sum."""
        counters, cost = self.counters, self.cost
        unpriced = int(cost is None)
        if not self.placeholder:
            return (*counters, cost or 0, unpriced, 1, 0, 0, 0)
        told = counters.output_tokens
        estimate = max(told, estimated_tokens(self.characters))
        return (*counters, cost or 0, unpriced, 1, 1, told, estimate)


NO_SUMS = (0,) * len(SUMS)


def plus(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Add sums, field by field."""
    return tuple(map(add, a, b))


def minus(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """What one sum has beyond another, field by field."""
    return tuple(map(sub, a, b))


def response_key(event: UsageRecorded, session_id: str) -> bytes:
    """By what a response is known in every copy: message id and request id, else session id.

    What only a subagent's result tells is known by the subagent.
    """
    if event.source == "tool-result":
        return agent_key(event.of_session or session_id, event.agent, event.called_by)
    return _key(event.message_id or "", event.request_id or "/" + session_id)


def agent_key(session_id: str, agent: str | None, called_by: str | None) -> bytes:
    """By what the result of a subagent is known: its id within its session, else its call."""
    return _key("agent", session_id, agent) if agent else _key("call", called_by or "")


def _key(*parts: str) -> bytes:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=12).digest()


def told_number(version: int, n: int = 0) -> int:
    """The number of a row that is no turn, and was told by the event at a version."""
    return -(_A_VERSION * version + n)


def taken_number(n: int) -> int:
    """The number of a response that a fork took over: below all others, in their order."""
    return _TAKEN_OVER + n


class Use(NamedTuple):
    """Counters as they were recorded, and where."""

    event: UsageRecorded
    version: int
    position: int
    prompt: int
    git_branch: str | None
    key: bytes


_TOLD = {"progress": Told.PROGRESS, "tool-result": Told.RESULT}


def first_seen(
    use: Use, stream: int, state: SessionState, counters: Usage, cost: int | None
) -> Response:
    """A response of which nothing was recorded in this stream before."""
    event, version, position, prompt, git_branch, key = use
    late = version if event.place is not None else 0
    place = event.place if event.place is not None else version
    told = _TOLD.get(event.source, Told.OWN)
    placeholder = int(event.quality == "placeholder")
    return Response(
        stream,
        event.turn or told_number(version),
        key,
        printable(event.model),
        printable(git_branch),
        None,
        event.occurred_at,
        prompt,
        event.branch,
        place,
        late,
        int(event.native and state.forked_from is None),
        int(event.fast),
        told,
        placeholder,
        event.characters if placeholder else 0,
        int(state.is_live(event.branch, place, late)),
        1,
        counters,
        cost,
        position,
    )


def claim(key: bytes, number: int, at: Response) -> Response:
    """A row that says that what a key stands for is known from elsewhere."""
    return at._replace(
        turn=number,
        key=key,
        model=None,
        git_branch=None,
        told=Told.CLAIM,
        placeholder=0,
        characters=0,
        live=0,
        billed=0,
        counters=Usage(),
        cost=None,
    )
