"""Calls made from the cases: other arrangements in memory, numbers of axes, sizes, magnitudes and dtypes."""
