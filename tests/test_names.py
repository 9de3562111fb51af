"""Names that a step uses, and only cells of other steps bind."""

from __future__ import annotations

from typing import Any

import pytest

from jupyterlab_rob.names import check_names
from jupyterlab_rob.splitting import Source, divide

from .protocol import KERNEL
from .relay import HANDLE, tagged

NAMES = ("prepare", "answer")


def warned(*cells: tuple[str, str], metadata: dict[str, Any] | None = None) -> list[tuple[int | None, str]]:
    """Cell and name of each warning about the step ``answer``; a cell is given with the steps it is tagged for."""
    document = tagged(*((source, [f"rob:{step}" for step in steps.split()]) for source, steps in cells))
    document["metadata"] = KERNEL if metadata is None else metadata
    source = Source("a.ipynb", document)
    _, part = divide(HANDLE, source)
    return [(problem.cell, problem.message.split()[3]) for problem in check_names(part, NAMES)]


def test_the_message() -> None:
    document = tagged(("features = 1", ["rob:prepare"]), ("print(features)", ["rob:answer"]))
    _, part = divide(HANDLE, Source("a.ipynb", document))
    (problem,) = check_names(part, NAMES)
    assert problem.severity == "warning"
    assert problem.message == (
        "Cell 2 uses features in step answer, but only cells of prepare assign it, and each step runs in a kernel of "
        "its own. Hand it on by a file, or remove the tag of the cell that assigns it."
    )


def test_the_message_about_scripts() -> None:
    parameters = [{"name": name, "dtype": "file", "target": f"{name}.py"} for name in NAMES]
    document = tagged(("x = 1", ["rob:prepare"]), ("print(x)", ["rob:answer"]))
    _, part = divide({"name": "x", "parameters": parameters}, Source("a.ipynb", document))
    (problem,) = check_names(part, NAMES)
    assert "each step runs in a process of its own" in problem.message


def test_several_others_are_named() -> None:
    handle = {"name": "x", "parameters": [{"name": name, "dtype": "actor"} for name in "abc"]}
    document = tagged(("x = 1", ["rob:b"]), ("x = 2", ["rob:a"]), ("x", ["rob:c"]))
    _, _, part = divide(handle, Source("a.ipynb", document))
    (problem,) = check_names(part, "abc")
    assert "only cells of a and b assign it" in problem.message


BINDINGS = [
    "x = 1",
    "x: int = 1",
    "x += 1",
    "a, (b, *x) = 1, (2, 3)",
    "for x in (): pass",
    "with open('a') as x: pass",
    "try:\n    pass\nexcept ValueError as x:\n    pass",
    "import x",
    "import x.y",
    "import y as x",
    "from y import x",
    "from y import z as x",
    "def x(): pass",
    "async def x(): pass",
    "class x: pass",
    "print(x := 1)",
    "[x := y for y in ()]",
    "match 1:\n    case x: pass",
    "match 1:\n    case [1, *x]: pass",
    "match 1:\n    case {1: 2, **x}: pass",
    "match 1:\n    case int() as x: pass",
    "def f():\n    global x\n    x = 1",
    "if True:\n    x = 1",
    "x = !ls",
    "%time x = 1\nx = 2",
    "%%time\nx = 1",
    "%%capture x\n1",
    "\n%%capture --no-stderr x\n1",
]


@pytest.mark.parametrize("binding", BINDINGS)
def test_what_another_step_binds(binding: str) -> None:
    assert warned((binding, "prepare"), ("print(x)", "answer")) == [(2, "x")]


@pytest.mark.parametrize("binding", BINDINGS)
def test_what_the_step_itself_binds(binding: str) -> None:
    assert warned((binding, "prepare answer"), ("print(x)", "answer")) == []
    assert warned((binding, ""), ("print(x)", "answer"), ("x = 1", "prepare")) == []
    assert warned(("x = 1", "prepare"), ("print(x)", "answer"), (binding, "answer")) == [], "wherever it stands"


@pytest.mark.parametrize(
    "local",
    [
        "def f(x): return x",
        "def f():\n    x = 1",
        "f = lambda x: x",
        "[x for x in ()]",
        "class A:\n    x = 1",
        "a.x = 1",
        "a['x'] = 1",
        "f(x=1)",
        "del x",
        "'x'",
        "# x = 1",
        "%%bash\nx=1",
        "x = (",
    ],
)
def test_what_other_cells_do_not_see(local: str) -> None:
    assert warned((local, "prepare"), ("print(x)", "answer")) == []


@pytest.mark.parametrize(
    "local",
    [
        "def f(x): return x",
        "lambda *x: 1",
        "[x for x in ()]",
        "def f():\n    x = 1",
        "from y import *",
        "%pylab inline",
        "import y\n%run prepare.py",
        "if y:\n    %run -i prepare.py",
        "%time %run prepare.py",
        "y = %run prepare.py",
        "%store -r",
        "%store -r y x",
        "%load prepare.py",
        "run prepare.py",
        "%%bash --out x\nls",
        "y = (",
    ],
)
def test_what_is_bound_anywhere_in_the_step_is_not_told(local: str) -> None:
    assert warned(("x = 1", "prepare"), (local, "answer"), ("print(x)", "answer")) == []


@pytest.mark.parametrize(
    "use",
    [
        "x",
        "def f():\n    return x",
        "class A(x): pass",
        "y: x = 1",
        "f'{x}'",
        "x.y = 1",
        "x['y'] = 1",
        "print(*x)",
        "@x\ndef f(): pass",
        "%matplotlib inline\nprint(x)",
        "%load_ext autoreload\nprint(x)",
        "%%capture out\nprint(x)",
        "%store y\nprint(x)",
        "del y[x]",
    ],
)
def test_uses(use: str) -> None:
    assert warned(("x = 1", "prepare"), (use, "answer")) == [(2, "x")]


def test_each_name_once_with_its_first_cell() -> None:
    cells = (("x = y = z = 1", "prepare"), ("1", ""), ("print(y, x)", "answer"), ("print(x, z)", "answer"))
    assert warned(*cells) == [(3, "y"), (3, "x"), (4, "z")]


def test_a_shared_cell_may_lack_a_name_in_one_step() -> None:
    assert warned(("x = 1", "prepare"), ("print(x)", ""), ("y = 1", "answer")) == [(2, "x")]


def test_what_python_and_the_kernel_provide() -> None:
    names = ("print", "len", "display", "get_ipython", "In", "Out", "_", "__", "_1", "_i", "_ih", "exit", "__name__")
    for name in names:
        assert warned((f"{name} = 1", "prepare"), (f"{name}", "answer")) == [], name


def test_names_that_nobody_binds_are_for_the_run_to_tell() -> None:
    assert warned(("x = 1", "prepare"), ("print(undefined)", "answer")) == []


def test_other_languages_and_no_code() -> None:
    r = {"kernelspec": {"name": "ir", "language": "R"}}
    assert warned(("x = 1", "prepare"), ("print(x)", "answer"), metadata=r) == []
    document = tagged(("x = 1", ["rob:prepare"]), ("x", ["rob:answer"]), ("1", ["rob:answer"]))
    document["cells"][1]["cell_type"] = "markdown"
    _, part = divide(HANDLE, Source("a.ipynb", document))
    assert list(check_names(part, NAMES)) == []


def test_a_deep_tree() -> None:
    # As deep as Python itself reads it.
    long = "+".join(["x"] * 900)
    assert warned(("x = 1", "prepare"), (long, "answer")) == [(2, "x")]
