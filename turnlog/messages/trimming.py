"""The live context made shorter: what came before a message leaves it, and stays in the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..adapters.claude.messages import check_id
from ..adapters.storage.contract.transaction import Transaction
from ..adapters.storage.contract.values import Stream
from ..domain.entry import TRIM
from ..domain.errors import PointNotFound, Refused
from ..domain.events import ContextTrimmed
from ..domain.evolving import fold
from ..domain.keys import SessionKey
from ..domain.session import GONE
from ..time.rewinding import found
from .reading import Message, messages_of


class Trimmed(NamedTuple):
    """What a trim did to the live context, or would do."""

    key: SessionKey
    before: str
    """The id of the first message that stays."""
    dropped: int
    """Messages that left the context."""
    kept: int
    """Messages in it now, the summary included."""
    done: bool


def trim(
    transaction: Transaction,
    key: SessionKey,
    before: str,
    reason: str | None,
    actor: str | None,
    dry_run: bool,
) -> Trimmed:
    """Drop the messages before one from the live context. They stay in the log.

    Raises:
        PointNotFound: the live branch has no such message.
    """
    messages = live(transaction, key)
    start = index_of(messages, before)
    now = {i for i, m in enumerate(messages) if m.in_context and not m.is_summary}
    then = {i for i, m in enumerate(messages) if i >= start and not m.is_summary}
    summaries = sum(m.in_context and m.is_summary for m in messages)
    if now != then and not dry_run:
        leave_out(transaction, key, before, reason, actor)
    return Trimmed(key, before, len(now - then), len(then) + summaries, not dry_run)


def leave_out(
    transaction: Transaction, key: SessionKey, before: str, reason: str | None, actor: str | None
) -> int:
    """Note that the messages before one left the context.

    Returns:
        The position of the event.
    """
    stream = transaction.open(key)
    event = ContextTrimmed(
        branch=stream.state.branch, identity=TRIM, first_kept=before, reason=reason, actor=actor
    )
    appended = transaction.record(stream, [event], fold(stream.state, [event]))
    return appended.first_position


def live(transaction: Transaction, key: SessionKey) -> list[Message]:
    """The messages of a session's live branch.

    Raises:
        UnknownSession: there is no such session.
        Refused: it is deleted or erased.
    """
    stream = _present(transaction, key)
    return messages_of(transaction, stream, stream.state.lineage)


def _present(transaction: Transaction, key: SessionKey) -> Stream:
    stream = found(transaction, key)
    if stream.state.presence in GONE:
        raise Refused(f"session {key.session_id!r} is {stream.state.presence}")
    return stream


def index_of(messages: Sequence[Message], message_id: str) -> int:
    """Where a message stands.

    Raises:
        PointNotFound: it does not.
    """
    check_id(message_id)
    for i, message in enumerate(messages):
        if message.id == message_id:
            return i
    raise PointNotFound(f"the live branch has no message {message_id!r:.80}")
