"""Readers of raw returns, one shape each: text in, findings out. No Django here."""
