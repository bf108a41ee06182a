"""One command that checks K on a GPU: `python -m benchmarks.gpu_check [--minutes 6]`."""
