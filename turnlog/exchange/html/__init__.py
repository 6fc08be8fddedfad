"""Pages for reading: one file a session, with everything in it, that loads and runs nothing."""
