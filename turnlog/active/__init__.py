"""The active sessions at hand in Redis: followed after each commit, made anew when lost."""
