"""The floors of conformance: its modules import each other downwards, without circles."""

import ast
from pathlib import Path

CONFORMANCE = Path(__file__).parents[2] / "conformance"

# From the ground up: a module imports from floors below its own, and from its own without going in circles.
FLOORS = [
    {
        "case",
        "data",
        "errors",
        "examples",
        "exempt",
        "kept",
        "extra",
        "options",
        "printable",
        "reading",
        "verdict",
        "watch",
    },
    {"judging", "error_analysis"},
    {"cases", "standard", "subjects"},
    {"calls", "special_cases"},
    {"properties"},
    {"scripts"},
    {"running", "reports"},
    {"mutants"},
    {"__init__", "__main__", "plugin"},
]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# The registry imports the modules that fill it, when a caller asks for it.
CIRCLES = {("case", "cases.__init__"), ("case", "standard.__init__")}

MODULES = {
    ".".join(path.relative_to(CONFORMANCE).with_suffix("").parts): path for path in sorted(CONFORMANCE.rglob("*.py"))
}


def imported(name: str) -> set[str]:
    """The modules of conformance that a module imports anywhere, those inside functions included."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            assert not any(alias.name.partition(".")[0] == "conformance" for alias in node.names), name
        elif isinstance(node, ast.ImportFrom) and node.level:
            home = [*name.split(".")[: -node.level], *filter(None, [node.module])]
            for alias in node.names:
                candidates = (".".join([*home, alias.name]), ".".join([*home, alias.name, "__init__"]))
                here = next((c for c in candidates if c in MODULES), None)
                here = here or next(c for c in (".".join(home), ".".join([*home, "__init__"])) if c in MODULES)
                if (name, here) not in CIRCLES:
                    found.add(here)
    return found


IMPORTED = {name: imported(name) for name in MODULES}


def room_of(module: str) -> str:
    return module.partition(".")[0]


def test_every_module_has_its_floor():
    assert {room_of(name) for name in MODULES} == set(FLOOR_OF)


def test_no_module_imports_upwards():
    offending = [
        f"{name} imports {other}"
        for name, others in IMPORTED.items()
        for other in others
        if FLOOR_OF[room_of(other)] > FLOOR_OF[room_of(name)]
    ]
    assert offending == []


def test_modules_import_each_other_without_circles():
    done: set[str] = set()
    while IMPORTED.keys() - done:
        ready = {name for name in IMPORTED.keys() - done if IMPORTED[name] <= done}
        assert ready, f"in a circle, or resting on one: {sorted(IMPORTED.keys() - done)}"
        done |= ready


def test_arrays_are_read_by_the_tool_s_readers():
    """`backend`'s own `host` knows nothing of --convert and DLPack: `conformance.reading.host` does."""
    offending = [
        name
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "backend.arrays.namespaces"
        if any(alias.name == "host" for alias in node.names)
    ]
    assert offending == []
