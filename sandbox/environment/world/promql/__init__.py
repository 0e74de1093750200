"""The subset of PromQL that a world answers; docs/promql.md lists it. No Django here."""
