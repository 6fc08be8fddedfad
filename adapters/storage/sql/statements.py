"""The statements of the hot path, compiled once for a dialect.

SQLAlchemy Core writes them; the driver's own cursor runs them, because a Core execution costs
several times what the statement does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Dialect, bindparam, func, select, text
from sqlalchemy.sql.expression import ClauseElement

from .schema import (
    FOREIGN,
    blocks,
    events,
    files,
    identities,
    sdk_summaries,
    snapshots,
    sources,
    streams,
)

_HEAD = (
    events.c.version,
    events.c.branch,
    events.c.before,
    events.c.place,
    events.c.marks,
    events.c.turn,
    events.c.occurred_at,
)
_ROW = (
    events.c.branch,
    events.c.occurred_at,
    events.c.identity,
    events.c.marks,
    events.c.turn,
    events.c.prompt,
    events.c.parent,
    events.c.before,
    events.c.place,
    events.c.facts,
)
_EVENT = (
    events.c.position,
    events.c.stream,
    events.c.version,
    events.c.topic,
    events.c.recorded_at,
    events.c.body_hash,
    events.c.chain,
    *_ROW,
)
_BLOCK = (
    blocks.c.id,
    blocks.c.stream,
    blocks.c.sort,
    blocks.c.branch,
    blocks.c.first,
    blocks.c.last,
    blocks.c.versions,
    blocks.c.careful,
    blocks.c.codec,
    blocks.c.dictionary,
    blocks.c.seed,
    blocks.c.data,
)


class Statements:
    """Each statement by its name, as text with positional parameters in the order named."""

    def __init__(self, dialect: Dialect, locks_rows: bool) -> None:
        self._dialect = dialect
        self.locks_rows = locks_rows
        self.mark = "?" if dialect.paramstyle == "qmark" else "%s"
        self.headers = lru_cache(maxsize=64)(self._headers)

    def _text(self, statement: ClauseElement, *names: str) -> str:
        compiled: Any = statement.compile(dialect=self._dialect)
        found = tuple(compiled.positiontup or ())
        assert found == names, f"parameters {found}, expected {names}"
        return str(compiled)

    def _limited(self, statement: ClauseElement, *names: str, limit: str | None = None) -> str:
        # Core writes LIMIT with an OFFSET for SQLite, which would be one more parameter.
        return f"{self._text(statement, *names)} LIMIT {limit or self.mark}"

    def once(self, statement: ClauseElement) -> tuple[str, tuple[Any, ...]]:
        """A statement that is not kept, with its values."""
        compiled: Any = statement.compile(
            dialect=self._dialect, compile_kwargs={"render_postcompile": True}
        )
        values = compiled.construct_params()
        return str(compiled), tuple(values[name] for name in compiled.positiontup or ())

    @cached_property
    def find_stream(self) -> str:
        """name → id, version, chain, recorded_at, state, memory"""
        return self._text(self._stream(), "name")

    @cached_property
    def lock_stream(self) -> str:
        """The same, and nobody else may append to it until the transaction ends."""
        statement = self._stream()
        return self._text(statement.with_for_update() if self.locks_rows else statement, "name")

    def _stream(self) -> Any:
        return select(
            streams.c.id,
            streams.c.version,
            streams.c.chain,
            streams.c.recorded_at,
            streams.c.state,
            streams.c.memory,
        ).where(streams.c.name == bindparam("name"))

    @cached_property
    def create_stream(self) -> str:
        """name, version, chain, recorded_at, state, memory"""
        names = ("name", "version", "chain", "recorded_at", "state", "memory")
        statement = streams.insert().values({name: bindparam(name) for name in names}).inline()
        return self._text(statement, *names) + " ON CONFLICT DO NOTHING"

    @cached_property
    def store_stream(self) -> str:
        """version, chain, recorded_at, state, memory, id"""
        names = ("version", "chain", "recorded_at", "state", "memory")
        statement = (
            streams.update()
            .where(streams.c.id == bindparam("stream"))
            .values({name: bindparam(name) for name in names})
        )
        return self._text(statement, *names, "stream")

    @cached_property
    def append_event(self) -> str:
        """Every column of ``events``, in their order."""
        names = tuple(column.name for column in events.columns)
        statement = events.insert().values({name: bindparam(name) for name in names})
        # Where one row can undo nothing but itself, SQLite need not remember the pages it changes.
        return self._text(statement.prefix_with("OR FAIL", dialect="sqlite"), *names)

    @cached_property
    def append_block(self) -> str:
        """Every column of ``blocks`` but the id."""
        names = tuple(column.name for column in blocks.columns if column.name != "id")
        statement = blocks.insert().values({name: bindparam(name) for name in names}).inline()
        return self._text(statement, *names)

    @cached_property
    def find_source(self) -> str:
        """name → every column of ``sources``"""
        return self._text(select(sources).where(sources.c.name == bindparam("name")), "name")

    @cached_property
    def keep_source(self) -> str:
        """Every column of ``sources``, in place of what was noted before."""
        names = [column.name for column in sources.columns]
        statement = sources.insert().values({name: bindparam(name) for name in names})
        changed = ", ".join(f'"{name}" = excluded."{name}"' for name in names[1:])
        return f"{self._text(statement, *names)} ON CONFLICT (name) DO UPDATE SET {changed}"

    @cached_property
    def find_file(self) -> str:
        """digest → every column of ``files``"""
        return self._text(select(files).where(files.c.digest == bindparam("digest")), "digest")

    @cached_property
    def keep_file(self) -> str:
        """Every column of ``files``."""
        names = [column.name for column in files.columns]
        statement = files.insert().values({name: bindparam(name) for name in names})
        return self._text(statement, *names) + " ON CONFLICT DO NOTHING"

    @cached_property
    def summaries(self) -> str:
        """sdk, first, end → the columns of ``sdk_summaries`` for streams named so"""
        return self._text(
            select(sdk_summaries)
            .join_from(sdk_summaries, streams, sdk_summaries.c.stream == streams.c.id)
            .where(
                sdk_summaries.c.sdk == bindparam("sdk"),
                streams.c.name >= bindparam("first"),
                streams.c.name < bindparam("end"),
            ),
            "sdk",
            "first",
            "end",
        )

    @cached_property
    def keep_summary(self) -> str:
        """Every column of ``sdk_summaries``, in place of what was kept before."""
        names = [column.name for column in sdk_summaries.columns]
        statement = sdk_summaries.insert().values({name: bindparam(name) for name in names})
        changed = ", ".join(f"{name} = excluded.{name}" for name in names[2:])
        return f"{self._text(statement, *names)} ON CONFLICT (stream, sdk) DO UPDATE SET {changed}"

    @cached_property
    def last_position(self) -> str:
        """→ the newest position"""
        return self._text(select(func.coalesce(func.max(events.c.position), text("0"))))

    @cached_property
    def events_of_stream(self) -> str:
        """stream, after, upto → events by version"""
        return self._text(
            select(*_EVENT)
            .where(
                events.c.stream == bindparam("stream"),
                events.c.version > bindparam("after"),
                events.c.version <= bindparam("upto"),
            )
            .order_by(events.c.version),
            "stream",
            "after",
            "upto",
        )

    @cached_property
    def events_of_log(self) -> str:
        """after, upto, limit → events of sessions by position, with the stream's name"""
        statement = (
            select(*_EVENT, streams.c.name)
            .join_from(events, streams, events.c.stream == streams.c.id)
            .where(events.c.position > bindparam("after"), events.c.position <= bindparam("upto"))
            # Written so that no planner begins with the streams: the log is read by position.
            .where(text(f"substr(streams.name, 1, 1) <> '{FOREIGN}'"))
            .order_by(events.c.position)
        )
        return self._limited(statement, "after", "upto")

    @cached_property
    def positions_after(self) -> str:
        """after, limit → positions"""
        statement = (
            select(events.c.position)
            .where(events.c.position > bindparam("after"))
            .order_by(events.c.position)
        )
        return self._limited(statement, "after")

    @cached_property
    def heads(self) -> str:
        """stream, branch, upto → the headers of entries by version"""
        return self._text(
            select(*_HEAD)
            .where(
                events.c.stream == bindparam("stream"),
                events.c.branch == bindparam("branch"),
                events.c.version <= bindparam("upto"),
                events.c.place.is_(None),
                events.c.marks.is_not(None),
            )
            .order_by(events.c.version),
            "stream",
            "branch",
            "upto",
        )

    @cached_property
    def all_heads(self) -> str:
        """stream → the headers of all entries by version"""
        return self._text(
            select(*_HEAD)
            .where(
                events.c.stream == bindparam("stream"),
                events.c.marks.is_not(None),
            )
            .order_by(events.c.version),
            "stream",
        )

    @cached_property
    def version_at(self) -> str:
        """stream, time → the last version recorded not after it"""
        return self._text(
            select(func.coalesce(func.max(events.c.version), text("0"))).where(
                events.c.stream == bindparam("stream"), events.c.recorded_at <= bindparam("time")
            ),
            "stream",
            "time",
        )

    @cached_property
    def late_heads(self) -> str:
        """stream → the headers of late entries by version"""
        return self._text(
            select(*_HEAD)
            .where(
                events.c.stream == bindparam("stream"),
                events.c.place.is_not(None),
                events.c.before.is_not(None),
            )
            .order_by(events.c.version),
            "stream",
        )

    @cached_property
    def blocks_of_branch(self) -> str:
        """stream, sort, branch, after, upto, limit → blocks by first version"""
        return self._limited(
            select(*_BLOCK)
            .where(
                blocks.c.stream == bindparam("stream"),
                blocks.c.sort == bindparam("sort"),
                blocks.c.branch == bindparam("branch"),
                blocks.c.first > bindparam("after"),
                blocks.c.first <= bindparam("upto"),
            )
            .order_by(blocks.c.first),
            "stream",
            "sort",
            "branch",
            "after",
            "upto",
        )

    @cached_property
    def blocks_of_sort(self) -> str:
        """stream, sort → blocks by first version"""
        return self._text(
            select(*_BLOCK)
            .where(blocks.c.stream == bindparam("stream"), blocks.c.sort == bindparam("sort"))
            .order_by(blocks.c.first),
            "stream",
            "sort",
        )

    @cached_property
    def body_hash_of(self) -> str:
        """stream, version → body_hash"""
        return self._text(
            select(events.c.body_hash).where(
                events.c.stream == bindparam("stream"), events.c.version == bindparam("version")
            ),
            "stream",
            "version",
        )

    @cached_property
    def names_between(self) -> str:
        """first, end → the names of streams, the end left out"""
        return self._text(
            select(streams.c.name)
            .where(streams.c.name >= bindparam("first"), streams.c.name < bindparam("end"))
            .order_by(streams.c.name),
            "first",
            "end",
        )

    @cached_property
    def names_after(self) -> str:
        """after, limit → the names of streams"""
        return self._limited(
            select(streams.c.name)
            .where(streams.c.name > bindparam("after"))
            .order_by(streams.c.name),
            "after",
        )

    @cached_property
    def blocks_around(self) -> str:
        """stream, sort, upto, after → blocks of that sort or a later one with a version between"""
        return self._text(
            select(*_BLOCK)
            .where(
                blocks.c.stream == bindparam("stream"),
                blocks.c.sort >= bindparam("sort"),
                blocks.c.first <= bindparam("upto"),
                blocks.c.last >= bindparam("after"),
            )
            .order_by(blocks.c.first),
            "stream",
            "sort",
            "upto",
            "after",
        )

    @cached_property
    def nearest_block(self) -> str:
        """stream, sort, version, limit → blocks that begin not after it, the nearest first"""
        return self._limited(
            select(*_BLOCK)
            .where(
                blocks.c.stream == bindparam("stream"),
                blocks.c.sort == bindparam("sort"),
                blocks.c.first <= bindparam("version"),
            )
            .order_by(blocks.c.first.desc()),
            "stream",
            "sort",
            "version",
        )

    @cached_property
    def snapshot(self) -> str:
        """stream, version → version, state"""
        return self._limited(
            select(snapshots.c.version, snapshots.c.state)
            .where(
                snapshots.c.stream == bindparam("stream"),
                snapshots.c.version <= bindparam("version"),
            )
            .order_by(snapshots.c.version.desc()),
            "stream",
            "version",
            limit="1",
        )

    @cached_property
    def snapshots_of(self) -> str:
        """stream → version, state of every snapshot"""
        statement = select(snapshots.c.version, snapshots.c.state)
        return self._text(statement.where(snapshots.c.stream == bindparam("stream")), "stream")

    @cached_property
    def strays(self) -> str:
        """→ the numbers of streams that have events but are not there, with the first position"""
        return self._text(
            select(events.c.stream, func.min(events.c.position))
            .where(events.c.stream.not_in(select(streams.c.id)))
            .group_by(events.c.stream)
        )

    @cached_property
    def store_snapshot(self) -> str:
        """stream, version, state"""
        names = ("stream", "version", "state")
        statement = snapshots.insert().values({name: bindparam(name) for name in names})
        return self._text(statement, *names) + " ON CONFLICT DO NOTHING"

    @cached_property
    def identities_after(self) -> str:
        """stream, after → first, data of the appends after a version"""
        return self._text(
            select(identities.c.first, identities.c.data)
            .where(
                identities.c.stream == bindparam("stream"), identities.c.first > bindparam("after")
            )
            .order_by(identities.c.first),
            "stream",
            "after",
        )

    @cached_property
    def store_identities(self) -> str:
        """stream, first, data"""
        names = ("stream", "first", "data")
        return self._text(
            identities.insert().values({name: bindparam(name) for name in names}), *names
        )

    def _headers(self, count: int) -> str:
        """stream, then ``count`` versions → version, identity, branch, place, turn, facts"""
        e = events.c
        values: list[Any] = [bindparam(f"v{i}") for i in range(count)]
        statement = (
            select(e.version, e.identity, e.branch, e.place, e.turn, e.facts)
            .where(e.stream == bindparam("stream"), e.version.in_(values))
            .order_by(e.version)
        )
        return self._text(statement, "stream", *(f"v{i}" for i in range(count)))


LIST_SIZES = (1, 4, 16, 64, 256)
"""Lists are padded to one of these lengths, so that few statements are ever compiled."""


def padded(values: Sequence[int]) -> tuple[int, ...]:
    """The values, the last repeated, at a length a statement is kept for."""
    size = next(size for size in LIST_SIZES if size >= len(values))
    return (*values, *[values[-1]] * (size - len(values)))
