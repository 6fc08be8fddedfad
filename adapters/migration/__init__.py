"""Databases of other agent libraries, read as they are: never changed, nothing in them executed."""
