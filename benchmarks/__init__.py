"""Benchmarks: one file per question, each prints one table; `python -m benchmarks` runs them all."""
