"""The parts of a script that are not the notebook's: its options, and what a kernel would have provided.

They are texts, since they run where the script does: with plain Python from 3.7 on. ``{name}`` stands for their name,
chosen so that the notebook does not use it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Reads the command line at the top of the script. What it returns is called with the globals after the `parameters`
#: cell, and overrides only what was given: a default is what the notebook computes.
OPTIONS = '''\
def {name}(declared):
    """Read the command line: each variable of the notebook's `parameters` cell is an option."""
    import argparse
    import ast
    import json
    import sys

    options = ["--" + name for name in declared]
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help="help" not in declared)
    for name, (kind, text) in declared.items():
        parser.add_argument("--" + name, default=argparse.SUPPRESS, metavar=kind.rstrip("?") or "value", help=text)
    words = []
    for word in sys.argv[1:]:
        # The value in `--x -1e-3` would be read as an option; in `--x=-1e-3` it is not.
        if words and words[-1] in options and word.split("=")[0] not in options:
            words[-1] += "=" + word
        else:
            words.append(word)
    texts, rest = parser.parse_known_args(words)
    if rest:
        known = "The options are " + ", ".join(options) if options else "No `parameters` cell assigns options"
        parser.error("unrecognized arguments: " + " ".join(rest) + ". " + known + ".")
    # What a kernel was started with is nothing that a notebook reads.
    del sys.argv[1:]

    def kind_of(default):
        for types, kind in ((bool, "bool"), (int, "number"), (float, "float"), (dict, "dict")):
            if isinstance(default, types):
                return kind
        return "list" if isinstance(default, (list, tuple, set)) else "str"

    def literal(text, types):
        try:
            value = json.loads(text)
        except ValueError:
            value = ast.literal_eval(text)
        if not isinstance(value, types):
            raise ValueError(text)
        return value

    def number(text):
        try:
            return int(text)
        except ValueError:
            return float(text)

    truth = dict(true=True, yes=True, on=True, false=False, no=False, off=False)
    truth.update([("1", True), ("0", False)])
    read = dict(
        str=str,
        int=int,
        float=float,
        number=number,
        bool=lambda text: truth[text.strip().lower()],
        list=lambda text: literal(text, (list, tuple, set)),
        dict=lambda text: literal(text, dict),
    )

    def override(variables):
        for name, text in vars(texts).items():
            default = variables.get(name)
            kind = declared[name][0].rstrip("?") or kind_of(default)
            optional = declared[name][0].endswith("?") or default is None
            if optional and kind != "str" and text in ("None", "null"):
                variables[name] = None
                continue
            try:
                variables[name] = read[kind](text)
            except (KeyError, ValueError, SyntaxError, TypeError):
                expected = dict(bool="true or false", list="a list like [1, 2]", dict="an object like {{\\"a\\": 1}}")
                parser.error("argument --%s: %r is not %s" % (name, text, expected.get(kind, "a valid " + kind)))

    return override
'''

#: `display` is a function of the notebook's.
DISPLAY = '''\
def display(*values, **options):
    """Print what a notebook would show."""
    for value in values:
        print(repr(value))
'''

#: Called at once: `IPython.display` can be imported where IPython is not installed.
IPYTHON = '''\
def {name}():
    """Where IPython is not installed, print what a notebook would show."""
    import sys
    import types

    try:
        import IPython.display  # noqa: F401
    except ImportError:
        pass
    else:
        return

    class Shown:
        def __init__(self, *values, **options):
            self.data = values[0] if values else None

        def update(self, *values, **options):
            display(*values)

        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(name)
            return lambda *values, **options: None

    def display(*values, **options):
        for value in values:
            print(repr(value))
        return Shown(*values)

    def attribute(name):
        if name.startswith("_"):
            raise AttributeError(name)
        return type(name, (Shown,), {{}})

    modules = {{name: types.ModuleType(name) for name in ("IPython", "IPython.core", "IPython.display")}}
    shown = modules["IPython.display"]
    shown.display, shown.__getattr__ = display, attribute
    modules["IPython.core.display"] = modules["IPython"].display = modules["IPython.core"].display = shown
    modules["IPython"].core = modules["IPython.core"]
    # matplotlib and others ask whether they are in a notebook.
    modules["IPython"].get_ipython = lambda: None
    sys.modules.update(modules)
'''

#: For scripts that draw: no window is opened.
BACKEND = '__import__("os").environ.setdefault("MPLBACKEND", "Agg")  # no display is needed\n'

#: For scripts that save figures: called after each cell.
FIGURES = '''\
def {name}():
    """Close all figures, as a notebook does at the end of each cell."""
    import sys

    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
'''

_KINDS = {
    **{name: name for name in ("str", "int", "float", "bool", "dict")},
    **dict.fromkeys(("list", "tuple", "set", "frozenset", "sequence", "iterable", "collection"), "list"),
    "mapping": "dict",
}
_LONGEST_DEFAULT = 60


@dataclass(frozen=True)
class Option:
    """A variable of the `parameters` cell. ``type`` is what its annotation or comment says, else empty; ``default`` is
    Python's text."""

    name: str
    type: str = ""
    default: str = ""
    help: str = ""

    @property
    def kind(self) -> str:
        """How a value is read: the name of a type, ``?`` behind it when it may be None; empty to go by the default."""
        return _kind(self.type)

    @property
    def description(self) -> str:
        """For the script's ``--help``."""
        default = self.default if len(self.default) <= _LONGEST_DEFAULT else self.default[: _LONGEST_DEFAULT - 1] + "…"
        words = [self.help, f"(default: {default})" if default else ""]
        # argparse formats its help texts.
        return " ".join(word for word in words if word).replace("%", "%%")


def declaration(options: Sequence[Option]) -> str:
    """The argument of :data:`OPTIONS`, as Python's text."""
    if not options:
        return "{}"
    lines = [f"    {option.name!r}: ({option.kind!r}, {option.description!r}),\n" for option in options]
    return "{\n" + "".join(lines) + "}"


def free_name(name: str, text: str) -> str:
    """``name``, with as many underscores as make it one that ``text`` does not use."""
    while re.search(rf"\b{name}\b", text):
        name += "_"
    return name


def _kind(text: str) -> str:
    try:
        return _kind_of(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError):
        return ""


def _kind_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _kind(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _optional([node.left, node.right])
    if isinstance(node, ast.Subscript):
        outer = ast.unparse(node.value).rpartition(".")[2]
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if outer == "Optional":
            return _optional([*inner, ast.Constant(None)])
        if outer == "Union":
            return _optional(inner)
        return _kind_of(node.value)
    return _KINDS.get(ast.unparse(node).rpartition(".")[2].lower(), "")


def _optional(alternatives: Sequence[ast.expr]) -> str:
    types = [node for node in alternatives if not (isinstance(node, ast.Constant) and node.value is None)]
    kind = _kind_of(types[0]) if len(types) == 1 else ""
    return f"{kind.rstrip('?')}?" if kind and len(types) < len(alternatives) else kind
