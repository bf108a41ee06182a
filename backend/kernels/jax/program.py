"""A whole program through jax.jit; call by call where it cannot be traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.sharding import AxisType, Mesh, NamedSharding

from ...arrays.checks import Check, collected_checks

__all__ = ["Compiled", "jit"]


def jit(scope: dict[str, Any], name: str, chains: list[str]) -> Callable[..., Any]:
    """jax.jit."""
    return Compiled(scope[name])


class _RefusedError(Exception):
    """The program cannot be traced; its cause says why."""


class _Checks:
    """What the run of a program has to check: truth values, and the errors due where they are true."""

    def __init__(self, wrong: list[Any], errors: tuple[Callable[[], Exception], ...]) -> None:
        self.wrong, self.errors = wrong, errors

    def check(self) -> None:
        """Raise the first error that is due."""
        for wrong, error in zip(self.wrong, self.errors, strict=True):
            if bool(wrong):
                raise error()


jax.tree_util.register_pytree_node(
    _Checks, lambda checks: (checks.wrong, checks.errors), lambda errors, wrong: _Checks(list(wrong), errors)
)


class Compiled:
    """A program `plain` of arrays, compiled for each of their shapes; `refused` says why it is not, where it is not."""

    def __init__(self, plain: Callable[..., Any]) -> None:
        self.refused: str | None = None
        self._plain = plain
        self._compiled = jax.jit(self._traced)

    def _traced(self, *arrays: Any) -> tuple[Any, _Checks | None]:
        try:
            with collected_checks() as checks:
                results = self._plain(*arrays)
        except Exception as error:
            raise _RefusedError from error
        return results, _as_checks(checks)

    def __call__(self, *arrays: Any) -> Any:
        if self.refused is not None or any(isinstance(x, jax.core.Tracer) for x in arrays):
            return self._plain(*arrays)
        if len(jax.devices()) > 1:
            arrays = tuple(map(_automatic, arrays))
        try:
            results, checks = self._compiled(*arrays)
        except _RefusedError as error:
            results = self._plain(*arrays)  # what is wrong with the call itself is raised here
            reason = error.__cause__
            self.refused = f"{type(reason).__name__}: {reason}".partition("\n")[0]
            return results
        if checks is not None:
            checks.check()
        return results


def _automatic(x: Any) -> Any:
    """x with a mesh whose axes JAX's partitioner may use as it likes, where they were explicit: no data moves.

    With explicit axes each operation must say how its result is divided, where it is not clear from its arguments.
    """
    sharding = x.sharding
    if not isinstance(sharding, NamedSharding) or AxisType.Explicit not in sharding.mesh.axis_types:
        return x
    mesh = sharding.mesh
    free = Mesh(mesh.devices, mesh.axis_names, axis_types=(AxisType.Auto,) * len(mesh.axis_names))
    return jax.device_put(x, NamedSharding(free, sharding.spec))


def _as_checks(checks: list[Check]) -> _Checks | None:
    return _Checks([wrong for wrong, _ in checks], tuple(error for _, error in checks)) if checks else None
