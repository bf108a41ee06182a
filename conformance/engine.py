"""A whole run over several namespaces, with options, a time budget and processes."""

from __future__ import annotations

import concurrent.futures
import contextlib
import fnmatch
import functools
import io
import multiprocessing
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from . import operations
from .case import ALL_DTYPES, Case
from .opening import Opening
from .operations import Namespace, namespace
from .properties import KINDS
from .reading import UnreadableError
from .root_cause import explained
from .runner import verdicts_of
from .tasks import EXAMPLES, GROUPS, SEED, selected
from .verdict import NamespaceFacts, Report, Verdict
from .xfails import UNEXPLAINED, Entry, inherited, loaded, path_for, unexplained, written

__all__ = ["NamespaceError", "Options", "UsageError", "expectations", "opened", "parts_of", "report_of", "run", "share"]


class UsageError(ValueError):
    """An invalid option: exit code 2."""


class NamespaceError(ImportError):
    """A namespace that cannot be opened: exit code 3."""


@dataclass(frozen=True)
class Options:
    """The options of a run; the command line has options of the same names."""

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


def run(
    namespaces: Sequence[str],
    progress: Callable[[int, int, list[Verdict]], None] | None = None,
    options: Options | None = None,
    **given: Any,
) -> Report:
    """Run the suite on namespaces and return the report; options as on the command line: examples=, only=, kind=, ...

    A namespace is a name, a dotted path, 'package:object' or a module of the Keras backend API. Raises UsageError for
    invalid options and NamespaceError for a namespace that cannot be opened.
    """
    start = time.time()
    if isinstance(given.get("kind"), str):
        given["kind"] = tuple(given["kind"].split(","))
    try:
        options = replace(options or Options(), **given)
    except TypeError as error:
        raise UsageError(str(error)) from error
    names = [name if options.device is None else f"{name}:{options.device}" for name in namespaces]
    options = replace(options, names=tuple(names))
    cases = options.cases()
    if not cases:
        raise UsageError(f"no operation matches {options.only or options.group!r}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries warn about edge values; only results matter here
        targets = opened(options)
        if not any(on.judges(case) for on in targets for case in cases):
            raise UsageError(
                f"{options.only or options.group!r} selects nothing that applies to {', '.join(options.names)}"
            )
        known = {on.name: expectations(on, options) for on in targets}
        deadline = None if options.budget is None else start + options.budget
        verdicts = _all(cases, targets, known, options, deadline, progress)
    report = report_of(targets, verdicts, options, start)
    report.unmatched = unmatched(known, verdicts, cases, options)
    if options.update_xfails:
        for on in targets:
            own = _file(on, options, on.place)
            shared = known[on.name].keys() - own.keys()
            written(
                path_for(on.name, on.listed, options.xfails, on.place),
                own,
                [v for v in verdicts if v.namespace == on.name and v.id not in shared],
            )
    return report


def report_of(targets: Sequence[Namespace], verdicts: list[Verdict], options: Options, start: float) -> Report:
    """A report of verdicts; `start` is when the run began."""
    explained(verdicts)
    facts = [
        NamespaceFacts(on.name, on.library, on.probe.version, str(on.backend.device or ""), on.probe.as_dict())
        for on in targets
    ]
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
    for name in dict.fromkeys([options.reference, *options.names]):
        try:
            on = namespace(name, **options.opening._asdict()) if name in options.names else namespace(name)
        except UnreadableError as error:
            raise NamespaceError(str(error)) from error
        except Exception as error:
            raise NamespaceError(f"{name}: {type(error).__name__}: {error}") from error
        found.append(on)
    operations.set_reference(options.reference)
    return [on for on in found if on.name in options.names]


def expectations(on: Namespace, options: Options) -> dict[str, Entry]:
    """The expected failures of a namespace: its library's and its device's own; UsageError for one without a reason."""
    if not options.expect:
        return {}
    return (
        {**inherited(_file(on, options), on.place), **_file(on, options, on.place)} if on.place else _file(on, options)
    )


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
    ran_ids = [v for v in verdicts if v.status not in ("empty", "unsupported", "blocked")]
    ids = {(v.namespace, key) for v in ran_ids for key in (v.entries or [v.id])}
    if options.kinds is not None or options.dtype is not None or options.device is not None:
        return []
    everything = options.only is None and options.group is None and options.shard == (1, 1)
    return [
        f"{name}: {entry.key}"
        for name, entries in known.items()
        for entry in entries.values()
        if (entry.operation in ran or everything) and not ids & {(name, entry.key), (name, entry.id)}
    ]


def _all(
    cases: list[Case],
    targets: list[Namespace],
    known: dict[str, dict[str, Entry]],
    options: Options,
    deadline: float | None,
    progress: Any,
) -> list[Verdict]:
    found: dict[int, list[Verdict]] = {}
    order = _spread(len(cases)) if deadline is not None else list(range(len(cases)))
    done = 0

    def arrived(index: int, verdicts: list[Verdict]) -> None:
        nonlocal done
        found[index] = verdicts
        done += 1
        if progress is not None:
            progress(done, len(cases), verdicts)

    if options.jobs == 1:
        for place, index in enumerate(order):
            until = share(deadline, len(cases) - place, 1)
            arrived(index, _one(cases[index], targets, known, options, until))
    else:
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(options.jobs, mp_context=context, initializer=_begin) as pool:
            left = [len(order) - place for place in range(len(order))]
            waiting = {
                pool.submit(_elsewhere, (cases[i].group, cases[i].name), options, deadline, n): i
                for i, n in zip(order, left, strict=True)
            }
            for each in concurrent.futures.as_completed(waiting):
                arrived(waiting[each], each.result())
    return [verdict for index in sorted(found) for verdict in found[index]]


def _spread(count: int) -> list[int]:
    """An order that mixes the chapters, so that the first ones do not use up the budget."""
    step = next(s for s in (37, 41, 43) if count % s) if count > 1 else 1
    return [(i * step) % count for i in range(count)] if count > 1 else list(range(count))


def share(deadline: float | None, left: int, jobs: int) -> float | None:
    """The deadline of one operation: its share of the time left, doubled because most need less."""
    if deadline is None:
        return None
    now = time.time()
    return now + max(deadline - now, 0.0) * jobs / max(left, 1) * (2.0 if left > 2 * jobs else 1.0)


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


def _begin() -> None:
    warnings.simplefilter("ignore")


@functools.cache
def _prepared(options: Options) -> tuple[dict[tuple[str, str], Case], list[Namespace], dict[str, dict[str, Entry]]]:
    """The cases, namespaces and expected failures of a worker process, prepared once."""
    targets = opened(options)
    known = {on.name: expectations(on, options) for on in targets}
    return {(c.group, c.name): c for c in options.cases()}, targets, known


def _elsewhere(key: tuple[str, str], options: Options, deadline: float | None, left: int) -> list[Verdict]:
    """One operation, in a worker process."""
    cases, targets, known = _prepared(options)
    return _one(cases[key], targets, known, options, share(deadline, left, options.jobs))


def _plain(options: Options) -> dict[str, Any]:
    return {
        k: str(v) if isinstance(v, Path) else list(v) if isinstance(v, tuple) else v for k, v in asdict(options).items()
    }
