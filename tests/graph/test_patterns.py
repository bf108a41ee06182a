"""The matcher of rewrite rules: what a pattern matches, and which rule wins."""

import pytest

from backend.graph.patterns import AnyCall, Functions, Rules, Variable, number, rule

x, y, c, f = Variable("x"), Variable("y"), number("c"), Functions()


def rules(*lines):
    """Rules on terms that are tuples: a function's name and its arguments; ('named', ...) has a keyword argument."""
    return Rules(
        *lines,
        opened=lambda t: (t[0], t[1:], {"k": 1} if t[0] == "named" else {}) if isinstance(t, tuple) else None,
        make=lambda function, *arguments: (function, *arguments),
    )


def test_calls_variables_and_numbers():
    table = rules(
        rule("inverse", f.exp(f.log(x)), x),
        rule("halved", f.sub(x, x), 0),
        rule("doubled", f.add(x, x), f.mul(2, x)),
        rule("nothing added", f.add(x, 0), x),
        rule("pair", f.pair(Variable("_"), Variable("_")), "pair"),
    )
    assert table.find(("exp", ("log", "a"))) == ("inverse", "a")
    assert table.find(("sub", "a", "a")) == ("halved", 0) and table.find(("sub", "a", "b")) is None
    assert table.find(("add", "a", "a")) == ("doubled", ("mul", 2, "a")) and table.find(("add", "a", 0))[1] == "a"
    assert table.find(("add", 7, 7))[1] == ("mul", 2, 7) and table.find(("pair", 1, 2)) == ("pair", "pair")
    for other in (("exp", "a"), ("exp", ("sin", "a")), ("exp", ("log", "a"), 1), ("add", "a", 1), ("log", "a")):
        assert table.find(other) is None


def test_operators_make_calls():
    table = rules(rule("both", (x // c) % y, f.done(x, c, y)))
    assert table.find(("%", ("//", "a", 3), "b")) == ("both", ("done", "a", 3, "b"))
    assert table.find(("%", ("//", "a", "b"), "b")) is None  # c is a number


def test_conditions_and_functions_as_replacements():
    table = rules(
        rule("large", f.g(c), "large", when=lambda c: c > 9),
        rule("even", f.g(c), lambda c: None if c % 2 else ("half", c // 2)),
        rule("one", f.g(1), "one"),
    )
    assert [table.find(("g", n)) for n in (12, 4, 1, 3)] == [
        ("large", "large"),
        ("even", ("half", 2)),
        ("one", "one"),
        None,
    ]


def test_calls_with_keywords_match_no_pattern_but_one_of_any_call():
    table = rules(
        rule("positional", f.named(x), x), rule("any", AnyCall(lambda function: "n" in function), lambda call: call[0])
    )
    assert table.find(("named", 1)) == ("any", "named") == table.find(("named", 1)) and table.find(("g", 1)) is None


def test_rules_are_left_out_by_name():
    table = rules(rule("first", f.g(x), 1), rule("second", f.g(x), 2))
    assert table.names == ("first", "second")
    assert [table.find(("g", 0), without) for without in ((), ["first"], {"first", "second"})] == [
        ("first", 1),
        ("second", 2),
        None,
    ]
    with pytest.raises(ValueError, match="two rules have one name"):
        rules(rule("first", f.g(x), 1), rule("first", f.h(x), 2))
