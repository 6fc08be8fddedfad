"""Time: a session as it was, and the commands that go to a point of it."""

from __future__ import annotations

from ..domain.keys import SessionKey
from ..domain.points import Point
from ..domain.session import SessionState
from ..time.comparing import Difference, difference
from ..time.rewinding import Checkpoint, Forked, Rewound, checkpoint, fork, rewind
from ..time.travelling import state_of
from .part import At, Key, Part, there


class Travelling(Part):
    """Travelling in time."""

    def state(self, key: Key) -> SessionState:
        """The session's state now."""
        with self._look(key) as (_, stream):
            return there(stream, key).state

    def at(self, key: Key, point: At) -> SessionState:
        """The session's state at a point in time.

        Raises:
            UnknownSession: there is no such session.
            InvalidPoint: the point is written wrongly.
            PointNotFound: the session has no such point.
        """
        with self._look(key) as (reader, stream):
            return state_of(reader, there(stream, key), Point.of(point))

    def diff(self, key: Key, a: At, b: At | None = None) -> Difference:
        """What happened between two points of a session, also on different branches.

        Args:
            a: the point to start from.
            b: the point to compare it with; the session now, without one.

        Raises:
            UnknownSession, InvalidPoint, PointNotFound: as ``at`` does.
            DamagedEvent: an entry between them cannot be read.
        """
        with self._look(key) as (reader, stream):
            stream = there(stream, key)
            to = Point.of(b if b is not None else stream.version)
            return difference(reader, stream, Point.of(a), to)

    def checkpoint(
        self,
        key: Key,
        name: str,
        label: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> Checkpoint:
        """Name the head, so that one may come back to it.

        Raises:
            Refused: the name is taken on the live branch, or is no name.
        """
        place = SessionKey.of(key)
        return self.store.write(lambda t: checkpoint(t, place, name, label, actor, dry_run))

    def rewind(
        self,
        key: Key,
        to: At,
        reason: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> Rewound:
        """Make an earlier point the head, or one on an abandoned branch. Nothing is lost.

        Args:
            dry_run: only say what would change.

        Raises:
            UnknownSession, InvalidPoint, PointNotFound: as ``at`` does.
            Refused: the session is deleted or erased.
        """
        place, point = SessionKey.of(key), Point.of(to)
        return self.store.write(lambda t: rewind(t, place, point, reason, actor, dry_run))

    def fork(
        self,
        key: Key,
        at: At | None = None,
        into: Key | None = None,
        reason: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> Forked:
        """Begin a new session from a point of this one (from its head, without one).

        The SDK resumes it like any other. No entry is copied.

        Args:
            into: the new session's key; without one, a new id in the same project.
        """
        place = SessionKey.of(key)
        point = Point.of(at) if at is not None else None
        child = SessionKey.of(into) if into is not None else None
        return self.store.write(lambda t: fork(t, place, point, child, reason, actor, dry_run))
