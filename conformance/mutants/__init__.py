"""The tool's check of itself: faults planted one at a time, each of which a run has to find."""
