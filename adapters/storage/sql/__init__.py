"""What SQLite and PostgreSQL have in common: tables, statements, reading, appending, checking."""
