"""Keeping read models: catch up, rebuild, run in the background; the base of one's own."""
