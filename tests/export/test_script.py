"""What is refused, with cell and line, and what a script is made of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob import notebooks
from jupyterlab_rob.errors import InvalidInput, RobError
from jupyterlab_rob.export import Script, check_script, export_script
from jupyterlab_rob.export.script import _convert, script_name

from ..protocol import KERNEL, make_notebook
from .running import start

REFUSED = {
    "magic": (["x = 1", "y = 2\n!ls"], "Cell 2, line 2: `!ls`"),
    "syntax": (["x = 1", "\ndef f(:\n  pass"], "Cell 2, line 2: this is no valid Python (invalid syntax)."),
    "return": (["x = 1\nreturn x"], "Cell 1, line 2: this is no valid Python ('return' outside function)."),
    "null": (["x = '\0'"], "Cell 1, line 1: this is no valid Python"),
    "surrogate": (["x = '\ud800'"], "Cell 1, line 1: this is no valid Python"),
    "depth": (["x = " + "(" * 5000 + ")" * 5000], "Cell 1, line 1: this is no valid Python"),
    "continuation": (["x = 1 \\", "y = 2"], "Cell 1, line 1: this is no valid Python"),
    "future": (["x = 1\nfrom __future__ import annotations"], "Cell 1, line 2: this is no valid Python"),
    "await": (["x = 1\nawait x"], "Cell 1, line 2: `await` outside of a function works in notebooks only"),
    "async for": (["x = 1", "async for y in x:\n    pass"], "Cell 2, line 1: `await` outside of a function"),
    "global": (["x = 1", "y = 1\nglobal x"], "Cell 2, line 2: this is no valid Python"),
    "get_ipython": (["x = 1\nshell = get_ipython()"], "Cell 1, line 2: `get_ipython()` exists in notebooks only"),
    "IPython.get_ipython": (["import IPython\nIPython.get_ipython()"], "Cell 1, line 2: `get_ipython()` exists"),
    "result": (["1 + 1", "x = _"], "Cell 2, line 1: `_` is IPython's history of earlier cells"),
    "numbered result": (["1 + 1", "x = _1"], "`_1` is IPython's history"),
    "inputs": (["print(In)"], "`In` is IPython's history"),
    "bare magic": (["x = 1", "ls"], "Cell 2, line 1: `ls` is IPython's"),
}


def _tag(notebook: dict[str, Any], index: int, tag: str) -> dict[str, Any]:
    notebook["cells"][index]["metadata"].setdefault("tags", []).append(tag)
    return notebook


def _export(*sources: str, name: str = "tagger.ipynb", tagged: int | None = 0) -> Script:
    return export_script(make_notebook(*sources, tagged=tagged), name)


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_name_cell_and_line(case: str) -> None:
    sources, message = REFUSED[case]
    notebook = make_notebook(*sources)
    errors = [problem for problem in check_script(notebook) if problem.severity == "error"]
    assert message in errors[0].message
    assert errors[0].cell == int(message.split()[1].rstrip(",")) if message.startswith("Cell") else True
    with pytest.raises(InvalidInput) as caught:
        export_script(notebook, "tagger.ipynb")
    assert caught.value.problems == tuple(check_script(notebook)), "the check and the export say the same"
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({}, "choose a kernel in JupyterLab"),
        ({"kernelspec": {"name": "ir", "language": "R"}}, "its language is r"),
    ],
)
def test_another_language_is_refused(metadata: dict[str, Any], said: str) -> None:
    notebook = make_notebook("x <- 1", metadata=metadata)
    with pytest.raises(InvalidInput, match=said):
        export_script(notebook, "tagger.ipynb")
    assert said in check_script(notebook)[0].message


def test_cells_that_papermill_leaves_out_are_not_checked() -> None:
    assert check_script(_tag(make_notebook("x = 1", "!ls"), 1, "skip-execution")) == []


def test_all_errors_are_told_before_warnings() -> None:
    problems = check_script(make_notebook("%xmode plain\n!ls", "x = (", "%run x"))
    assert [(problem.severity, problem.cell) for problem in problems] == [
        ("error", 1),
        ("error", 2),
        ("error", 3),
        ("warning", 1),
    ]


def test_what_is_left_out_is_told_with_the_script() -> None:
    notebook = make_notebook("out = 'o'", "%matplotlib inline\nfrom IPython.core.magic import register_line_magic")
    script = export_script(notebook, "tagger.ipynb")
    assert [problem.message for problem in script.problems] == [
        "Cell 2, line 1: `%matplotlib inline` is left out of the script.",
        "Cell 2, line 2: IPython.core.magic.register_line_magic may be missing where the script runs.",
    ]
    assert script.problems == tuple(check_script(notebook))


def test_a_script_tells_where_it_comes_from_and_is_always_the_same() -> None:
    notebook = make_notebook("out = 'o'")
    script = export_script(notebook, "my/tagger.ipynb")
    assert script.name == "tagger.py"
    assert "from the notebook tagger.ipynb" in script.content
    assert notebooks.digest(notebook) in script.content
    notebook["cells"][0].update(
        outputs=[{"output_type": "stream", "name": "stdout", "text": "x"}], source=["out = 'o'"]
    )
    assert export_script(notebook, "my/tagger.ipynb") == script
    _convert.cache_clear()
    assert export_script(notebook, "my/tagger.ipynb") == script, "made anew"


def test_what_was_previewed_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = make_notebook("previewed = 1")
    script = export_script(notebook, "tagger.ipynb")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert export_script(notebook, "tagger.ipynb") == script
    with pytest.raises(RobError, match="can't be converted"):
        export_script(make_notebook("previewed = 2"), "tagger.ipynb")


def test_options_have_the_order_of_the_cell() -> None:
    script = _export("z: int = 1\na, (b, c) = 1, (2, 3)\nz = 2\nd['x'] = 1\nk = l = 5")
    assert script.options == ("z", "a", "b", "c", "k", "l")


def test_there_are_no_options_without_a_parameters_cell(tmp_path: Path) -> None:
    script = _export("print('ran')", tagged=None)
    assert script.options == ()
    done = start(script.content, _folder(tmp_path), ["--out", "o"])
    assert done.returncode == 2
    assert "unrecognized arguments: --out o. No `parameters` cell assigns options." in done.stderr
    assert "ran" not in done.stdout


def test_a_notebook_may_read_the_command_line_itself(tmp_path: Path) -> None:
    script = _export("import sys\nprint(sys.argv[1:])", tagged=None)
    assert start(script.content, _folder(tmp_path), ["a", "--b"]).stdout == "['a', '--b']\n"


def test_help_tells_what_papermill_reads(tmp_path: Path) -> None:
    script = _export(
        "n = 5  # how many, in %\nx = None  # type: float the threshold\nc = '#fff'\nd = dict(a=1)\n"
        f"e: 'int' = (\n  2\n)\nlong = {'x' * 99!r}"
    )
    done = start(script.content, _folder(tmp_path), ["--help"])
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    for expected in (
        "--n value how many, in % (default: 5)",
        "--x float the threshold (default: None)",
        "--c value (default: '#fff')",
        "--d value (default: dict(a=1))",
        "--e int (default: ",
        "xxx…)",
    ):
        assert expected in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data/in.txt"], "unrecognized arguments: data/in.txt. The options are --n, --flag, --words, --most, --o."),
        (["--m", "1"], "unrecognized arguments: --m 1. The options are"),
        (["--mos", "1"], "unrecognized arguments: --mos 1."),
        (["--n"], "argument --n: expected one argument"),
        (["--n", "--flag", "1"], "argument --n: expected one argument"),
        (["--n", "many"], "argument --n: 'many' is not a valid number"),
        (["--n", ""], "argument --n: '' is not a valid number"),
        (["--flag", "2"], "argument --flag: '2' is not true or false"),
        (["--words", "a,b"], "argument --words: 'a,b' is not a list like [1, 2]"),
        (["--words", "3"], "argument --words: '3' is not a list like [1, 2]"),
        (["--o", "[1]"], "argument --o: '[1]' is not an object like {\"a\": 1}"),
        (["--most", "1.5"], "argument --most: '1.5' is not a valid int"),
    ],
)
def test_a_wrong_command_line_is_explained(
    words: list[str], message: str, options_script: Script, tmp_path: Path
) -> None:
    done = start(options_script.content, _folder(tmp_path), words)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def options_script() -> Script:
    return _export("n = 1\nflag = True\nwords = []\nmost: int = 3\no = {}", "print(n, flag, words, most, o)")


def test_a_value_may_look_like_an_option(options_script: Script, tmp_path: Path) -> None:
    words = ["--n", "-1e-3", "--flag=0", "--words", "(1, None)", "--most", "-3", "--o", '{"-": NaN}']
    done = start(options_script.content, _folder(tmp_path), words)
    assert done.stdout == "-0.001 False (1, None) -3 {'-': nan}\n", done.stderr


def test_figures_need_no_display(tmp_path: Path) -> None:
    script = _export(
        "x = 1",
        "try:\n    import seaborn\nexcept ImportError:\n    pass",
        "import os\nprint(os.environ['MPLBACKEND'])",
    )
    assert start(script.content, _folder(tmp_path), []).stdout == "Agg\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tagger.ipynb", "tagger.py"),
        ("a/../b\\My Tagger (2).ipynb", "My_Tagger_2.py"),
        ("Größe.ipynb", "Groe.py"),
        ("数.ipynb", "notebook.py"),
        ("..ipynb", "notebook.py"),
        (".ipynb", "notebook.py"),
        ("", "notebook.py"),
        ("-rf.ipynb", "rf.py"),
        ("x" * 300 + ".ipynb", "x" * 80 + ".py"),
        ("random.ipynb", "random_notebook.py"),
        ("numpy.ipynb", "numpy_notebook.py"),
        ("a\n; b.ipynb", "a_b.py"),
    ],
)
def test_the_scripts_name_is_safe_and_hides_no_module(name: str, expected: str) -> None:
    assert script_name(name, frozenset({"numpy"})) == expected


def test_a_conversion_that_takes_too_long_is_ended() -> None:
    with pytest.raises(RobError, match=r"within 0\.01 s"):
        export_script(make_notebook("x = 1"), "tagger.ipynb", timeout=0.01)


def test_a_conversion_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "papermill.py").write_text("raise ImportError('papermill is broken')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    with pytest.raises(RobError, match="can't be converted to a script: ImportError: papermill is broken"):
        export_script(make_notebook("x = 1"), "tagger.ipynb")


def test_the_check_imports_neither_papermill_nor_nbconvert() -> None:
    code = (
        "import json, sys\nfrom jupyterlab_rob.export import check_script\n"
        "print(check_script(json.load(sys.stdin)))\n"
        "print({name.partition('.')[0] for name in sys.modules} & {'IPython', 'nbconvert', 'nbformat', 'papermill'})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(make_notebook("x = 1", metadata=KERNEL)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\nset()\n"


def _folder(path: Path) -> Path:
    folder = path / "run"
    folder.mkdir()
    return folder
