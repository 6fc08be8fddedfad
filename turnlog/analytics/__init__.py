"""Events and usage as Parquet, CSV and JSON lines."""
