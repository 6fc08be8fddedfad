"""How events become bytes: entries, bodies in blocks, headers in rows, the hash chain."""
