"""An array namespace under test, bound to a device: which dtypes it has, and how its arrays are made."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import numpy as np

from backend.arrays.dtypes import DTYPES, dtype_name
from backend.arrays.namespaces import describe, device_of, namespace_of
from backend.arrays.openers import BUILT_IN
from backend.arrays.registry import remember_type
from backend.kernels.lookup import compiled_kernels_of, kernels_of

from ..case import Case
from ..examples import Example
from ..judging.revisions import asks
from ..reading import reader_named, remember_reader, working_reader
from .opening import SAMPLE, Opening, device_name, is_adapted, opened, revision_of
from .probe import STANDARD_NAMES, Probe, has_function, probed

__all__ = ["Namespace"]


class Namespace:
    """A namespace under test: a backend of K and what it supports."""

    def __init__(self, name: str, backend: Any, opening: Opening | None = None) -> None:
        self.name = name
        self.backend = backend
        self.xp = backend.xp
        self.library = describe(backend.xp).partition(".")[0]
        self.opening = opening or Opening()

    def prepare(self) -> None:
        """Find out how its arrays are read; UnreadableError, in one sentence, where they cannot be.

        Arrays without `__array_namespace__` (TensorFlow's) are known by their type from now on.
        """
        array = self.array(SAMPLE)
        for each in (array, *self._results(array)):
            if namespace_of(each) is None and type(each).__module__ != "builtins":
                remember_type(type(each), self.xp)
        own = reader_named(self.opening.convert) if self.opening.convert else None
        remember_reader(self.xp, type(array), working_reader(array, SAMPLE, own, self.name))

    def _results(self, array: Any) -> list[Any]:
        """What some usual calls give: their types may be others than that of a new array."""
        found = []
        for call in (lambda: array[0, 0], lambda: array + array, lambda: self.xp.sum(array), lambda: array > 0):
            with contextlib.suppress(Exception):  # what the namespace lacks is reported by the verdicts
                found.append(call())
        return found

    @property
    def listed(self) -> str:
        """The name of its file of expected failures: its library, unless K adapts that and this is the library itself.

        The failures of torch, which is array_api_compat's namespace, are not those of torch itself.
        """
        if self.backend.executor is not None:  # NumPy's arrays, but other compiled functions
            return self.name.partition(":")[0]
        if self.library not in BUILT_IN or is_adapted(self.name, self.opening.taken_as):
            return self.library
        return self.name.partition(":")[0] if self.name != self.library else f"{self.name}.module"

    @property
    def revision(self) -> str:
        """The revision of the standard by which it is judged: asked for with --revision, stated by it, or the latest.

        The one place that says so: `conformance.data.signatures(on.revision)` has what may be asked of it.
        """
        return revision_of(self.xp, self.opening.revision)

    @property
    def source(self) -> str:
        """Python source that opens it again, for scripts."""
        how = "".join(f", {key}={value!r}" for key, value in self.opening._asdict().items() if value)
        return f"namespace({self.name!r}{how})"

    @functools.cached_property
    def dtypes(self) -> tuple[str, ...]:
        """The names of the dtypes that its arrays can have."""
        return tuple(name for name in DTYPES if name != "bfloat16" and self._makes(name))

    def _makes(self, name: str) -> bool:
        try:
            self.backend.asarray(np.ones(1, name), name)
        except Exception:  # noqa: BLE001 - any refusal means that it lacks the dtype
            return False
        return True

    @functools.cached_property
    def probe(self) -> Probe:
        """The results of the probe."""
        return probed(self)

    @functools.cached_property
    def absent(self) -> frozenset[str]:
        """The functions that it lacks, of all revisions: an operation of K may call one that its own has not."""
        return frozenset(name for name in STANDARD_NAMES if not has_function(self.xp, name))

    @functools.cached_property
    def takes_device(self) -> bool:
        """Whether creation functions take device=, as the standard says; K passes it to all of them."""
        try:
            place = device_of(self.array(SAMPLE))
            self.xp.asarray(self.xp.zeros((1,), device=place), device=place)
        except Exception:  # noqa: BLE001 - any refusal means that it does not
            return False
        return True

    @property
    def compiles(self) -> bool:
        """Whether the library compiles a function again for each shape and dtype of its arguments."""
        return self.library == "jax"

    @property
    def kernel_modules(self) -> tuple[Any, ...]:
        """The library's own kernels, and those that a compiler makes for it."""
        return tuple(m for m in (kernels_of(self.xp), compiled_kernels_of(self.xp)) if m is not None)

    @property
    def kernels(self) -> frozenset[str]:
        """The names of the library's kernels."""
        return frozenset(name for module in self.kernel_modules for name in dir(module) if not name.startswith("_"))

    @functools.cached_property
    def place(self) -> str:
        """The device as the user named it; '' without one."""
        return device_name(self.name, self.backend.device)

    @functools.cached_property
    def devices(self) -> tuple[Namespace, ...]:
        """This namespace on each simulated device but the default one (array_api_strict); () for other libraries."""
        if self.library != "array_api_strict" or self.backend.device is not None:
            return ()
        names = [str(d).partition("'")[2].rstrip("')") for d in self.xp.__array_namespace_info__().devices()]
        places = [f"{self.name}:{name}" for name in names if name != "CPU_DEVICE"]
        return tuple(Namespace(place, opened(place), self.opening) for place in places)

    def judges(self, case: Case) -> bool:
        """Whether a case applies to it: not if its function is newer than the revision.

        A library that only compiles functions has NumPy's arrays, and no functions of the standard beside NumPy's.
        """
        return case.group != "standard" or (self.backend.executor is None and asks(case, self.revision))

    @property
    def apart(self) -> str:
        """What it says for a case that does not apply to it."""
        if self.backend.executor is not None:
            return "only compiles functions, its arrays and functions are NumPy's: check numpy"
        return f"is judged by the revision {self.revision}"

    def holds(self, example: Example) -> bool:
        """Whether it has every dtype of an example: its arrays' and those its arguments name."""
        return not self.lacks(example)

    def lacks(self, example: Example) -> tuple[str, ...]:
        """The dtypes of an example that it lacks altogether."""
        named = [v for v in (*example.call.args, *example.call.kwargs.values()) if isinstance(v, str) and v in DTYPES]
        wanted = dict.fromkeys((*named, *[dtype_name(v.dtype) for v in example.values]))
        return tuple(name for name in wanted if name not in self.dtypes)

    def arrays(self, example: Example) -> list[Any]:
        """The arrays of an example in this namespace."""
        return [self.array(v) for v in example.values]

    def array(self, value: np.ndarray) -> Any:
        """A copy of a NumPy array in this namespace."""
        return self.backend.asarray(value.copy(), dtype_name(value.dtype))
