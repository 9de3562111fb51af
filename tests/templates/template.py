"""A template without a fault, to be spoilt by the tests one fault at a time."""

from __future__ import annotations

from pathlib import Path

from jupyterlab_rob.templates import Finding, check_template

MANIFEST = """\
name: 'Sums'
description: 'Add up numbers.'
instructions: 'instructions.md'
specfile: 'benchmark.yaml'
files:
  - source: 'data'
  - source: 'private'
  - source: 'code'
"""

SPECIFICATION = """\
workflow:
  files:
    inputs: ['data/', 'private/', 'code/']
    outputs: ['results/sums.txt', 'results/score.json']
  parameters:
    inputfile: 'data/numbers.txt'
    outputfile: 'results/sums.txt'
    shift: $[[shift]]
  steps:
    - name: 'add'
      files:
        inputs: ['data/numbers.txt']
        outputs: ['results/sums.txt']
      action: $[[adder]]
    - name: 'evaluate'
      files:
        inputs: ['code/evaluate.py', 'private/truth.txt', 'results/sums.txt']
        outputs: ['results/score.json']
      action:
        environment: 'python'
        commands:
          - '"${python}" code/evaluate.py "${outputfile}" private/truth.txt results/score.json'
parameters:
  - name: 'adder'
    label: 'Notebook'
    dtype: 'actor'
    isRequired: true
  - name: 'shift'
    label: 'Shift'
    dtype: 'int'
    defaultValue: 0
    range: '[-10,10]'
    group: 'tuning'
parameterGroups:
  - {name: 'tuning', title: 'Tuning', index: 0}
outputs:
  - source: 'results/sums.txt'
    title: 'Sums'
results:
  file: 'results/score.json'
  schema:
    - {name: 'deviation', label: 'Deviation', dtype: 'float'}
    - {name: 'exact', label: 'Exact', dtype: 'int', path: 'counts/exact', required: false}
  orderBy:
    - {name: 'deviation', sortDesc: false}
postproc:
  workflow:
    files:
      inputs: ['code/', '$[[runs]]']
      outputs: ['results/plot.txt']
    parameters:
      runs: $[[runs]]
    steps:
      - name: 'plot'
        files:
          inputs: ['code/plot.py', 'runs/']
          outputs: ['results/plot.txt']
        action:
          environment: 'python'
          commands: ['"${python}" code/plot.py "${runs}" results/plot.txt']
  inputs:
    files: ['results/sums.txt']
    runs: 'runs'
  outputs:
    - {source: 'results/plot.txt', title: 'Plot'}
"""

FILES = {
    "flowserv.yaml": MANIFEST,
    "benchmark.yaml": SPECIFICATION,
    "instructions.md": "# Sums\n\nAdd up the numbers of each line.\n",
    "data/numbers.txt": "1 2\n3 4\n",
    "private/truth.txt": "3\n7\n",
    "code/evaluate.py": "import json\n\nprint(json.dumps({}))\n",
    "code/plot.py": "import json\n\nprint(json.dumps({}))\n",
}


def write(folder: Path, files: dict[str, str] | None = None) -> Path:
    """The template without fault in a new folder ``sums``, with ``files`` in place of its own."""
    root = folder / "sums"
    for name, text in {**FILES, **(files or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def spoilt(text: str, old: str, new: str) -> str:
    """``text`` with its one ``old`` replaced; a test that spoils nothing would show nothing."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the template"
    return text.replace(old, new)


def check_specification(folder: Path, text: str) -> list[Finding]:
    return check_template(write(folder, {"benchmark.yaml": text}))


def line_of(text: str, part: str) -> int:
    """The line of the first ``part`` in ``text``, from 1."""
    return text[: text.index(part)].count("\n") + 1


def shown(findings: list[Finding]) -> str:
    return "\n".join(f"{f.severity} {f.file}:{f.line} {f.message}" for f in findings)
