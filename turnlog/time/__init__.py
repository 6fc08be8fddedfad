"""A session as it was, and the ways to another point of it."""
