"""IPython's own syntax in a cell: magics, shell lines and help, turned into plain Python or found wanting.

A magic that changes nothing in the files which a notebook writes is dropped or unwrapped; any other is refused with its
line. Lines keep their numbers.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from dataclasses import dataclass, replace
from typing import Literal

# What they do is seen in the notebook only.
_DROPPED = frozenset(
    [
        "alias_magic",
        "autoawait",
        "autocall",
        "autoindent",
        "automagic",
        "autoreload",
        "autosave",
        "colors",
        "config",
        "doctest_mode",
        "hist",
        "history",
        "lsmagic",
        "magic",
        "matplotlib",
        "page",
        "pdb",
        "pdoc",
        "pfile",
        "pinfo",
        "pprint",
        "precision",
        "psearch",
        "psource",
        "quickref",
        "timeit",
        "who",
        "who_ls",
        "whos",
        "xmode",
    ]
)
_DROPPED_CELLS = frozenset(["html", "javascript", "js", "latex", "markdown", "svg", "timeit"])
# Extensions that bring magics or an editor's comfort. Others may change what the code does.
_EXTENSIONS = frozenset(
    [
        "autoreload",
        "autotime",
        "jupyter_black",
        "lab_black",
        "line_profiler",
        "memory_profiler",
        "nb_black",
        "tensorboard",
        "watermark",
    ]
)
_CAPTURE_OPTION = re.compile(r"(--no-(stdout|stderr|display)\s*)*")
_FIGURES = re.compile(r"\s*InlineBackend\.(rc|close_figures)\b")

_PACKAGES = "the environment is the benchmark's: ask its coordinator for the package"
_WAYS_OUT = {
    **dict.fromkeys(("pip", "conda", "mamba", "micromamba", "uv"), _PACKAGES),
    **dict.fromkeys(("env", "set_env"), "use os.environ"),
    **dict.fromkeys(("writefile", "file"), "write the file with open()"),
    **dict.fromkeys(("run", "load"), "put that file's code into the notebook"),
    **dict.fromkeys(("cd", "pushd", "popd", "pwd"), "use os.chdir() and os.getcwd()"),
    **dict.fromkeys(("ls", "ll", "cat", "cp", "mv", "rm", "mkdir", "rmdir"), "use os, shutil or pathlib"),
    **dict.fromkeys(("bash", "sh", "script", "sx", "system", "python", "python3"), "use subprocess.run()"),
    "pylab": "import what is used of numpy and matplotlib",
    "capture": "drop the name of the variable that keeps the output",
    "config": "set matplotlib.rcParams, or close figures with plt.close()",
    "timeit": "measure with time.perf_counter()",
    "load_ext": "drop the line, or do without the extension",
    "time": "put the statement into a line of its own",
}
#: Magics that a cell of one line may name without its `%`.
AUTOMAGICS = frozenset({*_DROPPED, *_WAYS_OUT, "load_ext", "reload_ext"} - {"time", "python", "file", "config", "page"})

# A string that does not end in its line ends there all the same: the rest of the cell is read on.
_TOKEN = re.compile(
    r"""
      (?P<string> \"{3} (?: \\. | (?!\"{3}). )* (?:\"{3}|\Z) | '{3} (?: \\. | (?!'{3}). )* (?:'{3}|\Z)
                | " (?: \\. | [^"\\\n] )* "? | ' (?: \\. | [^'\\\n] )* '? )
    | (?P<comment> \#[^\n]* )
    | (?P<space> [ \t\f]+ | \\\n )
    | (?P<open> [(\[{] ) | (?P<close> [)\]}] )
    | (?P<operator> [-+*/%&|^@<>!:=]= )
    | (?P<assign> = )
    | (?P<newline> \n )
    | (?P<other> \w+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_CONTINUED = r"(?:[^\n]*\\\n)*[^\n]*"
_ESCAPED = re.compile(rf"[ \t]*(?P<text>[%!?,;/]{_CONTINUED})")
_ASSIGNED = re.compile(rf"[ \t]*(?P<text>(?:%[ \t]*\w|!){_CONTINUED})")
_TIME = re.compile(r"%[ \t]*time(?:[ \t]|\\\n)+")
_AUTOMAGIC = re.compile(r"(?P<name>\w+)[ \t]+(?![=,:)\]}&|*<>+]|(?:is|in|not|and|or|if)\b).*")


@dataclass(frozen=True)
class Finding:
    """What is refused (an error) or left out (a warning); ``line`` counts from 1 in its cell."""

    severity: Literal["error", "warning"]
    line: int
    message: str


@dataclass(frozen=True)
class Plain:
    """A cell as plain Python; ``magics`` are those left out, without their ``%``."""

    text: str
    findings: tuple[Finding, ...] = ()
    magics: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Special:
    """A place of IPython's syntax: offsets of its logical line, of its own text and of the end of both."""

    line: int
    start: int
    end: int
    assigned: bool = False


@dataclass(frozen=True)
class _Verdict:
    action: Literal["drop", "unwrap", "refuse"]
    text: str = ""


def to_python(text: str) -> Plain:
    """The cell ``text`` (its lines end with ``\\n``) as plain Python with the same line numbers.

    What is refused stays as it is, so ``text`` is of use only when no finding is an error. Errors of syntax are left to
    the compiler.
    """
    lines = text.split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return Plain(text)
    if lines[first][0].isspace():
        # As IPython does: a whole cell may be indented.
        text = textwrap.dedent(text)
        lines = text.split("\n")
    if lines[first].startswith("%%"):
        return _cell_magic(lines, first)
    if _parses(text):
        return Plain(text)
    automagic = _AUTOMAGIC.fullmatch(text.strip())
    if automagic and automagic["name"] in AUTOMAGICS:
        lines[first] = "%" + lines[first]
        text = "\n".join(lines)
    return _line_magics(text)


def refusal(shown: str, name: str) -> str:
    """Why the magic ``name`` is refused, and the way out; ``shown`` is what the user wrote."""
    way_out = _WAYS_OUT.get(name, "replace it by plain Python")
    return f"`{_short(shown)}` is IPython's and can't be part of a script: {way_out}."


def _cell_magic(lines: list[str], first: int) -> Plain:
    shown = lines[first].rstrip()
    name, _, arguments = shown[2:].partition(" ")
    verdict = _judge_cell(name, arguments.strip())
    number = first + 1
    if verdict.action == "refuse":
        return Plain("\n".join(lines), (Finding("error", number, verdict.text or refusal(shown, name)),))
    above = "\n" * first + f"# {shown}"
    if verdict.action == "drop":
        return Plain(above, (_left_out(number, f"the cell `{_short(shown)}`"),))
    body = to_python("\n".join(lines[number:]))
    findings = tuple(replace(finding, line=finding.line + number) for finding in body.findings)
    return Plain(f"{above}\n{body.text}", (_left_out(number, f"`{_short(shown)}`"), *findings), body.magics)


def _line_magics(text: str) -> Plain:
    findings: list[Finding] = []
    magics: list[str] = []
    position = 0
    while special := _next_special(text, position):
        shown = re.sub(r"\s*\\\n\s*", " ", text[special.start : special.end]).strip()
        number = text.count("\n", 0, special.start) + 1
        verdict = _judge(shown, special.assigned)
        position = special.line
        if verdict.action == "refuse":
            findings.append(Finding("error", number, verdict.text))
            position = special.end
        elif verdict.action == "unwrap":
            text = text[: special.start] + _TIME.sub("", text[special.start :], count=1)
            findings.append(_left_out(number, "`%time`"))
        else:
            indent = text[special.line : special.start]
            left = f"{'pass  ' if indent else ''}# {shown}" + "\n" * text.count("\n", special.start, special.end)
            text = text[: special.start] + left + text[special.end :]
            findings.append(_left_out(number, f"`{_short(shown)}`"))
            magics.append(shown.lstrip("%"))
    return Plain(text, tuple(findings), tuple(magics))


def _judge_cell(name: str, arguments: str) -> _Verdict:
    if name in _DROPPED_CELLS:
        return _Verdict("drop")
    if name == "time" and arguments:
        return _Verdict("refuse", f"`%%time {_short(arguments)}` takes no statement in its line: begin a new line.")
    if name == "time" or (name == "capture" and _CAPTURE_OPTION.fullmatch(arguments)):
        return _Verdict("unwrap")
    return _Verdict("refuse")


def _judge(shown: str, assigned: bool) -> _Verdict:
    """What becomes of the line ``shown``, or of the right side of an assignment."""
    if shown.startswith("?") or (shown.endswith("?") and not shown.startswith("!")):
        return _Verdict("refuse", f"`{_short(shown)}` asks IPython for help and can't be part of a script: delete it.")
    if shown.startswith("!"):
        name = (shown.lstrip("!").split() or [""])[0]
        # What installs packages has a way out of its own.
        return _Verdict("refuse", refusal(shown, name if _WAYS_OUT.get(name) == _PACKAGES else "bash"))
    if not shown.startswith("%"):
        return _Verdict("refuse", f"`{_short(shown)}` is IPython's short form of a call: write it with parentheses.")
    if shown.startswith("%%"):
        return _Verdict("refuse", f"`{_short(shown)}` must be the first line of its cell.")
    name, _, arguments = shown[1:].strip().partition(" ")
    arguments = arguments.strip()
    if name == "time" and arguments and not arguments.startswith("--"):
        return _Verdict("unwrap")
    quiet_extension = name in ("load_ext", "reload_ext") and arguments in _EXTENSIONS
    harmless = name in _DROPPED or quiet_extension or (name == "time" and not arguments)
    if assigned or not harmless or (name == "config" and _FIGURES.match(arguments)):
        return _Verdict("refuse", refusal(shown, name))
    return _Verdict("drop")


def _next_special(text: str, position: int) -> _Special | None:
    """The first place of IPython's syntax from the beginning of a logical line on.

    As IPython does, only the beginning of a logical line, the right side of its first assignment and its end count;
    what is in strings, comments, brackets or after a continuation does not.
    """
    depth, last, assigned, line = 0, "", False, -1
    while position < len(text):
        if line < 0:
            line, last, assigned = position, "", False
            if escaped := _ESCAPED.match(text, position):
                return _Special(line, escaped.start("text"), escaped.end())
        token = _TOKEN.match(text, position)
        assert token is not None
        kind = token.lastgroup
        if kind == "newline" and depth == 0:
            if last == "?":
                break
            line = -1
        elif kind == "assign" and depth == 0 and not assigned:
            assigned = True
            if special := _ASSIGNED.match(text, token.end()):
                return _Special(line, special.start("text"), special.end(), assigned=True)
        elif kind in ("open", "close"):
            depth = max(0, depth + (1 if kind == "open" else -1))
        if kind not in ("space", "newline"):
            last = token[0][-1] if kind == "other" else ""
        position = token.end()
    if last != "?" or depth:
        return None
    start = line + len(text[line:position]) - len(text[line:position].lstrip())
    return _Special(line, start, position)


def _left_out(line: int, what: str) -> Finding:
    return Finding("warning", line, f"{what} is left out of the script.")


def _short(shown: str) -> str:
    return shown if len(shown) <= 60 else shown[:59] + "…"


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
