"""Conversations for asyncio and trio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, update_wrapper
from typing import Concatenate, ParamSpec, TypeVar

from ..adapters import threads
from ..domain.keys import SessionKey
from .conversation import Conversation

P = ParamSpec("P")
T = TypeVar("T")


def _awaited(
    method: Callable[Concatenate[Conversation, P], T],
) -> Callable[Concatenate[AsyncConversation, P], Awaitable[T]]:
    async def awaited(self: AsyncConversation, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await threads.run(partial(method, self.conversation, *args, **kwargs))

    update_wrapper(awaited, method)
    return awaited


class AsyncConversation:
    """A ``Conversation`` whose methods are awaited; see there."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation

    @property
    def key(self) -> SessionKey:
        """The session's key."""
        return self.conversation.key

    record = _awaited(Conversation.record)
    record_all = _awaited(Conversation.record_all)
    summarize = _awaited(Conversation.summarize)
    trim = _awaited(Conversation.trim)
    messages = _awaited(Conversation.messages)
    context = _awaited(Conversation.context)
    count = _awaited(Conversation.count)
