"""The doors between modules, read from their imports; and what every module owes its reader."""

import ast
import configparser
import functools
import inspect
import re
import sys
from pathlib import Path

import pytest

import backend as K

ROOT = Path(__file__).parents[2]
LONGEST = 400
LONGEST_FUNCTION = 60
LIBRARIES = {
    "numpy",
    "torch",
    "cupy",
    "jax",
    "dask",
    "array_api_compat",
    "array_api_extra",
    "array_api_strict",
    "scipy",
    "sklearn",
    "matplotlib",
    "keras",
    "numba",
    "ndonnx",
    "pytensor",
    "tensorflow",
}

# From the ground up: a module imports from floors below its own, and from its own without going in circles.
FLOORS = [
    {"config"},
    {"arrays", "reproducible"},
    {"compat"},
    {"kernels"},
    {"graph"},
    {"dispatch"},
    {"compiler"},
    {"autodiff"},
    {"control"},
    {"ops"},
    {"api"},
    {"optimizers"},
    {"__init__"},
    {"models"},
    {"keras3"},
]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
# Imported when called, since two things are made of each other: a tensor's namespace records tensors.
# What a kernel may use of ours: nothing that decides what an operation means.
SHARED_WITH_KERNELS = {
    "backend.arrays.libraries.ndonnx",  # what lies between its arrays and the operators that its kernels call
    "backend.arrays.libraries.pytensor",  # the same of its variables
    "backend.arrays.quantile_tables",
    "backend.arrays.checks",
    "backend.arrays.threads",
    "backend.arrays.windows",
    "backend.config",
    "backend.kernels.description",
    "backend.kernels.spaces",
}
ARRAYS_OF = {
    "numba": "numpy",
    "ndonnx": "numpy",
    "pytensor": "numpy",
}  # a compiler, or arrays to come, and the library of their values
OPENING = {"arrays.backends", "arrays.namespaces", "arrays.openers"}  # they import libraries, when asked for
DOOR = {"compat.keras3.__init__", "compat.keras3.__main__", "compat.keras3.door"}
CIRCLES = {("graph.tensor", "graph.standard.namespace")}
FOR_TYPE_CHECKERS = {("__init__", "models")}  # when the program runs, K.models is loaded at first use


def files(package: str) -> dict[str, Path]:
    """Every module of a package by its dotted name within it."""
    base = ROOT / package
    return {".".join(path.relative_to(base).with_suffix("").parts): path for path in sorted(base.rglob("*.py"))}


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported(package: str, path: Path) -> set[str]:
    """The dotted names a file imports anywhere, relative ones resolved."""
    here = (package, *path.relative_to(ROOT / package).parts[:-1])
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join((*here[: len(here) + 1 - node.level], *filter(None, [node.module])))
                if node.level
                else node.module
            )
            for alias in node.names:
                inner = ROOT.joinpath(*base.split("."), alias.name)
                found.add(f"{base}.{alias.name}" if inner.with_suffix(".py").is_file() or inner.is_dir() else base)
    return found


def within(package: str, path: Path) -> set[str]:
    """The modules of its own package that a file imports; '__init__' for the package itself."""
    names = {name for name in imported(package, path) if name.partition(".")[0] == package}
    return {name.partition(".")[2] or "__init__" for name in names}


def room_of(module: str) -> str:
    """The room a module is in: Keras 3's functions are guests above the face, their door is below it, with compat."""
    if module.startswith("compat.keras3.") and module not in DOOR:
        return "keras3"
    return module.partition(".")[0]


BACKEND = files("backend")
KERNELS = {
    name: path
    for name, path in BACKEND.items()
    if room_of(name) == "kernels"
    and name not in ("kernels.__init__", "kernels.lookup", "kernels.description", "kernels.spaces")
}
ROOMS = {name: path for name, path in BACKEND.items() if name not in KERNELS}


def test_every_module_has_its_floor():
    assert {room_of(name) for name in ROOMS} - set(FLOOR_OF) == set()


def test_contributing_lists_the_same_floors():
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, len(FLOORS) + 1))
    assert [set(re.findall(r"`(\w+)`", rooms)) for _, rooms in rows] == FLOORS


def test_no_module_imports_upwards():
    offending = [
        f"{name} imports {other}"
        for name, path in ROOMS.items()
        for other in within("backend", path)
        if FLOOR_OF[room_of(other)] > FLOOR_OF[room_of(name)] and (name, other) not in FOR_TYPE_CHECKERS
    ]
    assert offending == []


def test_modules_import_each_other_without_circles():
    edges = {
        name: {other for other in within("backend", path) if (name, other) not in CIRCLES}
        for name, path in ROOMS.items()
    }
    done: set[str] = set()
    while edges.keys() - done:
        ready = {name for name in edges.keys() - done if edges[name] & edges.keys() <= done}
        assert ready, f"in a circle, or resting on one: {sorted(edges.keys() - done)}"
        done |= ready


OPERATIONS = {name: path for name, path in BACKEND.items() if room_of(name) == "ops"}
# Of the graph, operations use composites; of control, the loops and branches written for arrays.
OPEN_TO_OPERATIONS = {"graph.composite", "control.branch", "control.loop", "control.while_"}
SYMBOLS = {"node", "number", "spec", "effects", "is_symbolic", "Tensor", "Placeholder", "Constant", "Dim", "Subgraph"}


def test_operations_know_no_library():
    closed = LIBRARIES - {"array_api_extra"}
    offending = [
        f"{name} imports {other}"
        for name, path in OPERATIONS.items()
        for other in imported("backend", path)
        if other.partition(".")[0] in closed or other.startswith("backend.arrays.backends")
    ]
    assert offending == []


def test_operations_import_nothing_of_graphs():
    offending = [
        f"{name} imports {other}"
        for name, path in OPERATIONS.items()
        for other in within("backend", path)
        if room_of(other) in ("graph", "compiler", "control") and other not in OPEN_TO_OPERATIONS
    ]
    assert offending == []


def test_operations_know_no_symbols():
    """To an operation a symbolic tensor is an array: it reads no attribute that arrays lack, and asks for no class."""
    offending = [
        f"{name}:{node.lineno} {used}"
        for name, path in OPERATIONS.items()
        for node in ast.walk(tree(path))
        for used in [node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""]
        if used in (SYMBOLS if isinstance(node, ast.Attribute) else SYMBOLS - {"node", "number", "spec"})
    ]
    assert offending == []


def test_effects_are_given_when_a_node_is_made():
    offending = [
        f"{name}:{node.lineno}"
        for name, path in EVERYTHING.items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in ("effects", "_effects")
        if name != "backend.graph.tensor"
    ]
    assert offending == []


def test_control_does_not_know_how_loops_are_compiled():
    """Loops are made smaller by the compiler, which knows the loop; not the other way round.

    But for loops over a cell: they become one call before a gradient is taken, by what the compiler knows of bodies.
    """
    offending = [
        f"{name} imports {other}"
        for name, path in BACKEND.items()
        if room_of(name) == "control" and name != "control.cells"
        for other in within("backend", path)
        if room_of(other) == "compiler" and other != "compiler.rewriter"
    ]
    assert offending == []


def test_a_kernel_imports_its_own_library_alone():
    assert KERNELS
    for name, path in KERNELS.items():
        own = name.split(".")[1]
        others = {
            other.partition(".")[0]
            for other in imported("backend", path)
            if not other.startswith((f"backend.kernels.{own}.", f"backend.{own}.")) and other not in SHARED_WITH_KERNELS
        }
        assert others & (LIBRARIES | {"backend", "conformance"}) <= {own, ARRAYS_OF.get(own)}, name


def test_a_librarys_namespace_imports_that_library_alone():
    for name, path in ROOMS.items():
        if name.startswith("arrays.libraries.") and "__init__" not in name:
            own = name.split(".")[2]  # a module, or a package of them
            inner = f"backend.arrays.libraries.{own}."
            others = {o.partition(".")[0] for o in imported("backend", path) if not o.startswith(inner)}
            assert others & (LIBRARIES | {"backend"}) - {"array_api_compat", "numpy"} <= {own}, name


def test_libraries_are_imported_only_where_they_are_opened():
    offending = [
        f"{name} imports {other}"
        for name, path in ROOMS.items()
        if name not in ("arrays.backends", "arrays.namespaces", "arrays.openers", "models.plotting")
        and not name.startswith("arrays.libraries.")
        for other in imported("backend", path)
        if other.partition(".")[0] in LIBRARIES - {"numpy"}
        and (room_of(name), other.partition(".")[0]) != ("keras3", "keras")
    ]
    assert offending == []


def test_backend_does_not_know_conformance_or_tests():
    offending = [
        name
        for name, path in BACKEND.items()
        if {other.partition(".")[0] for other in imported("backend", path)} & {"conformance", "tests"}
    ]
    assert offending == []


def test_the_extra_of_conformance_brings_what_the_tool_imports():
    told = configparser.ConfigParser()
    told.read(ROOT / "setup.cfg", "utf-8")
    lines = told["options"]["install_requires"] + told["options.extras_require"]["conformance"]
    brought = {re.split(r"[<>=\[]", line)[0].replace("-", "_") for line in lines.split()}
    asked_for = {"torch", "jax", "tensorflow"}  # namespaces under test; pytest loads its plugin by itself
    paths = files("conformance").values()
    needed = {name.partition(".")[0] for path in paths for name in imported("conformance", path)}
    assert needed - sys.stdlib_module_names - {"backend", "conformance", "pytest"} - asked_for - brought == set()


# ---- what a module owes its reader ----------------------------------------------------------------------------

EVERYTHING = {
    f"{package}.{name}": path for package in ("backend", "conformance") for name, path in files(package).items()
}


PATHS = [
    *EVERYTHING.values(),
    *(ROOT / "tests").rglob("*.py"),
    *(ROOT / "benchmarks").rglob("*.py"),
    *(ROOT / "examples").glob("*.py"),
]


DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def docstring_lines(root: ast.AST) -> int:
    """How many lines are docstrings: they are wanted complete, so no limit counts them."""
    return sum(
        node.body[0].end_lineno - node.body[0].lineno + 1
        for node in ast.walk(root)
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None
    )


def test_docstrings_do_not_count():
    text = '"""One.\n\nTwo.\n"""\n\n\ndef f(x):\n    """Three.\n\n    Four.\n    """\n    return """x\n"""\n'
    assert docstring_lines(ast.parse(text)) == 4 + 4


def test_no_file_is_longer_than_the_limit():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) - docstring_lines(tree(path))
        for path in PATHS
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_no_function_is_longer_than_the_limit():
    lengths = {
        f"{path.relative_to(ROOT)}: {node.name}": node.end_lineno - node.lineno + 1 - docstring_lines(node)
        for path in PATHS
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}


def test_no_public_name_shadows_a_module():
    """`import backend.NAME` gives the module; K.models and K.optimizers are modules themselves."""
    shadowed = {room_of(name) for name in BACKEND} & {name for name in vars(K) if not name.startswith("_")}
    assert {name for name in shadowed if not inspect.ismodule(getattr(K, name))} == set()


def test_every_module_says_what_it_is_in_one_sentence():
    offending = []
    for name, path in EVERYTHING.items():
        if path.name == "__init__.py" and not path.read_text("utf-8").strip():
            continue
        doc = ast.get_docstring(tree(path)) or ""
        if not doc.endswith(".") and not doc.endswith("`."):
            offending.append(name)
    assert offending == []


# In a section of its own; in the last line where a docstring has no sections.
SOURCE = re.compile(r"^(References\n-{10}|Source: )", re.M)


@pytest.mark.parametrize("name", EVERYTHING)
def test_all_is_complete(name):
    """What `__all__` lists is there, and a function documented as a public one (with its source) is listed."""
    listed, public, known = [], set(), set()
    for node in tree(EVERYTHING[name]).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            known.add(node.name)
            if isinstance(node, ast.FunctionDef) and SOURCE.search(ast.get_docstring(node) or ""):
                public |= set() if node.name.startswith("_") or node.decorator_list else {node.name}
        elif isinstance(node, ast.ImportFrom | ast.Import):
            known |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            listed += ast.literal_eval(node.value) if "__all__" in names else []
            known |= names
    assert len(listed) == len(set(listed))
    assert set(listed) - known == set(), "in __all__, yet not there"
    assert public - set(listed) == set(), "documented as public, yet not in __all__"


PUBLIC = {
    name: value
    for name, value in vars(K).items()
    if not name.startswith("_")
    and not inspect.ismodule(value)
    and getattr(value, "__module__", "").startswith("backend")
}
FUNCTIONS = {
    name: getattr(value, "__wrapped__", value)
    for name, value in PUBLIC.items()
    if not inspect.isclass(value) and callable(value)
}


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_documented(name):
    """`test_docstrings` says what a docstring holds; here, that there is one, and that it names its source."""
    doc = inspect.getdoc(PUBLIC[name]) or ""
    assert doc.split("\n")[0], "no docstring"
    assert name not in FUNCTIONS or SOURCE.search(doc), "the docstring does not say where its function comes from"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_functions_have_type_hints(name):
    signature = inspect.signature(FUNCTIONS[name])
    bare = [p.name for p in signature.parameters.values() if p.annotation is p.empty]
    assert bare == []
    assert signature.return_annotation is not signature.empty
