"""The rules of the house, checked on the syntax trees: who imports whom, where, and how long files are."""

import ast
import doctest
import importlib
import inspect
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("tasks", "rnn", "dynsys")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODULES = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in FILES]
FILES_AND_MODULES = list(zip(FILES, MODULES))

# From the roof down; a room imports rooms of its own floor or below, never above.
FLOORS = (
    ("dynsys.cli", "dynsys.__main__", "dynsys.progress"),
    ("dynsys.explore", "dynsys.report", "dynsys.sweeps"),
    ("dynsys.plotting",),
    ("dynsys.analysis",),
    ("dynsys.symbolic",),
    ("dynsys.populations",),
    ("dynsys.numerics",),
    ("rnn.recipes", "rnn.examples"),
    ("rnn.curriculum", "rnn.ensemble"),
    ("rnn.approximation",),
    ("rnn.training",),
    ("rnn.checkpoints", "rnn.epochs", "rnn.descent"),
    ("rnn.training_records",),
    ("rnn.simulation", "rnn.gradient", "rnn.fullrank", "rnn.storage"),
    ("rnn.pytorch", "rnn.container"),
    ("rnn.unpickler", "rnn.state_dicts", "rnn.members"),
    ("rnn.tensors",),
    (
        "rnn.kernels",
        "rnn.connectivity",
        "rnn.networks",
        "rnn.optimizers",
        "rnn.parameters",
        "rnn.schedules",
        "rnn.batches",
        "rnn.workers",
    ),
    ("rnn.activations",),
    ("rnn.jit", "rnn.plain_values", "rnn.archives", "rnn.interrupts", "rnn.generators"),
    ("tasks",),
)
# Facades: packages whose names load lazily; whoever imports one of them imports whatever it asks for.
FACADES = ("dynsys", "rnn", "tasks")
FACADE_USERS = ("dynsys", "dynsys.cli", "dynsys.__main__")
ONLY_IN = {
    "matplotlib": ("dynsys.plotting", "dynsys.report", "dynsys.explore"),
    "sympy": ("dynsys.symbolic",),
    "networkx": (
        "dynsys.analysis.graphs",
        "dynsys.plotting.graphs",
        "dynsys.analysis.attractor_graphs",
        "dynsys.plotting.attractor_graphs",
    ),
    "ipywidgets": ("dynsys.explore.widget",),
    "ipympl": ("dynsys.explore.widget",),
    "numba": ("rnn.jit", "rnn.kernels", "rnn.activations", "rnn.optimizers", "dynsys.numerics"),
}
NEVER = ("pickle", "torch", "sklearn", "marshal", "shelve", "dill", "joblib")


def floor_of(module):
    for height, rooms in enumerate(FLOORS):
        if any(module == room or module.startswith(room + ".") for room in rooms):
            return height
    return None


def imports_of(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import on line {node.lineno}"
            for alias in node.names:  # "from dynsys import symbolic" imports the room, not the facade
                room = f"{node.module}.{alias.name}"
                yield node, room if room in MODULES else node.module


@pytest.mark.parametrize("path, module", FILES_AND_MODULES, ids=MODULES)
def test_imports_point_down(path, module):
    own = floor_of(module)
    for node, target in imports_of(path):
        if target.split(".")[0] not in PACKAGES:
            continue
        if target in FACADES:
            assert module in FACADE_USERS, (
                f"{module}:{node.lineno} imports the facade {target}; import the room"
            )
            continue
        assert own is not None, f"{module} has no floor in this test's plan"
        below = floor_of(target)
        assert below is not None, f"{target} has no floor in this test's plan"
        assert below >= own, f"{module}:{node.lineno} imports {target}, which is above it"


@pytest.mark.parametrize("path, module", FILES_AND_MODULES, ids=MODULES)
def test_imports_stand_at_the_top(path, module):
    tree = ast.parse(path.read_text())
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            for node in ast.walk(function):
                assert not isinstance(node, (ast.Import, ast.ImportFrom)), f"{module}:{node.lineno}"


@pytest.mark.parametrize("path, module", FILES_AND_MODULES, ids=MODULES)
def test_libraries_stay_in_their_rooms(path, module):
    for node, target in imports_of(path):
        library = target.split(".")[0]
        assert library not in NEVER, f"{module}:{node.lineno} imports {library}"
        homes = ONLY_IN.get(library)
        if homes is not None:
            assert any(module == home or module.startswith(home + ".") for home in homes), (
                f"{module}:{node.lineno} imports {library}, which belongs to {homes}"
            )
        if module.startswith("tasks"):
            assert library in ("tasks", "numpy", "lazy_loader") or library in STANDARD, (
                f"{module} imports {library}"
            )


STANDARD = (
    "abc",
    "collections",
    "dataclasses",
    "enum",
    "html",
    "types",
    "typing",
    "numbers",
    "functools",
    "warnings",
    "math",
)


def test_no_file_of_tests_is_long():
    lengths = {path.name: len(path.read_text().splitlines()) for path in Path(__file__).parent.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 350} == {}


@pytest.mark.parametrize("path, module", FILES_AND_MODULES, ids=MODULES)
def test_no_file_is_long_and_none_evaluates_text(path, module):
    text = path.read_text()
    assert len(text.splitlines()) <= 350, f"{module} has two subjects by now; split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            bare = isinstance(node.func, ast.Name)
            assert not (bare and called in ("eval", "exec", "compile", "sympify", "parse_expr")), (
                f"{module}:{node.lineno}"
            )
            assert called not in ("sympify", "parse_expr", "lambdify"), f"{module}:{node.lineno}"
            if bare and called == "print":
                assert module == "dynsys.cli", f"{module}:{node.lineno} prints"
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            assert isinstance(node, ast.Nonlocal), f"{module}:{node.lineno} has module-level state"


def public_objects():
    for package in (
        "tasks",
        "rnn",
        "dynsys",
        "dynsys.populations",
        "dynsys.symbolic",
        "dynsys.analysis",
        "dynsys.plotting",
        "dynsys.report",
        "dynsys.explore",
    ):
        facade = importlib.import_module(package)
        for name in facade.__all__:
            yield package, name


@pytest.mark.parametrize("package, name", sorted(set(public_objects())))
def test_every_public_name_has_a_docstring_with_an_example(package, name):
    value = getattr(importlib.import_module(package), name)
    if inspect.ismodule(value):
        return
    text = inspect.getdoc(value)
    assert text, f"{package}.{name} has no docstring"
    assert ">>>" in text, f"{package}.{name} has no example"


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module):
    if module == "dynsys.__main__":
        return
    outcome = doctest.testmod(
        importlib.import_module(module), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    )
    assert outcome.failed == 0
