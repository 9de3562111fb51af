"""Which notebook fills which parameter, and what of it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from papermill.utils import find_first_tagged_cell_index

from jupyterlab_rob import notebooks
from jupyterlab_rob.errors import InvalidInput
from jupyterlab_rob.models import Problem
from jupyterlab_rob.splitting import Part, Source, check_split, divide, require_use, steps_of

from .protocol import BENCHMARK, GOOD_CELL, make_notebook
from .relay import HANDLE, first_notebook, second_notebook, split_notebook, tagged

NAMES = ("prepare", "answer")
SPLIT = Source("both.ipynb", split_notebook())
FIRST, SECOND = Source("first.ipynb", first_notebook()), Source("second.ipynb", second_notebook())


def kinds(part: Part) -> list[str]:
    return [cell["cell_type"] for cell in part.notebook["cells"]]


def told(*parts: Part, names: tuple[str, ...] = NAMES) -> list[tuple[str, str, int | None]]:
    """Parameter, message and cell of what is found."""
    return [(part.target.name, problem.message, problem.cell) for part, problem in check_split(parts, names)]


def test_one_notebook_for_both() -> None:
    before = deepcopy(SPLIT.notebook)
    first, second = divide(HANDLE, SPLIT)
    assert SPLIT.notebook == before, "nothing is changed in it"
    assert [part.target.name for part in (first, second)] == ["prepare", "answer"]
    assert kinds(first) == ["code", "code", "code", "raw", "raw", "code"]
    assert kinds(second) == ["code", "raw", "raw", "code", "code", "code"]
    for part in (first, second):
        assert [cell["id"] for cell in part.notebook["cells"]] == [cell["id"] for cell in SPLIT.notebook["cells"]]
        for cell, whole in zip(part.notebook["cells"], SPLIT.notebook["cells"]):
            assert cell == whole if cell["cell_type"] == "code" else cell["source"] == ""
        assert notebooks.validate(part.notebook)
    assert [part.to_dict()["cells"] for part in (first, second)] == [4, 4]
    assert told(first, second) == []


def test_a_cell_that_is_left_out_keeps_its_tags_but_papermills() -> None:
    """Papermill takes the first cell with such a tag, whatever it is, and would fill the wrong one."""
    _, second = divide(HANDLE, SPLIT)
    assert [cell["metadata"]["tags"] for cell in second.notebook["cells"]][1:3] == [["rob:prepare"], ["rob:prepare"]]
    assert notebooks.parameters_cell(second.notebook) == 3
    node = notebooks_node(second.notebook)
    assert find_first_tagged_cell_index(node, "parameters") == 3
    document = tagged(("x = 1", ["injected-parameters", "rob:prepare", "mine"]), ("y = 1", ["rob:answer"]))
    _, second = divide(HANDLE, Source("a.ipynb", document))
    assert second.notebook["cells"][0]["metadata"] == {"tags": ["rob:prepare", "mine"]}


def notebooks_node(document: dict[str, Any]) -> Any:
    import nbformat

    return nbformat.from_dict(document)


def test_a_notebook_for_each() -> None:
    first, second = divide(HANDLE, None, {"answer": SECOND, "prepare": FIRST})
    assert [(part.target.name, part.source.name) for part in (first, second)] == [
        ("prepare", "first.ipynb"),
        ("answer", "second.ipynb"),
    ], "in the benchmark's order"
    assert (first.notebook, second.notebook) == (FIRST.notebook, SECOND.notebook)
    assert told(first, second) == []


def test_the_main_notebook_fills_what_is_left() -> None:
    first, second = divide(HANDLE, SPLIT, {"answer": SECOND})
    assert [part.source.name for part in (first, second)] == ["both.ipynb", "second.ipynb"]
    assert kinds(first) == ["code", "code", "code", "raw", "raw", "code"], "split all the same"
    # It needs no tags then, and the other one may have some.
    parts = divide(HANDLE, FIRST, {"answer": SPLIT})
    assert told(*parts) == []
    assert kinds(parts[1])[:3] == ["code", "raw", "raw"]


def test_with_a_single_parameter_nothing_is_split() -> None:
    document = tagged((GOOD_CELL, ["parameters", "rob:other"]), ("1", ["rob:predictor"]))
    (part,) = divide(BENCHMARK, Source("a.ipynb", document))
    assert part.notebook == document
    assert part.to_dict()["sha256"] == notebooks.digest(document)
    assert told(part, names=("predictor",)) == [], "the tags may be another benchmark's"
    (part,) = divide(BENCHMARK, None, {"predictor": Source("a.ipynb", document)})
    assert part.notebook == document


def test_optional_parameters() -> None:
    parameters = [{"name": name, "dtype": "actor", "isRequired": name == "b"} for name in "abc"]
    benchmark = {"name": "x", "parameters": parameters}
    document = tagged(("1", []), ("2", ["rob:b"]))
    (part,) = divide(benchmark, Source("x.ipynb", document))
    assert (part.target.name, kinds(part)) == ("b", ["code", "code"])
    parts = divide(benchmark, Source("x.ipynb", document), {"c": FIRST})
    assert [part.target.name for part in parts] == ["b", "c"]
    for parameter in parameters:
        parameter["isRequired"] = False
    assert [part.target.name for part in divide(benchmark, SPLIT, {"c": FIRST})] == ["a", "b", "c"]
    assert [part.target.name for part in divide(benchmark, None, {"c": FIRST})] == ["c"], "the others have defaults"


def test_cells_that_are_tagged_for_an_optional_parameter() -> None:
    """They are sent, and not the benchmark's default under the participant's name."""
    parameters = [{"name": name, "dtype": "actor", "isRequired": name == "b"} for name in "abc"]
    benchmark = {"name": "x", "parameters": parameters}
    document = tagged(("1", ["rob:a"]), ("2", []), ("3", ["rob:b"]), ("\n", ["rob:c"]))
    document["cells"].append({"cell_type": "markdown", "metadata": {"tags": ["rob:c"]}, "source": "text"})
    main = Source("x.ipynb", document)
    a, b = divide(benchmark, main)
    assert [(part.target.name, kinds(part)[:3]) for part in (a, b)] == [
        ("a", ["code", "code", "raw"]),
        ("b", ["raw", "code", "code"]),
    ], "there is no code for c"
    assert told(a, b, names=("a", "b", "c")) == []
    parts = divide(benchmark, main, {"b": FIRST})
    assert [(part.target.name, part.source) for part in parts] == [("a", main), ("b", FIRST)]
    require_use(parts, main)
    parts = divide(benchmark, FIRST, {"b": main})
    assert [part.target.name for part in parts] == ["b"], "one for b alone is for nothing else"


@pytest.mark.parametrize(
    ("main", "own", "reason"),
    [
        (None, {}, "No notebook is given for prepare and answer. Give one that holds all of that, or one of its own"),
        (None, {"answer": SECOND}, "No notebook is given for prepare. Give one."),
        (None, {"answer": SECOND, "prepar": FIRST}, "Relay takes no notebook for prepar. Did you mean prepare?"),
        (FIRST, {"zzz": SECOND}, "Relay takes no notebook for zzz. It takes one for prepare and answer."),
        (FIRST, {"factor": SECOND}, "Relay takes no notebook for factor."),
    ],
)
def test_what_can_not_be_divided(main: Source | None, own: dict[str, Source], reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        divide(HANDLE, main, own)
    assert reason in caught.value.message


def test_files_that_may_be_data() -> None:
    """As the published server has them, which tells of no file what it is."""
    parameters = [
        {"name": name, "dtype": "file", "target": f"{name}.py", "isTargetOpen": True, "isRequired": name != "more"}
        for name in ("code", "config", "more")
    ]
    benchmark = {"name": "x", "parameters": parameters}
    (part,) = divide(benchmark, None, {"code": FIRST})
    assert (part.target.name, told(part, names=("code", "config"))) == ("code", [])
    document = tagged(("1", ["rob:code"]), ("2", []))
    (part,) = divide(benchmark, Source("a.ipynb", document))
    assert (part.target.name, part.notebook, told(part, names=("code", "config"))) == ("code", document, [])
    message = (
        "The server does not tell which of code, config and more are programs. Tag the cells of each that is one with "
        "`rob:code`, `rob:config` or `rob:more`, or give a notebook of its own for it."
    )
    for main in (FIRST, None):
        with pytest.raises(InvalidInput) as caught:
            divide(benchmark, main)
        assert caught.value.message == message


def test_a_notebook_that_nothing_is_left_for() -> None:
    own = {"prepare": FIRST, "answer": SECOND}
    parts = divide(HANDLE, SPLIT, own)
    assert [part.source for part in parts] == [FIRST, SECOND]
    with pytest.raises(InvalidInput, match=r"left for both\.ipynb: prepare and answer have notebooks of their own"):
        require_use(parts, SPLIT)
    require_use(divide(HANDLE, None, own), None)
    require_use(divide(HANDLE, SPLIT, {"answer": SECOND}), SPLIT)


def test_tags_that_are_missing() -> None:
    plain = Source("a.ipynb", make_notebook("1", "2"))
    message = (
        "The benchmark takes 2 notebooks (prepare, answer). Tag the cells of each step with `rob:prepare` or "
        "`rob:answer`, or give a notebook of its own for each."
    )
    assert told(*divide(HANDLE, plain)) == [("prepare", message, None)]
    half = Source("a.ipynb", tagged(("1", []), ("2", ["rob:prepare"])))
    message = (
        "The benchmark takes 2 notebooks (prepare, answer), and no cell with code is tagged for answer. Tag the cells "
        "of that step with `rob:answer`, or give a notebook of its own for it."
    )
    assert told(*divide(HANDLE, half)) == [("answer", message, None)]
    text = tagged(("1", ["rob:answer"]), ("2", ["rob:prepare"]))
    text["cells"][0]["cell_type"] = "markdown"
    assert told(*divide(HANDLE, Source("a.ipynb", text))) == [("answer", message, None)], "a text is no step"
    blank = tagged(("1", []), ("2", ["rob:prepare"]), (" \n", ["rob:answer"]))
    assert told(*divide(HANDLE, Source("a.ipynb", blank))) == [("answer", message, None)], "nor is an empty cell"


def test_tags_that_are_missing_of_three() -> None:
    benchmark = {"name": "x", "parameters": [{"name": name, "dtype": "actor"} for name in "abc"]}
    some = Source("a.ipynb", tagged(("1", ["rob:a"])))
    ((_, message, _),) = told(*divide(benchmark, some), names=("a", "b", "c"))
    assert message == (
        "The benchmark takes 3 notebooks (a, b, c), and no cell with code is tagged for b and c. Tag the cells of "
        "each of them with `rob:b` or `rob:c`, or give a notebook of its own for each."
    )


def test_nothing_is_left_of_a_notebook() -> None:
    others = Source("a.ipynb", tagged(("1", ["rob:prepare"]), ("2", ["rob:prepare"]), ("\n", ["rob:answer"])))
    ((name, message, _),) = told(*divide(HANDLE, FIRST, {"answer": others}))
    assert name == "answer"
    assert message.startswith("No cell with code is left for answer: all are tagged for other steps.")
    assert "`rob:answer`" in message


@pytest.mark.parametrize(
    ("tags", "message", "cell"),
    [
        (
            [["rob:answr"]],
            "Cell 1 is tagged `rob:answr`, but the benchmark takes no notebook for answr. Did you mean `rob:answer`?",
            1,
        ),
        (
            [[], ["rob:zzz", "x"], ["rob:zzz"], ["rob:zzz"]],
            "Cell 2 and 2 more are tagged `rob:zzz`, but the benchmark takes no notebook for zzz. There are "
            "`rob:prepare` or `rob:answer`.",
            2,
        ),
        ([["rob: answer"]], "`rob: answer`, but the benchmark takes no notebook for  answer. Did you mean", 1),
    ],
)
def test_tags_of_no_parameter(tags: list[list[str]], message: str, cell: int) -> None:
    document = tagged(*((str(number), own) for number, own in enumerate(tags)))
    parts = divide(HANDLE, None, {"prepare": Source("a.ipynb", document), "answer": SECOND})
    assert kinds(parts[0]) == ["code"] * len(tags), "they are for all"
    ((_, problem),) = check_split(parts, NAMES)
    assert message in problem.message
    assert (problem.severity, problem.cell) == ("warning", cell)


@pytest.mark.parametrize("tags", [None, "rob:answer", ["rob:"], [1, None, {"a": 1}], {"rob:answer": 1}])
def test_what_is_no_tag(tags: Any) -> None:
    assert steps_of({"metadata": {"tags": tags}}, NAMES) == []
    assert steps_of({}, NAMES) == []


def test_a_tag_of_any_length_is_answered_at_once() -> None:
    document = tagged((str(1), [f"rob:{'answer' * 100_000}"]))
    parts = divide(HANDLE, None, {"prepare": Source("a.ipynb", document), "answer": SECOND})
    ((_, problem),) = check_split(parts, NAMES)
    assert isinstance(problem, Problem)
