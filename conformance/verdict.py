"""The results of a run as plain data: verdicts, findings, and the report that holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "BAD",
    "CHECKED",
    "FINDINGS",
    "LOST",
    "OUT_OF_TIME",
    "STATUSES",
    "Finding",
    "NamespaceFacts",
    "Report",
    "Verdict",
]

# identical: equal to the reference bit for bit; within: inside the derived bound; empty: no examples
# crashed: the process that tried it ended; timed out: one example gave no result within the limit
STATUSES = (
    "identical",
    "within",
    "wrong",
    "crashed",
    "timed out",
    "unsupported",
    "blocked",
    "xfail",
    "xpass",
    "flaky",
    "empty",
)
BAD = ("wrong", "crashed", "timed out", "xpass", "flaky")  # these make a run fail
LOST = ("crashed", "timed out")  # these cost the process that ran them
CHECKED = ("identical", "within")
OUT_OF_TIME = "out of time"  # the reason of an empty verdict on what the budget did not reach
FINDINGS = 5  # of one verdict; further causes are counted


@dataclass
class Finding:
    """A failure and the smallest example that shows it; every field is text or a number, ready to print."""

    cause: str  # 'value', 'shape', 'dtype', 'exception', 'no error', ...: equal failures share it
    message: str
    example: str  # the call with its arrays, one line
    expected: str = ""
    got: str = ""
    error: float | None = None
    bound: float | None = None
    where: str = ""  # the index of the worst element, if any
    script: str = ""  # stand-alone Python whose assertion fails until the fault is fixed
    size: int = 0  # elements in the example's arrays
    text: str = ""  # of an exception, without its numbers
    scope: str = ""  # what failing examples have in common and passing ones lack: 'uint16|uint32', 'keepdims'; '' all
    count: int = 1  # failing examples

    @property
    def key(self) -> str:
        """The cause as a file of expected failures has it."""
        return "; ".join(filter(None, [self.text or self.cause, self.scope]))


@dataclass
class Verdict:
    """The result for one operation and kind of property on one namespace."""

    namespace: str
    group: str  # 'standard': functions of the array API standard; 'k': operations of K
    chapter: str
    operation: str
    kind: str
    variant: str = ""  # a device or dtype with a verdict of its own
    status: str = "empty"
    worst: float = 0.0  # the worst error as a fraction of its bound; 0 identical, above 1 wrong
    ulps: dict[str, float] = field(default_factory=dict)  # the worst error measured, in ulps of the result, by dtype
    dtype: str = ""  # of the example with the worst error
    examples: int = 0
    seconds: float = 0.0
    reason: str = ""  # why it is unsupported, blocked ('blocked by take'), expected to fail or flaky
    link: str = ""  # where an expected failure was reported
    unchecked: float = 0.0  # the fraction of drawn elements whose value depends on rounding
    finding: Finding | None = None
    further: list[Finding] = field(default_factory=list)  # of other causes
    causes: int = 0  # different causes of failures, expected ones included
    entries: list[str] = field(default_factory=list)  # keys of the expected failures that were seen
    covered: dict[str, list[str]] = field(default_factory=dict)  # the causes of each, in words for its `cause`
    dtypes: dict[str, bool] = field(default_factory=dict)  # those tried, and whether all examples of each pass
    source: str = ""  # the page of the standard, or the summary of K's docstring, that the verdict holds

    @property
    def findings(self) -> list[Finding]:
        """One finding for each cause, at most FINDINGS."""
        return [] if self.finding is None else [self.finding, *self.further]

    @property
    def partial(self) -> str:
        """Such as '11 of 13 dtypes', where some of those tried pass and some do not."""
        held = sum(self.dtypes.values())
        return f"{held} of {len(self.dtypes)} dtypes" if 0 < held < len(self.dtypes) else ""

    @property
    def id(self) -> str:
        """Its id in the files of expected failures: exp/value for K, xp.exp/value for the standard."""
        name = f"xp.{self.operation}" if self.group == "standard" else self.operation
        return "/".join([name, self.kind, *([self.variant] if self.variant else [])])

    @property
    def bad(self) -> bool:
        """Whether it makes a run fail."""
        return self.status in BAD

    @property
    def signature(self) -> tuple[str, ...]:
        """Equal for verdicts that probably have the same cause."""
        if self.finding is None:
            return (self.namespace, self.group, self.status, self.reason)
        text = "".join("#" if c.isdigit() else c for c in self.finding.message.split(";")[0])
        text = text if self.finding.cause in ("exception", "blocked") else ""
        return (self.namespace, self.group, self.kind, self.finding.cause, self.dtype, text[:80])


@dataclass
class NamespaceFacts:
    """One namespace of a run: its name, its library, and the results of the probe."""

    name: str
    library: str
    version: str
    device: str = ""
    probe: dict[str, Any] = field(default_factory=dict)  # Probe.as_dict(): missing functions, dtypes, indexing, ...


@dataclass
class Report:
    """The result of a run: its verdicts, the namespaces it checked, and its options.

    Parameters
    ----------
    verdicts : list of Verdict
    namespaces : list of NamespaceFacts
    seed : int, optional
    options : dict, optional
    seconds : float, optional
        How long the run took.
    unmatched : list of str, optional
        Entries of the files of expected failures that matched no verdict.

    Examples
    --------
    >>> import conformance
    >>> report = conformance.run(["numpy"], only="xp.floor", kind="dtype", examples=1)
    >>> [(v.id, v.status) for v in report.verdicts], report.failed, report.groups
    ([('xp.floor/dtype', 'identical')], [], [])
    """

    verdicts: list[Verdict]
    namespaces: list[NamespaceFacts]
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    unmatched: list[str] = field(default_factory=list)  # entries of the xfail files that matched no verdict

    @property
    def failed(self) -> list[Verdict]:
        """The verdicts that make the run fail."""
        return [v for v in self.verdicts if v.bad]

    @property
    def untried(self) -> list[Verdict]:
        """One verdict for each operation that the budget did not reach at all."""
        tried = {(v.namespace, v.group, v.operation) for v in self.verdicts if v.reason != OUT_OF_TIME}
        late = {(v.namespace, v.group, v.operation): v for v in self.verdicts if v.reason == OUT_OF_TIME}
        return [v for key, v in late.items() if key not in tried]

    @property
    def exit_code(self) -> int:
        """0 if everything was tried and is as expected, 5 if the budget did not reach everything, 1 if any is not."""
        return 1 if self.failed else 5 if self.untried else 0

    @property
    def groups(self) -> list[list[Verdict]]:
        """The failed verdicts, grouped by signature, the largest group first."""
        found: dict[tuple[str, ...], list[Verdict]] = {}
        for verdict in self.failed:
            found.setdefault(verdict.signature, []).append(verdict)
        return sorted(found.values(), key=len, reverse=True)

    def score(self, namespace: str, group: str) -> tuple[int, int]:
        """How many of a namespace's verdicts in a group passed, and how many there are, empty ones excluded.

        Parameters
        ----------
        namespace : str
        group : {'standard', 'k'}

        Returns
        -------
        tuple of int

        Examples
        --------
        >>> from conformance.verdict import Report, Verdict
        >>> found = [Verdict("m", "standard", "elementwise", "exp", "value", status=s) for s in ["within", "wrong"]]
        >>> Report(found, []).score("m", "standard")
        (1, 2)
        """
        counted = [v for v in self.verdicts if (v.namespace, v.group) == (namespace, group) and v.status != "empty"]
        return sum(v.status in CHECKED for v in counted), len(counted)

    def dtypes(self, namespace: str, group: str) -> dict[str, dict[str, bool]]:
        """For each operation of a group the dtypes tried, and whether every kind of check passes for each.

        Parameters
        ----------
        namespace : str
        group : {'standard', 'k'}

        Returns
        -------
        dict of dict of bool

        Examples
        --------
        >>> import conformance
        >>> report = conformance.run(["numpy"], only="xp.floor", kind="dtype", dtype="float32", examples=1)
        >>> report.dtypes("numpy", "standard")
        {'floor': {'float32': True}}
        """
        found: dict[str, dict[str, bool]] = {}
        for v in self.verdicts:
            if (v.namespace, v.group) == (namespace, group) and v.kind != "device":  # another device has other dtypes
                of = found.setdefault(v.operation, {})
                of.update({name: held and of.get(name, True) for name, held in v.dtypes.items()})
        return found

    def counts(self, namespace: str | None = None) -> Mapping[str, int]:
        """How many verdicts there are of each status.

        Parameters
        ----------
        namespace : str, optional
            All namespaces by default.

        Returns
        -------
        dict of int

        Examples
        --------
        >>> from conformance.verdict import Report, Verdict
        >>> found = [Verdict("m", "standard", "elementwise", "exp", "value", status=s) for s in ["within", "wrong"]]
        >>> Report(found, []).counts()
        {'within': 1, 'wrong': 1}
        """
        chosen: Sequence[Verdict] = [v for v in self.verdicts if namespace in (None, v.namespace)]
        return {s: n for s in STATUSES if (n := sum(v.status == s for v in chosen))}
