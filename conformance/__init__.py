"""Proves that every operation of K gives the same results on an array namespace: `python -m conformance NAMESPACE`."""
