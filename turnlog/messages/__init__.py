"""A session as messages, of whatever agent: recorded, summarized, trimmed, read."""
