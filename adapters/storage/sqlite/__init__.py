"""A log in a SQLite file, or in SQLite's memory."""
