"""Telemetry files (CSV, JSON lines, Parquet) as the tables of a world. No Django here."""
