"""What becomes of sessions in time: clean-up, erasure, redaction."""
