"""Types of columns that SQLite and PostgreSQL keep alike."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, Text

KEY = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of 64 bits; on SQLite, also one that is the row's own number."""
ORDERED = Text().with_variant(Text(collation="C"), "postgresql")
"""A text that is sorted and compared by its bytes."""
