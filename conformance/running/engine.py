"""A whole run over several namespaces, with options, a time budget and processes."""

from __future__ import annotations

import contextlib
import fnmatch
import io
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from backend.arrays.dtypes import DTYPES

from ..case import ALL_DTYPES, Case
from ..errors import NamespaceError, UsageError
from ..judging.xfails import UNEXPLAINED, Entry, inherited, loaded, path_for, unexplained, written
from ..printable import cleaned, first_line, printable
from ..properties.registry import KINDS
from ..reading import UnreadableError
from ..subjects import operations
from ..subjects.opening import Opening
from ..subjects.operations import Namespace, namespace
from ..verdict import OUT_OF_TIME, NamespaceFacts, Report, Verdict
from ..watch import turn, users_interrupt
from .budget import share, spread
from .crew import Crew
from .losses import NOT_TRIED
from .root_cause import explained
from .runner import verdicts_of
from .tasks import EXAMPLES, GROUPS, SEED, selected
from .workers import Target

__all__ = [
    "NamespaceError",
    "Options",
    "UsageError",
    "expectations",
    "opened",
    "parts_of",
    "report_of",
    "run",
    "share",
    "target_of",
]

TIMEOUT = 60.0  # seconds for one example: the slowest known, a gradient compiled by JAX, takes less than ten
PART = 0.97  # of a budget: the rest is for the report
OPENING = 60.0  # seconds to import a namespace, and to probe it; TensorFlow takes 20 on a busy machine


@dataclass(frozen=True)
class Options:
    """The options of a run; the command line has options of the same names.

    Parameters
    ----------
    reference : str, optional
        The namespace whose exact results are correct.
    device : str, optional
        Run on this device of each namespace.
    dtype : str, optional
        Only examples of this dtype.
    only : str, optional
        Only operations whose names match, such as 'conv*' or 'xp.exp*'.
    group : str, optional
        Only 'standard', 'k', or a chapter such as 'losses'.
    kind : tuple of str, optional
        Only these kinds of check.
    examples : int, optional
        Random examples per call, in addition to the fixed ones.
    budget : float, optional
        Seconds for the whole run, shared among all operations.
    seed : int, optional
        Of the random examples.
    jobs : int, optional
        How many worker processes run at a time.
    timeout : float, optional
        Seconds that one example may take, in a worker.
    isolate : bool, optional
        Whether the operations run in worker processes; by default where `jobs` is above 1.
    shard : tuple of int, optional
        (I, N): only the I-th of N parts of the operations.
    xfails : pathlib.Path, optional
        The folder with the files of expected failures; those shipped by default.
    expect : bool, optional
        False reports every failure, expected or not.
    update_xfails : bool, optional
        Whether to write those files anew.
    shrink : bool, optional
        Whether to look for the smallest example of each failure.
    convert : str, optional
        'package:function' that reads an array of a namespace as a NumPy array.
    taken_as : str, optional
        'namespace' or 'backend'; by default what the module looks like.
    revision : str, optional
        Of the standard; by default the one that the namespace states.
    names : tuple of str, optional
        The namespaces, which `run` sets.

    Examples
    --------
    >>> from conformance.running.engine import Options
    >>> [case.name for case in Options(only="xp.exp*").cases()]
    ['exp', 'expm1', 'expand_dims']
    """

    reference: str = "numpy"
    device: str | None = None
    dtype: str | None = None
    only: str | None = None
    group: str | None = None  # 'standard', 'k', or a chapter
    kind: tuple[str, ...] = ()
    examples: int = EXAMPLES
    budget: float | None = None  # seconds
    seed: int = SEED
    jobs: int = 1
    timeout: float = TIMEOUT  # seconds that one example may take, in a worker
    isolate: bool | None = None  # whether the operations run in worker processes; None: where jobs is above 1
    shard: tuple[int, int] = (1, 1)
    xfails: Path | None = None  # the folder with the files of expected failures; None: the ones shipped
    expect: bool = True  # False: every failure is reported, expected or not
    update_xfails: bool = False
    shrink: bool = True
    convert: str | None = None  # 'package:function' that reads an array of a namespace as a NumPy array
    taken_as: str | None = None  # 'namespace' or 'backend'; None: what the module looks like
    revision: str | None = None  # of the standard; None: the one that the namespace states
    names: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if unknown := [k for k in self.kind if k not in KINDS]:
            raise UsageError(f"kind {', '.join(unknown)}: expected any of {', '.join(KINDS)}")
        if self.dtype is not None and self.dtype not in ALL_DTYPES:
            raise UsageError(f"dtype {self.dtype!r}: expected one of {', '.join(ALL_DTYPES)}")
        i, n = self.shard
        if not 1 <= i <= n:
            raise UsageError(f"shard {i}/{n}: expected I/N with I from 1 to N")
        if self.examples < 0 or self.jobs < 1 or (self.budget is not None and self.budget <= 0):
            raise UsageError("examples must be at least 0, jobs at least 1 and budget above 0")
        if not self.timeout > 0:
            raise UsageError("timeout must be above 0")
        if self.isolate is False and self.jobs > 1:
            raise UsageError("several jobs need worker processes: leave isolate out")
        try:
            self.opening  # noqa: B018 - checked here
        except ValueError as error:
            raise UsageError(str(error)) from error

    @property
    def opening(self) -> Opening:
        """How the namespaces are opened."""
        return Opening.checked(self.convert, self.taken_as, self.revision)

    @property
    def kinds(self) -> tuple[str, ...] | None:
        """The properties to check; None: all."""
        return tuple(dict.fromkeys(p for k in self.kind for p in KINDS[k])) or None

    def cases(self) -> list[Case]:
        """The cases that the options select, restricted to this shard."""
        groups = (self.group,) if self.group in GROUPS else GROUPS
        found = [
            c
            for c in selected(self.only, groups)
            if self.group in (None, *GROUPS) or fnmatch.fnmatchcase(c.chapter, str(self.group))
        ]
        i, n = self.shard
        return found[i - 1 :: n]


Progress = Callable[[int, int, list[Verdict]], None]


def run(
    namespaces: Sequence[str],
    progress: Progress | None = None,
    options: Options | None = None,
    start: float | None = None,
    **given: Any,
) -> Report:
    """Run the suite on namespaces and return the report.

    Parameters
    ----------
    namespaces : sequence of str
        A name, a dotted path, 'package:object' or a module of the Keras backend API.
    progress : callable, optional
        Called with the numbers of operations done and to do, and the new verdicts.
    options : Options, optional
    start : float, optional
        When the budget began; now by default.
    **given : object
        Fields of `Options`, as on the command line: examples=, only=, kind=, ... With ``isolate=True`` worker
        processes try the namespaces, as the command does. Without, namespaces are what this process has, changed or
        made by it, and a crash ends it.

    Returns
    -------
    Report

    Raises
    ------
    UsageError
        For invalid options.
    NamespaceError
        For a namespace that cannot be opened.

    Examples
    --------
    >>> from conformance.running.engine import run
    >>> done = []
    >>> report = run(["numpy"], lambda n, of, verdicts: done.append((n, of)), only="xp.exp*", kind="dtype", examples=1)
    >>> done
    [(1, 3), (2, 3), (3, 3)]
    """
    if isinstance(namespaces, str) or not isinstance(namespaces, Sequence):
        raise UsageError(f"run: namespaces is {namespaces!r}, expected a list of names such as ['numpy']")
    if not namespaces:
        raise UsageError("run: namespaces is empty, expected at least one name such as 'numpy'")
    known = [option.name for option in fields(Options) if option.name != "names"]
    if unknown := given.keys() - set(known):
        raise UsageError(f"run: unknown option {min(unknown)!r}; expected any of {', '.join(known)}")
    start = time.time() if start is None else start
    if isinstance(given.get("kind"), str):
        given["kind"] = tuple(given["kind"].split(","))
    options = replace(options or Options(), **given)
    names = [name if options.device is None else f"{name}:{options.device}" for name in namespaces]
    options = replace(options, names=tuple(names))
    isolate = options.jobs > 1 if options.isolate is None else options.isolate
    deadline = None if options.budget is None else start + PART * options.budget
    ways = _in_workers if isolate else _in_this_process
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries warn about edge values; only results matter here
        targets, cases, verdicts = ways(options, deadline, progress)
        report = _reported([target.facts for target in targets], verdicts, options, start)
    report.unmatched = unmatched({target.name: target.known for target in targets}, verdicts, cases, options)
    if options.update_xfails:
        for target in targets:
            shared = target.known.keys() - target.own.keys()
            written(
                path_for(target.name, target.listed, options.xfails, target.place),
                target.own,
                [v for v in verdicts if v.namespace == target.facts.name and v.id not in shared],
            )
    return report


def _in_workers(
    options: Options, deadline: float | None, progress: Progress | None
) -> tuple[list[Target], list[Case], list[Verdict]]:
    """The verdicts of worker processes; this process never imports what they test."""
    with Crew(options, options.jobs, options.timeout, deadline) as crew:
        cases = _chosen(options)
        targets = crew.opened()
        _check_applies(options, targets)
        return targets, cases, crew.verdicts(cases, progress)


def _in_this_process(
    options: Options, deadline: float | None, progress: Progress | None
) -> tuple[list[Target], list[Case], list[Verdict]]:
    """The verdicts on namespaces as this process has them, changed or made by it."""
    cases = _chosen(options)
    spaces = opened(options)
    targets = [target_of(on, options, cases) for on in spaces]
    _check_applies(options, targets)
    known = {target.name: target.known for target in targets}
    return targets, cases, _all(cases, spaces, known, options, deadline, progress)


def _chosen(options: Options) -> list[Case]:
    if cases := options.cases():
        return cases
    raise UsageError(f"no operation matches {options.only or options.group!r}")


def _check_applies(options: Options, targets: Sequence[Target]) -> None:
    if not any(target.judged for target in targets):
        why = "; ".join(f"{target.name} {target.apart}" for target in targets)
        raise UsageError(f"{options.only or options.group!r} selects nothing that applies: {why}")


def target_of(on: Namespace, options: Options, cases: Sequence[Case]) -> Target:
    """What a run knows of an opened namespace, as plain data."""
    return Target(
        on.name,
        on.listed,
        on.place,
        _facts(on),
        expectations(on, options),
        _file(on, options, on.place) if options.update_xfails else {},
        frozenset((case.group, case.name) for case in cases if on.judges(case)),
        on.apart,
        on.compiles,
    )


def _facts(on: Namespace) -> NamespaceFacts:
    name, library, version = printable(on.name), printable(on.library), printable(on.probe.version)
    return NamespaceFacts(name, library, version, printable(str(on.backend.device or "")), cleaned(on.probe.as_dict()))


def report_of(targets: Sequence[Namespace], verdicts: list[Verdict], options: Options, start: float) -> Report:
    """A report of verdicts; `start` is when the run began."""
    return _reported([_facts(on) for on in targets], verdicts, options, start)


def _reported(facts: list[NamespaceFacts], verdicts: list[Verdict], options: Options, start: float) -> Report:
    explained(verdicts)
    return Report(verdicts, facts, options.seed, _plain(options), time.time() - start)


def parts_of(text: str) -> tuple[int, int]:
    """The numbers of a shard such as '1/4'; UsageError for any other text."""
    first, stroke, count = text.partition("/")
    if not (stroke and first.isdecimal() and count.isdecimal()):
        raise UsageError(f"expected a shard such as 1/4, got {text!r}")
    return int(first), int(count)


def opened(options: Options) -> list[Namespace]:
    """Open the namespaces of a run and set the reference; NamespaceError where one cannot be opened."""
    found = []
    limit = max(options.timeout, min(OPENING, 10 * options.timeout))
    for name in dict.fromkeys([options.reference, *options.names]):
        try:
            turn(f"opening {name}", limit, limit)
            on = namespace(name, **options.opening._asdict()) if name in options.names else namespace(name)
            if name in options.names:
                turn(f"probing {name}", limit, limit)
                _ = on.place, on.probe  # tried here, so that whatever they raise is the namespace's fault
        except UnreadableError as error:
            raise NamespaceError(printable(str(error))) from error
        except BaseException as error:
            if users_interrupt(error):
                raise
            said = f"{type(error).__name__}: {first_line(error)}"
            raise NamespaceError(f"{printable(name)}: {said}".rstrip(": ")) from error
        found.append(on)
    operations.set_reference(options.reference)
    return [on for on in found if on.name in options.names]


def expectations(on: Namespace, options: Options) -> dict[str, Entry]:
    """The expected failures of a namespace: its library's and its device's own; UsageError for one without a reason.

    Those of a dtype that the device lacks are left out: nothing there can fail.
    """
    if not options.expect:
        return {}
    if not on.place:
        return _file(on, options)
    known = {**inherited(_file(on, options), on.place), **_file(on, options, on.place)}
    lacking = set(DTYPES) - set(on.probe.dtypes)
    return {key: entry for key, entry in known.items() if not lacking & set(entry.id.split("/"))}


def _file(on: Namespace, options: Options, place: str = "") -> dict[str, Entry]:
    path = path_for(on.name, on.listed, options.xfails, place)
    try:
        entries = loaded(path, on.probe.version)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if (open_ := unexplained(entries.values())) and not options.update_xfails:
        raise UsageError(f"{path}: {', '.join(open_[:5])}: '{UNEXPLAINED}' is not a reason; write down what you found")
    return entries


def unmatched(
    known: Mapping[str, Mapping[str, Entry]], verdicts: Sequence[Verdict], cases: Sequence[Case], options: Options
) -> list[str]:
    """The entries for operations of this run that matched no verdict."""
    ran = {f"xp.{c.name}" if c.group == "standard" else c.name for c in cases}
    told = [
        v
        for v in verdicts
        if v.status not in ("empty", "unsupported", "blocked") or v.reason.startswith((NOT_TRIED, OUT_OF_TIME))
    ]
    ids = {(v.namespace, key) for v in told for key in (v.entries or [v.id])}
    if options.kinds is not None or options.dtype is not None or options.device is not None:
        return []
    everything = options.only is None and options.group is None and options.shard == (1, 1)
    return [
        f"{name}: {entry.key}"
        for name, entries in known.items()
        for entry in entries.values()
        if (entry.operation in ran or everything)
        and not ids & {(printable(name), entry.key), (printable(name), entry.id)}
    ]


def _all(
    cases: list[Case],
    targets: list[Namespace],
    known: dict[str, dict[str, Entry]],
    options: Options,
    deadline: float | None,
    progress: Progress | None,
) -> list[Verdict]:
    found: dict[int, list[Verdict]] = {}
    order = spread(len(cases)) if deadline is not None else list(range(len(cases)))
    done = 0

    def arrived(index: int, verdicts: list[Verdict]) -> None:
        nonlocal done
        found[index] = verdicts
        done += 1
        if progress is not None:
            progress(done, len(cases), verdicts)

    for place, index in enumerate(order):
        until = share(deadline, len(cases) - place, 1)
        arrived(index, _one(cases[index], targets, known, options, until))
    return [verdict for index in sorted(found) for verdict in found[index]]


def _one(
    case: Case,
    targets: Sequence[Namespace],
    known: Mapping[str, Mapping[str, Entry]],
    options: Options,
    until: float | None,
) -> list[Verdict]:
    found = []
    for i, on in enumerate(targets):
        limit = None if until is None else time.time() + max(until - time.time(), 0.0) / (len(targets) - i)
        with contextlib.redirect_stdout(io.StringIO()):  # some operations print
            found += verdicts_of(
                case,
                on,
                kinds=options.kinds,
                count=options.examples,
                seed=options.seed,
                dtype=options.dtype,
                known=known[on.name],
                until=limit,
                shrink=options.shrink,
            )
    return found


def _plain(options: Options) -> dict[str, Any]:
    plain = asdict(options).items()
    return cleaned({k: str(v) if isinstance(v, Path) else list(v) if isinstance(v, tuple) else v for k, v in plain})
