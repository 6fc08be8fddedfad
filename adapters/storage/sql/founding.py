"""Whether a database holds a log that this release can read, or nothing, or something else."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, inspect, select

from ....domain.errors import InvalidURL, NewerSchema, NotADatabase, StorageError
from .read_side import ADDED
from .schema import SCHEMA_VERSION, about, metadata


def find(connection: Connection, url: str, create: bool) -> bool:
    """Whether the tables are there, as this release makes them.

    Args:
        create: whether they are to be made where they are not.

    Raises:
        InvalidURL: they are not there, and none are to be made.
        NotADatabase: tables of these names are somebody else's, or some are missing.
        NewerSchema: a later release made them.
        StorageError: an earlier release made them, whose logs this one does not read.
    """
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    named = sorted(there & metadata.tables.keys())
    if not named:
        if not create:
            raise no_log(url, there)
        return False
    found = None
    columns = inspector.get_columns(about.name) if about.name in there else []
    if {"name", "value"} <= {column["name"] for column in columns}:
        versions = select(about.c.value).where(about.c.name == "schema")
        found = str(connection.execute(versions).scalar())
    if found is None or not found.isdigit():
        raise NotADatabase(
            f"{url}: the database has a table named {named[0]!r} that is not turnlog's; "
            "give turnlog a database, or a schema, of its own"
        )
    if int(found) > SCHEMA_VERSION:
        raise NewerSchema(
            f"{url} was written by a later release of turnlog (schema {found}, this "
            f"release knows {SCHEMA_VERSION}); upgrade turnlog"
        )
    if int(found) < SCHEMA_VERSION:
        raise StorageError(
            f"{url} was written by an earlier release of turnlog (schema {found}) that "
            f"this one (schema {SCHEMA_VERSION}) does not read; use that release"
        )
    if missing := sorted(metadata.tables.keys() - there - {table.name for table in ADDED}):
        raise NotADatabase(
            f"{url} is damaged, tables are missing: {', '.join(missing)}; restore it from a copy"
        )
    return True


def no_log(url: str, others: Collection[str] = ()) -> InvalidURL:
    """What is said where a log was looked for and none is."""
    held = f", a database of something else ({min(others)!r} is in it)" if others else ""
    place = url.removeprefix("sqlite:///")
    return InvalidURL(f"there is no log at {place}{held}; record or import something first")
