"""Sessions as files: to be read by people, resumed by the CLI, taken in by another log."""
