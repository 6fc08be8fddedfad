"""What a store of events must do. Memory, SQLite and PostgreSQL each do it in their own way."""
