"""Parsing, cleaning and inspecting notebooks, without a service."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest
from papermill.inspection import _infer_parameters

from jupyterlab_rob import notebooks
from jupyterlab_rob.errors import InvalidInput

from .protocol import KERNEL, make_notebook


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"print(1)", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a notebook"),
        (b'{"cells": []}', "not a notebook"),
        (b'{"nbformat": 3, "worksheets": []}', "format 3"),
        (b'{"nbformat": 5, "cells": []}', "format 5"),
        (b'{"nbformat": 4, "metadata": {}, "cells": []}', "empty"),
        (b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": " "}]}', "empty"),
        (b'{"nbformat": 4, "metadata": {}, "cells": [1]}', "damaged"),
        (b'{"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": 1}]}', "damaged"),
        (b'{"nbformat": 4, "metadata": []}', "damaged"),
    ],
)
def test_parse_refuses_what_is_no_notebook(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as caught:
        notebooks.parse(content, "tagger.ipynb")
    assert caught.value.message.startswith("tagger.ipynb ")


def test_parse_takes_what_nbformat_writes() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")])
    assert notebooks.parse(nbformat.writes(notebook))["cells"][0]["source"] == ["x = 1"]


def test_clean_drops_outputs_and_keeps_the_rest() -> None:
    notebook = make_notebook("x = 1", metadata={**KERNEL, "widgets": {"state": 1}, "mine": 2})
    notebook["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "y" * 1000}]
    notebook["cells"][0]["metadata"].update(execution={"iopub.execute_input": "2026-01-01"}, slideshow={"a": 1})
    notebook["cells"].append({"cell_type": "markdown", "metadata": {}, "source": ["a\n", "b"]})
    before = json.dumps(notebook)

    cleaned = notebooks.clean(notebook)

    assert json.dumps(notebook) == before, "the notebook that was given must not change"
    assert cleaned["metadata"] == {**KERNEL, "mine": 2}
    assert cleaned["cells"] == [
        {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"], "slideshow": {"a": 1}},
            "source": "x = 1",
            "outputs": [],
            "execution_count": None,
        },
        {"cell_type": "markdown", "metadata": {}, "source": "a\nb"},
    ]
    assert notebooks.clean(cleaned) == cleaned


def test_cleaned_notebook_is_valid() -> None:
    notebook = make_notebook("x = 1")
    notebook["cells"][0]["id"] = "a"
    nbformat.validate(nbformat.from_dict(notebooks.clean(notebook)))


def test_digest_is_of_the_code_alone() -> None:
    shown = make_notebook("x = 1\ny = 2")
    on_disk = make_notebook("")
    on_disk["cells"][0].update(source=["x = 1\n", "y = 2"], execution_count=7, outputs=[{"output_type": "error"}])
    assert notebooks.digest(shown) == notebooks.digest(on_disk)
    assert notebooks.digest(shown) != notebooks.digest(make_notebook("x = 1\ny = 3"))


def test_dump_takes_any_string() -> None:
    assert notebooks.digest(make_notebook("x = '\ud800'"))
    assert "é".encode() in notebooks.dump(make_notebook("é"))


@pytest.mark.parametrize(
    "text",
    [
        "inputfile = 'a.txt'\noutputfile = 'b.txt'",
        "x: int = 1\ny: 'str' = 'b'  # help",
        "# a comment\n\nx = 1  # type: int",
        "values = [\n    1,\n    2,\n]\nname = 'a'",
        "options = {\n    'a': 1,\n    'b': 2\n}",
        "empty = None",
        "",
        "# nothing",
    ],
)
def test_parameter_names_agree_with_papermill(text: str) -> None:
    notebook = make_notebook(text, "other = 1")
    theirs = {p.name for p in _infer_parameters(as_papermill_loads(notebook))}
    assert notebooks.parameter_names(notebook) == theirs


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a, (b, *c) = 1, (2, 3)", {"a", "b", "c"}),
        ("a = b = 1", {"a", "b"}),
        ("a = dict(x=1)", {"a"}),
        ("declared: int", {"declared"}),
        ("import os\nos.environ['X'] = '1'\nd = {}\nd['k'] = 1", {"d"}),
        ("def f():\n    inner = 1\nouter = 2", {"outer"}),
        ("%matplotlib inline\n!ls\nx = 1\nfiles = !ls *.txt\nprint?", {"x", "files"}),
        ("%%time\nx = 1", {"x"}),
        ("if True:\n    %load_ext a\nx = 1", {"x"}),
        ("x = 1  # what for?", {"x"}),
        ("%matplotlib inline\nx = 1  # what for?\nnp.load??", {"x"}),
        ('text = """\n%d of\n!\n"""\nx = "why?"', {"text", "x"}),
    ],
)
def test_parameter_names_where_papermill_sees_less(text: str, names: set[str]) -> None:
    assert notebooks.parameter_names(make_notebook(text)) == names


def test_parameter_names_unknown() -> None:
    r = {"kernelspec": {"name": "ir", "language": "R"}}
    assert notebooks.parameter_names(make_notebook("x <- 1", metadata=r)) is None
    assert notebooks.parameter_names(make_notebook("x = (")) is None
    assert notebooks.parameter_names(make_notebook("%%bash\nx=1")) is None
    assert notebooks.parameter_names(make_notebook("x = 1", metadata={})) is None


def test_first_tagged_cell_counts() -> None:
    notebook = make_notebook("y = 0", "x = 1", "z = 2", tagged=1)
    notebook["cells"][2]["metadata"] = {"tags": ["parameters"]}
    assert notebooks.parameters_cell(notebook) == 1
    assert notebooks.parameter_names(notebook) == {"x"}
    assert notebooks.parameter_names(make_notebook("x = 1", tagged=None)) == frozenset()
    assert notebooks.parameters_cell(make_notebook("x = 1", tagged=None)) is None


@pytest.mark.parametrize(
    ("metadata", "kernel", "language"),
    [
        ({}, None, None),
        ({"kernelspec": {"name": ""}}, None, None),
        ({"kernelspec": None}, None, None),
        ({"kernelspec": {"name": "python3"}}, "python3", "python"),
        ({"kernelspec": {"name": "mine"}, "language_info": {"name": "Python"}}, "mine", "python"),
        ({"kernelspec": {"name": "ir", "language": "R"}}, "ir", "r"),
    ],
)
def test_kernel_and_language(metadata: dict[str, Any], kernel: str | None, language: str | None) -> None:
    notebook = make_notebook("x = 1", metadata=metadata)
    assert notebooks.kernel_name(notebook) == kernel
    assert notebooks.language(notebook) == language


def as_papermill_loads(notebook: dict[str, Any]) -> Any:
    node = nbformat.from_dict(notebook)
    for cell in node.cells:
        cell.metadata.setdefault("tags", [])
    return node
