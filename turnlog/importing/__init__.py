"""Bringing in what Claude Code kept on disk."""
