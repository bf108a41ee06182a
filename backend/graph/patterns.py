"""Rewrite rules written as `pattern -> replacement`, and the one matcher that applies them.

    x, y, f = Variable("x"), Variable("y"), Functions()
    rule("double negative", f.negative(f.negative(x)), x)
    rule("division of a division", (x // c) // d, lambda x, c, d: x // (c * d), when=lambda c, d, **_: c > 0 < d)

A variable matches anything that passes its test, and the same thing wherever it stands again. A call matches a call of
that function with these positional arguments and no others. A number matches itself. The replacement is a pattern of
the same variables, or a function of them, which may return None to decline.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

__all__ = ["AnyCall", "Call", "Functions", "Rule", "Rules", "Variable", "number", "rule"]


class _Pattern:
    """What a pattern can be made of; arithmetic on patterns gives calls of the operators."""

    __slots__ = ()

    def __floordiv__(self, other: Any) -> Call:
        return Call("//", self, other)

    def __mod__(self, other: Any) -> Call:
        return Call("%", self, other)


class Variable(_Pattern):
    """Stands for anything that passes the test; `_` stands for anything, each time for something else."""

    __slots__ = ("name", "test")

    def __init__(self, name: str, test: Callable[[Any], bool] | None = None) -> None:
        self.name = name
        self.test = test


class Call(_Pattern):
    """Stands for a call of a function with these positional arguments."""

    __slots__ = ("arguments", "function")

    def __init__(self, function: str, *arguments: Any) -> None:
        self.function = function
        self.arguments = arguments


class AnyCall(_Pattern):
    """Stands for a call of any function that passes the test, whatever its arguments; bound to `call`."""

    __slots__ = ("test",)

    def __init__(self, test: Callable[[Any], bool]) -> None:
        self.test = test


class Functions:
    """Calls in patterns by the function's name: `Functions().exp(x)`."""

    def __getattr__(self, function: str) -> Callable[..., Call]:
        return lambda *arguments: Call(function, *arguments)


class Rule(NamedTuple):
    """One line of a table of rules; `when` and a function as replacement take the variables by name."""

    name: str
    pattern: Call | AnyCall
    replacement: Any
    when: Callable[..., bool] | None = None


rule = Rule


def number(name: str) -> Variable:
    """A variable for integers alone."""
    return Variable(name, lambda value: isinstance(value, int))


Tests = list[tuple[int, Callable[[Any], bool]]]  # of arguments, by position


class Rules:
    """A table of rules. The first one that matches, in the order of the table, gives the replacement.

    `opened(term)` gives a call's function, positional and keyword arguments, and None for what is no call;
    `make(function, *arguments)` makes the calls of replacements.
    """

    def __init__(self, *rules: Rule, opened: Callable[[Any], Any], make: Callable[..., Any]) -> None:
        self.names = tuple(each.name for each in rules)
        if len(set(self.names)) < len(rules):
            raise ValueError(f"two rules have one name: {', '.join(self.names)}")
        self._rules = rules
        self._opened = opened
        self._make = make
        self._by_function: dict[Any, list[tuple[Rule, Tests]]] = {}  # those that a call of it may match

    def find(self, term: Any, without: Collection[str] = ()) -> tuple[str, Any] | None:
        """The name of the rule that fires and what replaces the call; None where no rule fires."""
        function, arguments, keywords = self._opened(term)
        rules = self._by_function.get(function)
        if rules is None:
            rules = [(each, self._tests(each.pattern)) for each in self._rules if _applies(each.pattern, function)]
            self._by_function[function] = rules
        for each, tests in rules:
            if without and each.name in without:
                continue
            found: dict[str, Any] = {}
            if isinstance(each.pattern, AnyCall):
                found["call"] = term
            elif (
                keywords
                or len(arguments) != len(each.pattern.arguments)
                or (tests and not _pass(arguments, tests))
                or not self._all_match(each.pattern.arguments, arguments, found)
            ):
                continue
            if each.when is None or each.when(**found):
                replacement = self._built(each.replacement, found)
                if replacement is not None:
                    return each.name, replacement
        return None

    def _tests(self, pattern: Call | AnyCall) -> Tests:
        """What arguments have to pass at least for a call to match: tests of variables, and functions of calls."""
        if isinstance(pattern, AnyCall):
            return []
        calls = [(i, p.function) for i, p in enumerate(pattern.arguments) if isinstance(p, Call)]
        return [
            *((i, p.test) for i, p in enumerate(pattern.arguments) if isinstance(p, Variable) and p.test is not None),
            *((i, lambda term, function=f: (self._opened(term) or (None,))[0] == function) for i, f in calls),
        ]

    def _matches(self, pattern: Any, term: Any, found: dict[str, Any]) -> bool:
        if isinstance(pattern, Variable):
            if pattern.name == "_":
                return True
            if pattern.name in found:
                return _same(found[pattern.name], term)
            found[pattern.name] = term
            return pattern.test is None or pattern.test(term)
        if not isinstance(pattern, Call):
            return _same(pattern, term)
        function, arguments, keywords = self._opened(term) or (None, (), {})
        return function == pattern.function and not keywords and self._all_match(pattern.arguments, arguments, found)

    def _all_match(self, patterns: tuple[Any, ...], terms: tuple[Any, ...], found: dict[str, Any]) -> bool:
        if len(patterns) != len(terms):
            return False
        for pattern, term in zip(patterns, terms, strict=True):  # noqa: SIM110 - half as long as all()
            if not self._matches(pattern, term, found):
                return False
        return True

    def _built(self, replacement: Any, found: dict[str, Any]) -> Any:
        if isinstance(replacement, Variable):
            return found[replacement.name]
        if isinstance(replacement, Call):
            return self._make(replacement.function, *(self._built(a, found) for a in replacement.arguments))
        return replacement(**found) if callable(replacement) else replacement


def _applies(pattern: Call | AnyCall, function: Any) -> bool:
    return pattern.test(function) if isinstance(pattern, AnyCall) else pattern.function == function


def _pass(arguments: tuple[Any, ...], tests: Tests) -> bool:
    """Whether arguments pass the tests, which most calls fail: nothing needs to be bound for those."""
    for position, test in tests:  # noqa: SIM110 - half as long as all()
        if not test(arguments[position]):
            return False
    return True


def _same(a: Any, b: Any) -> bool:
    """Whether two terms are one; `==` between tensors would record a call."""
    return a is b or (isinstance(a, int) and isinstance(b, int) and a == b)
