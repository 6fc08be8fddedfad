"""Encryption at rest: the keys of a log, kept outside of its database, and what they seal."""
