"""The tables of a log are made from text that a process compiles once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, create_engine

from turnlog.adapters.storage.sql.schema import metadata as log
from turnlog.projections.audit.tables import tables_of as audit
from turnlog.projections.making import make_tables
from turnlog.projections.search.tables import tables_of as search
from turnlog.projections.sessions.tables import tables_of as sessions

KINDS = {
    "log": log,
    "sessions": sessions("sessions_v0").metadata,
    "audit": audit("audit_v0").metadata,
    "search": search("search_v0").metadata,
    "words": search("search_v0").words.metadata,
}
_MADE = {
    "sqlite": "SELECT type, name, sql FROM sqlite_master ORDER BY type, name",
    "postgresql": (
        "SELECT table_name, ordinal_position, column_name, data_type, collation_name, is_nullable,"
        " column_default FROM information_schema.columns WHERE table_schema = 'public'"
        " UNION ALL SELECT tablename, 0, indexname, indexdef, '', '', ''"
        " FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2, 3"
    ),
}


def made(connection: Connection) -> list[Any]:
    """Every table and index, as the database tells them."""
    return list(map(tuple, connection.exec_driver_sql(_MADE[connection.dialect.name])))


@pytest.mark.parametrize(
    ("url", "kind"),
    [("sqlite_url", kind) for kind in KINDS if kind != "words"]  # there, a virtual table
    + [("postgres_url", kind) for kind in KINDS],
)
def test_text_that_is_kept_makes_what_sqlalchemy_makes(
    url: str, kind: str, request: pytest.FixtureRequest
) -> None:
    """Text compiled once must never make other tables or indexes than SQLAlchemy does, whether
    none or some of them are there, and must never make one again that is."""
    metadata: MetaData = KINDS[kind]
    engine = create_engine(request.getfixturevalue(url))
    with engine.begin() as connection:
        metadata.create_all(connection)
        expected = made(connection)
        metadata.drop_all(connection)
        assert made(connection) == []
        make_tables(connection, metadata.sorted_tables)
        assert made(connection) == expected
        make_tables(connection, metadata.sorted_tables)
        last = metadata.sorted_tables[-1]
        last.drop(connection)
        assert made(connection) != expected
        make_tables(connection, [last])
        assert made(connection) == expected
    engine.dispose()
