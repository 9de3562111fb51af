"""IPython's syntax: what is dropped, unwrapped or refused, and what only looks like it. The judge is IPython itself."""

from __future__ import annotations

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from jupyterlab_rob.export.magics import to_python


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        ("%matplotlib inline", "# %matplotlib inline"),
        ("x = 1\n%matplotlib notebook # why\ny = 2", "x = 1\n# %matplotlib notebook # why\ny = 2"),
        ("if x:\n    %config A.b = 1", "if x:\n    pass  # %config A.b = 1"),
        ("%load_ext autoreload", "# %load_ext autoreload"),
        ("%autoreload 2", "# %autoreload 2"),
        ("%who \\\n  int\nx = 1", "# %who int\n\nx = 1"),
        ("%time", "# %time"),
        ("%time f(x)", "f(x)"),
        ("%time x = 1", "x = 1"),
        ("%time %time x", "x"),
        ("%time %xmode plain", "# %xmode plain"),
        ("x = %time f(y)", "x = f(y)"),
        ("for x in y:\n    %time z = x", "for x in y:\n    z = x"),
        ("%timeit f(x)", "# %timeit f(x)"),
        ("%%time\nx = 1", "# %%time\nx = 1"),
        ("\n\n%%capture\nx = 1", "\n\n# %%capture\nx = 1"),
        ("%%capture --no-stderr --no-stdout\n%%time\nx", "# %%capture --no-stderr --no-stdout\n# %%time\nx"),
        ("%%html\n<b>", "# %%html"),
        ("%%timeit\nx", "# %%timeit"),
        ("matplotlib inline", "# %matplotlib inline"),
    ],
)
def test_harmless_magics_are_left_out(cell: str, plain: str) -> None:
    result = to_python(cell)
    assert result.text == plain
    assert result.findings
    assert {finding.severity for finding in result.findings} == {"warning"}
    assert "left out of the script" in result.findings[0].message


@pytest.mark.parametrize(
    ("cell", "line", "message"),
    [
        ("!ls", 1, "`!ls` is IPython's and can't be part of a script: use subprocess.run()."),
        ("x = 1\nif x:\n    !ls -l", 3, "`!ls -l` is IPython's"),
        ("!!ls", 1, "`!!ls` is IPython's"),
        ("files = !ls *.txt", 1, "`!ls *.txt` is IPython's"),
        ("!pip install torch", 1, "ask its coordinator for the package"),
        ("\n\n%pip install torch", 3, "ask its coordinator for the package"),
        ("%conda install torch", 1, "ask its coordinator for the package"),
        ("pip install torch", 1, "ask its coordinator for the package"),
        ("%run other.py", 1, "put that file's code into the notebook"),
        ("%env X=1", 1, "use os.environ"),
        ("x = %env HOME", 1, "use os.environ"),
        ("%cd ..", 1, "use os.chdir()"),
        ("cd ..", 1, "use os.chdir()"),
        ("here = %pwd", 1, "use os.chdir() and os.getcwd()"),
        ("%pylab inline", 1, "import what is used of numpy and matplotlib"),
        ("%config InlineBackend.rc = {}", 1, "set matplotlib.rcParams"),
        ("%load_ext my_extension", 1, "drop the line, or do without the extension"),
        ("r = %timeit -o f()", 1, "measure with time.perf_counter()"),
        ("%time --no-raise-error f()", 1, "put the statement into a line of its own"),
        ("%time !ls", 1, "`!ls` is IPython's"),
        ("%unknown 1", 1, "`%unknown 1` is IPython's and can't be part of a script: replace it by plain Python."),
        ("%%bash\nls", 1, "use subprocess.run()"),
        ("\n%%writefile x.py\nx = 1", 2, "write the file with open()"),
        ("%%capture output\nx", 1, "drop the name of the variable"),
        ("%%time x = 1\nx", 1, "begin a new line"),
        ("%%sql\nselect 1", 1, "`%%sql` is IPython's"),
        ("%%time\nx = 1\n!ls", 3, "`!ls` is IPython's"),
        ("# first\n%%time\nx", 2, "`%%time` must be the first line of its cell."),
        ("?print", 1, "`?print` asks IPython for help"),
        ("x = 1\nprint?", 2, "`print?` asks IPython for help"),
        ("x.y??", 1, "`x.y??` asks IPython for help"),
        ("%time?", 1, "`%time?` asks IPython for help"),
        ("/print 1", 1, "write it with parentheses"),
        (",print a b", 1, "write it with parentheses"),
        ("%env " + "x" * 100, 1, "x…` is IPython's"),
        ("x = '''\n%a\n''' # ' \"\"\"\ny = \"it's\"\n!echo it's", 5, "`!echo it's` is IPython's"),
    ],
)
def test_others_are_refused_with_their_line(cell: str, line: int, message: str) -> None:
    errors = [finding for finding in to_python(cell).findings if finding.severity == "error"]
    assert [error.line for error in errors] == [line]
    assert message in errors[0].message


def test_each_refusal_is_told() -> None:
    findings = to_python("!ls\nx = 1\n%env X=1\ny = !ls\nz?").findings
    assert [finding.line for finding in findings] == [1, 3, 4, 5]


@pytest.mark.parametrize(
    "cell",
    [
        "text = '''\n%matplotlib inline\n!ls\nx?\n'''",
        'text = """it\'s\n%env X\n"""',
        "a = b \\\n% c",
        "a = (b\n% c)",
        "a = [\n# what?\n]\n# %matplotlib\n# !ls",
        "a = b % c\na %= 2\nx = a != b",
        "print('50%')  # really?",
        "text = 'a \\\n%env'",
        "f(x=\n1)",
        "x = 1; y = 2",
        "text = f'{x!r} {y:%d}'",
        "# only a comment",
        "   \n",
        "",
        "run = 1\nrun",
        "matplotlib in modules",
    ],
)
@pytest.mark.parametrize("magic", ["", "%matplotlib inline\n", "%time z = 1\n"])
def test_python_that_looks_like_magic_is_left_alone(cell: str, magic: str) -> None:
    result = to_python(magic + cell)
    assert result.text == magic.replace("%matplotlib", "# %matplotlib").replace("%time ", "") + cell
    assert len(result.findings) == bool(magic)
    if magic and cell.strip():
        assert "get_ipython" not in TransformerManager().transform_cell(cell), "IPython says the same"


def test_an_indented_cell_is_dedented() -> None:
    assert to_python("  x = 1\n  %xmode plain\n  y = 2").text == "x = 1\n# %xmode plain\ny = 2"


@pytest.mark.parametrize("cell", ["x = (", "x = 'a", "'''", ")", "x = \\", "%time (", "\\", "x ? y", "f(?", '"""\n%x'])
def test_broken_python_is_left_to_the_compiler(cell: str) -> None:
    assert not [finding for finding in to_python(cell).findings if finding.severity == "error"]
