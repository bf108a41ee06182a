"""The special cases of the standard, evaluated from data: which row decides an element, and what it permits there.

`conformance.data.special_cases` has the rows. `conditions` says for which operands a row's condition holds, `results`
what its result permits, `deciding` which row is the first that applies, with the rules that complete the tables,
`probes` and the modules beside it which operands to try, `check` compares a namespace's results, and `words` turns a
row into a sentence.
"""

from __future__ import annotations

from .check import failing_rows, special_case
from .probe import Probe
from .registry import covers, fewer, probes, reasons, revision_of

__all__ = ["Probe", "covers", "failing_rows", "fewer", "probes", "reasons", "revision_of", "special_case"]
