"""Control flow as PyTensor has it, named after the composites; each is called on variables and adds to the graph."""

from __future__ import annotations

from .control import branch as branch
from .control import loop as loop
from .sums import sum_to as sum_to
from .while_loop import while_loop as while_loop

__all__: list[str] = []
