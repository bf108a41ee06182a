"""Runs a program written for Keras 3 on K, as it is: `python -m backend.compat.keras3 train.py --epochs 3`."""

import os
import runpy
import sys
from pathlib import Path

from . import NAME


def main() -> int:
    """Run the program named first, with the arguments that follow, as Python itself would."""
    if len(sys.argv) < 2:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 2
    os.environ["KERAS_BACKEND"] = NAME
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
