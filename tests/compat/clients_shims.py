"""A pytest plugin for the tests of packages written on Keras: what they need on today's Python and NumPy.

Nothing here changes what Keras or the backend computes; `clients.py` loads it with `-p clients_shims`.
"""

import backend.compat.keras  # noqa: F401 - before keras
