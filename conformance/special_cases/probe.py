"""A call whose result special cases decide: an example that knows what the rows permit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..case import Call, Case
from ..examples import Example
from .deciding import Ruling
from .mirrors import Mirror
from .permitted import taken

__all__ = ["Probe"]


class Probe(Example):
    """One call with its arrays, and what rows of the standard demand of the result.

    `rulings`: the permitted values of elements of the flattened result number `output`; `mirrors`: those elements that
    permit something for others. `row` demands something else
    of it: that the call `raises`, a `dtype` ("default integer") or `shape`, that it is `same` as what another function
    gives, or the `reference`'s values. `apart`: so many elements of the result depend on one element, or row, of each
    array alone; 0: on others as well.
    """

    def __init__(
        self,
        case: Case,
        call: Call,
        values: list[np.ndarray],
        dtype: str,
        *,
        rulings: Sequence[Ruling] = (),
        mirrors: Sequence[Mirror] = (),
        row: Mapping[str, Any] | None = None,
        raises: str = "",
        result_dtype: str = "",
        shape: tuple[int, ...] | None = None,
        same: Case | None = None,
        reference: bool = False,
        output: int = 0,
        apart: int = 0,
    ) -> None:
        super().__init__(case, call, values, dtype)
        self.rulings = [r for r in rulings if r.at.size]
        self.mirrors = mirrors
        self.row = row
        self.raises = raises
        self.result_dtype = result_dtype
        self.shape = shape
        self.same = same
        self.reference = reference
        self.output = output
        self.apart = apart

    @property
    def rows(self) -> set[str]:
        """The ids of the rows that the probe evaluates."""
        found = {ruling.rows[0]["id"] for ruling in self.rulings} | {mirror.row["id"] for mirror in self.mirrors}
        return found | ({self.row["id"]} if self.row else set())

    def again(self, order: np.ndarray) -> Probe:
        """The same call for elements of its arrays in any order and number, which must be `apart` by 1."""
        rulings = []
        for ruling in self.rulings:
            place = np.full(len(self.values[0]), -1)
            place[ruling.at] = np.arange(ruling.at.size)
            k = place[order]
            here = np.flatnonzero(k >= 0)
            operands = {name: x[k[here]] for name, x in ruling.operands.items()}
            rulings.append(Ruling(ruling.rows, here, operands, taken(ruling.alternatives, k[here])))
        values = [v[order] if v.ndim else v for v in self.values]
        rest = iter(values)
        call = Call(tuple(next(rest) if isinstance(a, np.ndarray) else a for a in self.call.args), self.call.kwargs)
        return Probe(self.case, call, values, self.dtype, rulings=rulings, output=self.output, apart=self.apart)

    def alone(self, at: int) -> Probe | None:
        """The same call for one element of the result; None where elements depend on each other."""
        if not self.apart or self.same is not None:
            return None
        rulings = []
        for ruling in self.rulings:
            if (k := np.flatnonzero(ruling.at == at)).size:
                operands = {name: x[k] for name, x in ruling.operands.items()}
                place = np.array([at % self.apart])
                rulings.append(Ruling(ruling.rows, place, operands, taken(ruling.alternatives, k)))
        values = [v[at // self.apart :][:1] if v.ndim else v for v in self.values]
        rest = iter(values)
        call = Call(tuple(next(rest) if isinstance(a, np.ndarray) else a for a in self.call.args), self.call.kwargs)
        return Probe(self.case, call, values, self.dtype, rulings=rulings, output=self.output, apart=self.apart)
