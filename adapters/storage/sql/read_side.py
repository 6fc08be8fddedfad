"""The tables in which the read models are kept account of, beside their own."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from .schema import metadata

rebuilds = Table(
    "projection_rebuilds",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("generation", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("began_at", BigInteger, nullable=False),
)
"""What is being folded beside the live tables, and how far it is."""

leases = Table(
    "projection_leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)
"""Who folds a read model, until when (milliseconds since 1970 UTC by the database's clock) and with
which token: whoever takes over draws a greater one."""

set_aside = Table(
    "projection_set_aside",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("topic", Text, nullable=False),
    Column("why", Text, nullable=False),
)
"""The events that a read model could not fold and went on without."""

ADDED = (rebuilds, leases, set_aside)
