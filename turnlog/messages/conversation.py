"""A session as a repository of messages."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..adapters.claude.messages import Content, Given, Role, check_id, checked
from ..adapters.storage.contract.store import Store
from ..domain.errors import Refused, UnknownSession
from ..domain.keys import SessionKey
from ..domain.points import LATEST, Point, in_milliseconds, read_time
from ..time.lineages import lineage_to
from ..time.loading import loadable
from ..time.travelling import find_place
from .reading import Message, context_of, count_of, messages_of
from .trimming import Trimmed, index_of, trim
from .writing import Owner, Saved, save, summarize

Time = str | int | datetime
"""ISO 8601 (in UTC where it names no zone), milliseconds since 1970 UTC, or a datetime."""


class Conversation:
    """One session as messages, of whatever agent.

    A message becomes an entry in the transcript's own form: all that reads, searches, rewinds or
    adds up sessions knows it. The session begins with its first message.
    """

    def __init__(self, store: Store, key: SessionKey, owner: Owner) -> None:
        self.key = key
        self._store = store
        self._owner = owner

    def record(
        self,
        role: Role,
        content: Content,
        *,
        id: str | None = None,
        tokens: int | None = None,
        model: str | None = None,
        usage: Mapping[str, Any] | None = None,
        stop_reason: str | None = None,
        tool_use_id: str | None = None,
        is_error: bool = False,
        at: Time | None = None,
    ) -> Saved:
        """Save a message behind the last one. Durable once this returns.

        Args:
            role: ``user``, ``assistant``, ``system`` or ``tool``.
            content: a text, or blocks as Anthropic's Messages API has them.
            id: of the message; saving it again under this id does nothing. Else a new uuid.
            tokens: how many it takes. Of an assistant's without ``usage`` they are counted as its
                output.
            model: that answered, which its cost is known by.
            usage: an assistant's counters, in the API's spelling: ``input_tokens`` and so on.
            stop_reason: why the answer ended; else ``tool_use`` if it calls one, or ``end_turn``.
            tool_use_id: the call that a tool's message answers.
            is_error: whether the tool failed.
            at: when it was said; else now.

        Raises:
            Refused: an argument is none of these, or the id is another message's.
        """
        given = Given(role, content, id, tokens, model, usage, stop_reason, tool_use_id, is_error)
        return self._save([checked(given)], at)[0]

    def record_all(self, messages: Iterable[Mapping[str, Any]]) -> list[Saved]:
        """Save several messages at once: all of them or none.

        Args:
            messages: each with what ``record`` takes, by name: ``role``, ``content``, ``id``, …

        Raises:
            Refused: as ``record`` does, or a message has a field that it does not take.
        """
        if isinstance(messages, Mapping | str):
            raise Refused("record_all takes a list of messages; `record` saves one")
        return self._save([_of(message) for message in messages], None)

    def summarize(
        self,
        summary: str,
        *,
        before: str | None = None,
        id: str | None = None,
        tokens: int | None = None,
        actor: str | None = None,
    ) -> Saved:
        """Save a summary, which stands for older messages in the context from here on.

        It is written as Claude Code writes a compaction, which its CLI understands when it resumes.

        Args:
            before: the first message that it does not stand for; without one it stands for all.
            id: of the summary; saving it again under this id does nothing.
            tokens: how many it takes.
            actor: who did this.

        Raises:
            UnknownSession: there is no such session.
            PointNotFound: the live branch has no message ``before``.
            Refused: it is empty, or there is no message it could stand for.
        """
        given = checked(Given("user", summary, id, tokens))
        now = _now()
        return self._store.write(
            lambda t: summarize(t, self.key, given, before, self._owner, actor, now)
        )

    def trim(
        self,
        before: str,
        reason: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> Trimmed:
        """Drop the messages before one from the context. They stay in the log, and in ``load``.

        What holds is the last trim or summary on the live branch: a rewind to before it takes it
        back, and so does a trim at an earlier message.

        Args:
            before: the id of the first message that stays. The last summary stays in any case.

        Raises:
            UnknownSession: there is no such session.
            PointNotFound: the live branch has no such message.
        """
        check_id(before)
        return self._store.write(lambda t: trim(t, self.key, before, reason, actor, dry_run))

    def messages(
        self,
        *,
        since: Time | None = None,
        after: str | None = None,
        at: str | int | Point | None = None,
        limit: int | None = None,
    ) -> list[Message]:
        """The messages of the live branch in order, those that left the context included.

        Args:
            since: only those said at this time or later.
            after: only those behind the message of this id.
            at: as they were at a point in time.
            limit: only the last so many.

        Returns:
            None of them where there is no such session, or it holds no message.

        Raises:
            PointNotFound: there is no message ``after``, or no such point.
            Refused: the limit is below 1.
        """
        moment = _time(since) if since is not None else None
        if limit is not None and (type(limit) is not int or limit < 1):
            raise Refused(f"the limit is a number from 1, got {limit!r:.40}")
        found = self._read(at)
        if after is not None:
            found = found[index_of(found, after) + 1 :]
        if moment is not None:
            found = [m for m in found if m.occurred_at is not None and m.occurred_at >= moment]
        return found if limit is None else found[-limit:]

    def context(self, at: str | int | Point | None = None) -> list[Message]:
        """What the model is shown next: the summary, then the messages it does not stand for."""
        return context_of(self._read(at))

    def count(self) -> int:
        """How many messages the live branch has. Reads no content."""
        with self._store.read() as reader:
            stream = reader.find(self.key)
            if stream is None or not loadable(reader, stream):
                return 0
            return count_of(reader, stream, stream.state.lineage)

    def _read(self, at: str | int | Point | None) -> list[Message]:
        with self._store.read() as reader:
            stream = reader.find(self.key)
            if stream is None or not loadable(reader, stream):
                if at is not None:
                    raise UnknownSession(f"there is no session {self.key.session_id!r}")
                return []
            line = stream.state.lineage
            if at is not None:
                line = lineage_to(stream, find_place(reader, stream, Point.of(at)))
            return messages_of(reader, stream, line)

    def _save(self, given: list[Given], at: Time | None) -> list[Saved]:
        if not given:
            return []
        moment = _time(at) if at is not None else _now()
        return self._store.write(lambda t: save(t, self.key, given, self._owner, moment))


def _of(message: Mapping[str, Any]) -> Given:
    if not isinstance(message, Mapping):
        raise Refused(f"a message is an object with a role and content, got {message!r:.60}")
    taken = {name: message[name] for name in message if name in _FIELDS}
    if len(taken) < len(message):
        unknown = next(name for name in message if name not in _FIELDS)
        raise Refused(f"a message has no field {unknown!r:.40}; it has {', '.join(_FIELDS)}")
    if "role" not in taken or "content" not in taken:
        raise Refused("a message needs a role and content")
    return checked(Given(**taken))


_FIELDS = tuple(name for name in Given._fields if name not in ("response", "also"))


def _time(given: Time) -> int:
    if isinstance(given, str):
        moment = read_time(given)
    else:
        moment = in_milliseconds(given) if isinstance(given, datetime) else given
    if type(moment) is not int or not 0 <= moment < LATEST:
        raise Refused(f"{given!r:.40} is no time: ISO 8601, milliseconds since 1970, or a datetime")
    return moment


def _now() -> int:
    return time.time_ns() // 1_000_000
