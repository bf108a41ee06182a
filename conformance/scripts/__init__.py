"""A failure as a script that stands alone and fails until the fault is fixed."""
