"""What proves the log to others: the audit trail as a file, seals."""
