"""The truth about traffic: one DuckDB file, one writing process, partial sums that are added up on read."""
