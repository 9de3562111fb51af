"""A script writes what papermill makes the notebook write, byte by byte."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob.export import export_script

from ..protocol import make_notebook
from .running import run_notebook, run_script

_DUMP = "import json\nwith open(out, 'w') as file:\n    json.dump({names}, file)\n"
_LITERALS = ["--words", '["b", "c\\""]', "--options", "{'a': None}"]


@dataclass
class Case:
    """A notebook, the values that papermill sets, and the words of the command line that say the same."""

    sources: list[str]
    values: dict[str, Any]
    words: list[str]
    tags: dict[int, str] = field(default_factory=dict)
    kinds: dict[int, str] = field(default_factory=dict)
    parameters: int | None = 0
    packages: bool = False
    #: Papermill executes all cells and reports at the end that one has failed.
    fails: bool = False

    def notebook(self) -> dict[str, Any]:
        notebook = make_notebook(*self.sources, tagged=self.parameters)
        for index, tag in self.tags.items():
            notebook["cells"][index]["metadata"].setdefault("tags", []).append(tag)
        for index, kind in self.kinds.items():
            notebook["cells"][index] = {"cell_type": kind, "metadata": {}, "source": self.sources[index]}
        return notebook


def _out(*names: str) -> str:
    return _DUMP.replace("{names}", "[" + ", ".join(names) + "]")


CASES = {
    "types": Case(
        [
            "out = 'o'\nn = 1  # how many\nratio = 0.5\nflag = False\nwords = ['a']\noptions = {}\nname = 'x'",
            _out("n", "ratio", "flag", "words", "options", "name"),
        ],
        {"out": "p", "n": 7, "ratio": -1e-05, "flag": True, "words": ["b", 'c"'], "options": {"a": None}, "name": "-7"},
        ["--out", "p", "--n=7", "--ratio", "-1e-05", "--flag", "True", "--name", "-7", *_LITERALS],
    ),
    "annotated types": Case(
        [
            "from typing import Optional, List\nout: str = 'o'\na: Optional[int] = None\nb: 'float' = None\n"
            "c: List[int] = ()\nd = None  # type: bool whether\ne: Optional[int] = 3\nf: int | None = 4\nz = None",
            _out("a", "b", "c", "d", "e", "f", "z"),
        ],
        {"out": "p", "a": 3, "b": 2.0, "c": [1, 2], "d": False, "e": None, "f": 5, "z": "12"},
        ["--out=p", "--a=3", "--b=2", "--c=[1, 2]", "--d=no", "--e=None", "--f=5", "--z=12"],
    ),
    "defaults that are computed": Case(
        [
            "import os",
            "out = os.path.join('.', 'o')\nx = 2\ny = 2 * x\nname = f'{x}-{y}'\nmany = dict(a=1, b='#')\np, q = 1, 2",
            _out("x", "y", "name", "many", "p", "q", "sorted(n for n in globals() if 'rob' in n)"),
        ],
        {"x": 10, "q": 0.5},
        ["--x", "10", "--q", "0.5"],
        parameters=1,
    ),
    "magics": Case(
        [
            "%load_ext autoreload\n%autoreload 2\n%matplotlib inline",
            "\n# where the result goes\n%config InlineBackend.figure_format = 'retina'\nout = 'o'",
            "%%time\ntotal = sum(range(10))\n%time other = total * 2",
            "\n%%capture --no-stderr\nx = %time 3\nif x:\n    %timeit -n1 -r1 x\ny = 5 \\\n  % 3\n%xmode plain",
            "%%timeit -n1 -r1\ntotal = 0",
            "%%html\n<b>out</b>",
            "  text = '''\n  %matplotlib inline\n  !ls\n  '''\n  m = (7\n  % 4)  # a comment?\n",
            "%time \\\n  z = 4; \\\n  w = 5\n" + _out("total", "other", "x", "y", "text", "m", "z", "w"),
        ],
        {"out": "p"},
        ["--out", "p"],
        parameters=1,
    ),
    "names of the front": Case(
        [
            "out = 'o'\nhelp = 'h'\nh = 1\nn_events = 2\nargparse = 3\nname = 4\n_rob_options = 5\n_x = 6",
            "import sys\nargv = len(sys.argv[1:]) * 0\n"
            + _out("help", "h", "n_events", "argparse", "name", "_x")
            + "    json.dump(_rob_options, file)",
        ],
        {"out": "p", "help": "me", "h": 2, "n_events": 10, "_x": 7},
        ["--out", "p", "--help", "me", "--h", "2", "--n_events", "10", "--_x", "7"],
    ),
    "imports from the future": Case(
        [
            "out = 'o'",
            "# first\nfrom __future__ import annotations; k = 1\n\ndef f(x: Unknown) -> Missing:\n    return k",
            "from __future__ import (\n    annotations,\n    division\n)\ng = 1 / 2",
            _out("f(1)", "g", "f.__annotations__"),
        ],
        {"out": "p"},
        ["--out", "p"],
    ),
    "cells that are not run, or fail": Case(
        [
            "# Title\r\n\rwith a return, a \0 and %magic\n```\nimport missing\n```",
            "out = 'o'\r\nx = 1\r\n",
            "raw {{ text }} is no code\n!ls",
            "x = 2\n!ls",
            "x = 3\nt = '''a\n  b\\\nc'''\ndef f():\n    return f'''\n{x}\n'''\nraise ValueError(t)\nx = 4",
            "import sys\nsys.exit(3)",
            "",
            "# only a comment",
            "é = 'ünï – \U0001f600'\n" + _out("x", "t", "f()", "é"),
        ],
        {"out": "p"},
        ["--out", "p"],
        tags={3: "skip-execution", 4: "raises-exception", 5: "raises-exception", 7: "raises-exception"},
        kinds={0: "markdown", 2: "raw"},
        parameters=1,
        fails=True,
    ),
    "values of an earlier run": Case(
        ["out = 'o'\nx = 1\ny = x + 1", "z = x + 10", "out = 'old'\nx = 99", _out("x", "y", "z")],
        {"out": "p", "x": 5},
        ["--out", "p", "--x", "5"],
        tags={2: "injected-parameters"},
    ),
    "display": Case(
        [
            "out = 'o'",
            "from IPython.display import HTML, clear_output\nimport IPython.display as shown\n"
            "from IPython import display as d",
            "display(HTML('<b>x</b>'))\nclear_output(wait=True)\nhandle = shown.display('a', display_id=True)\n"
            "handle.update('b')\nd.display(d.Markdown('x'))\n'the last expression'",
            _out("HTML('y').data"),
        ],
        {"out": "p"},
        ["--out", "p"],
    ),
    "no parameters cell": Case(["out = 'o'\n" + _out("1")], {}, [], parameters=None),
    "figures": Case(
        [
            "out = 'o.png'\nother = 'p.png'",
            "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.savefig(out)\nplt.show()",
            "plt.plot([3, 1])\nplt.savefig(other)",
        ],
        {"out": "q.png"},
        ["--out", "q.png"],
        packages=True,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_script_writes_what_the_notebook_writes(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    script = export_script(case.notebook(), f"{name}.ipynb")

    expected = run_notebook(case.notebook(), tmp_path / "notebook", case.values, fails=case.fails)
    written = run_script(script.content, tmp_path / "script", case.words, packages=case.packages)

    assert expected, "the notebook must write something"
    assert written == expected
