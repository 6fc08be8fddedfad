"""Redis beside a log: the active sessions at hand, never the truth."""
