"""Many rows that go as arrays arrive as they would one by one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.storage.storing import opened
from turnlog.adapters.storage.postgres.driver import DriverCursor
from turnlog.adapters.storage.postgres.rows import rows_of
from turnlog.adapters.storage.postgres.store import PostgresStore
from turnlog.projections.prepared import KEYS_DIFFER

INSERT = "INSERT INTO odd (n, t, b) VALUES (%s::BIGINT, %s::VARCHAR, %s)"
ROWS: list[tuple[int | None, str | None, bytes | None]] = [
    (0, "", b""),
    (None, None, None),
    (-(2**63), "NULL", b"NULL"),
    (2**63 - 1, 'a "b" \\ c', bytes(range(256))),
    (1, "{}, {a,b}", b"\\x00"),
    (2, "line\nend\t\r", b"\0"),
    (3, "ÄÖ \U0001f600 \\N \\\\", "é".encode()),
    (4, "  spaces  ", b'"'),
    (5, "%s %% %(x)s '; --", b"%s"),
]


def test_any_value_arrives(postgres_url: str) -> None:
    """No value may be changed, or end the array it lies in."""
    with opened(postgres_url) as store:
        assert isinstance(store, PostgresStore)
        with store._connection() as connection:
            cursor = DriverCursor(connection)
            cursor.execute("CREATE TEMPORARY TABLE odd (n bigint, t text, b bytea)")
            assert rows_of(INSERT) is not None
            cursor.executemany(INSERT, ROWS)
            cursor.execute("SELECT n, t, b FROM odd")
            assert cursor.fetchall() == ROWS


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE odd SET n = %s::BIGINT",
        INSERT + " ON CONFLICT (n) DO UPDATE SET t = excluded.t",
        "INSERT INTO odd (n) VALUES (lower(%s))",
        "INSERT INTO odd SELECT %s::BIGINT",
    ],
)
def test_other_statements_are_run_one_by_one(sql: str) -> None:
    """A row that comes twice may be refused within one statement and not in two."""
    assert rows_of(sql) is None


def test_columns_are_written_by_their_types() -> None:
    rows: Any = rows_of(INSERT)
    assert rows.sql == (
        "INSERT INTO odd (n, t, b) SELECT * FROM unnest(%s::bigint[], %s::varchar[], %s::bytea[])"
    )
    assert rows.arrays([(1, 'a"', b"\xff"), (None, "b", None)]) == [
        "{1,NULL}",
        '{"a\\"","b"}',
        '{"\\\\xff",NULL}',
    ]


def test_an_upsert_of_many_rows_is_one_statement_where_their_keys_differ(postgres_url: str) -> None:
    upsert = (
        f"{INSERT} ON CONFLICT (n) DO UPDATE SET t = odd.t || excluded.t, b = excluded.b"
        f"{KEYS_DIFFER}"
    )
    assert rows_of(upsert) is not None
    with opened(postgres_url) as store:
        assert isinstance(store, PostgresStore)
        with store._connection() as connection:
            cursor = DriverCursor(connection)
            cursor.execute("CREATE TEMPORARY TABLE odd (n bigint PRIMARY KEY, t text, b bytea)")
            cursor.executemany(upsert, [(n, "a", b"") for n in range(9)])
            cursor.executemany(upsert, [(n, "b", b"x") for n in range(5, 10)])
            cursor.execute("SELECT t, b FROM odd WHERE n IN (4, 5, 9) ORDER BY n")
            assert cursor.fetchall() == [("a", b""), ("ab", b"x"), ("b", b"x")]
