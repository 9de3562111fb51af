"""One fault at a time in a template without any: where it is found, and what is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import jupyterlab_rob
from jupyterlab_rob.errors import InvalidInput
from jupyterlab_rob.templates import check_template
from jupyterlab_rob.templates.findings import MAX_MESSAGE

from .template import MANIFEST, SPECIFICATION, check_specification, line_of, shown, spoilt, write

_COMMAND = '\'"${python}" code/evaluate.py "${outputfile}" private/truth.txt results/score.json\''
_ADD_INPUTS = "        inputs: ['data/numbers.txt']\n"
_EVALUATE = "        environment: 'python'\n        commands:\n"

#: A part of the template; what stands there instead, with § at the line of the finding; how bad; words of the message.
FAULTS = [
    # Notation
    ("label: 'Shift'", "label: §'Shift': 1", "error", "not YAML"),
    ("shift: $[[shift]]", "shift: §!include secrets.yaml", "error", "'!include' reads other files"),
    ("'Shift'", "§!!python/object/apply:os.system ['true']", "error", "'!!python/object/apply:os.system' makes Python"),
    ("label: 'Shift'", "label: §2024-01-01", "error", "read as a date; put it in quotes"),
    ("label: 'Shift'", "label: 'Shift'\n    §label: 'Move'", "error", "'label' stands here twice (first in line"),
    ("label: 'Shift'", "label: 'Shift'\n    §1: 'one'", "error", "key must be a text"),
    ("defaultValue: 0", "defaultValue: §.inf", "error", "not a finite number"),
    ("'code/', '$[[runs]]'", "§'code/', $[[runs]]", "error", "put a reference in quotes"),
    # Sections
    ("postproc:", "§postprocess: {}\npostproc:", "warning", "takes no 'postprocess'; did you mean 'postproc'"),
    ("postproc:", "§modules: []\npostproc:", "warning", "it is called 'parameterGroups' now"),
    (
        "  parameters:\n    inputfile",
        "  §parameter: {}\n  parameters:\n    inputfile",
        "warning",
        "takes no 'parameter'",
    ),
    ("inputs: ['data/', 'private/', 'code/']", "inputs: §'data/'", "error", "'inputs' must be a list, not 'data/'"),
    ("'private/', 'code/'", "§'private/', 'codes/'", "error", "'codes/' does not exist"),
    ("['data/', 'private/'", "[§'../data/', 'private/'", "error", "'../data/' among the workflow's inputs leaves the"),
    (
        "'results/score.json']\n  parameters",
        "'results/plot.png'§]\n  parameters",
        "error",
        "No step makes 'results/plot",
    ),
    # Values
    ("outputfile: 'results", "§out-file: 'results", "error", "'out-file' is no name for a value"),
    ("inputfile: 'data", "§PATH: 'data", "error", "The name 'PATH' is taken"),
    ("inputfile: 'data", "§python: 'data", "error", "The name 'python' is taken"),
    ("inputfile: 'data", "§BASH_ENV: 'data", "error", "The name 'BASH_ENV' is taken"),
    ("inputfile: 'data", "§GIT_SSH_COMMAND: 'data", "error", "The name 'GIT_SSH_COMMAND' is taken"),
    # References
    ("shift: $[[shift]]", "shift: §$[[shifts]]", "error", "no parameter 'shifts'; did you mean 'shift'?"),
    ("shift: $[[shift]]", "shift: §by $[[shift]]", "error", "must be the whole value"),
    ("shift: $[[shift]]", "shift: §$[[ shift ]]", "error", "without blanks"),
    ("shift: $[[shift]]", "shift: §'$[[shift ? a : b]]'", "error", "fails when no value is given"),
    ("shift: $[[shift]]", "shift: §$[[adder]]", "error", "'adder' is an actor"),
    (
        "private/truth.txt results/score.json'",
        "$[[shift]] results/score.json'§",
        "error",
        "not replaced here; give it a",
    ),
    (_ADD_INPUTS, "        inputs: [§'$[[shift]]']\n", "error", "`$[[shift]]` is not replaced here"),
    ("defaultValue: 0", "isRequired: false", "error", "neither required nor has a default"),
    ("shift: $[[shift]]", "shift: 3", "warning", "'shift' is not used"),
    ("inputs: ['data/numbers.txt']", "inputs: [§['data/numbers.txt']]", "error", "A list in a list"),
    # Steps
    ("- name: 'add'", "- §label: 'add'", "error", "A step has no 'name'"),
    ("- name: 'add'", "- §name: ''", "error", "name is empty"),
    ("- name: 'evaluate'", "- §name: 'add'", "error", "'add' is used already (line"),
    ("- name: 'evaluate'", "- §name: 'add '", "error", "as a file name the same as 'add'"),
    ("action: $[[adder]]", "§actions: $[[adder]]", "warning", "takes no 'actions'; did you mean 'action'"),
    ("action: $[[adder]]", "action: §adder", "error", "'adder' is no action for the step 'add'"),
    ("action: $[[adder]]", "action: §$[[shift]]", "error", "has the type 'int' and can't be a step's action"),
    ("    isRequired: true", "    isRequired: false", "error", "would be left out silently"),
    (_ADD_INPUTS, "", "error", "gets no file at all"),
    ("        outputs: ['results/sums.txt']\n      action: $", "      action: $", "error", "nothing that participants"),
    ("        outputs: ['results/score.json']\n", "", "warning", "nothing that it writes is kept"),
    ("'code/evaluate.py', 'private", "§'code/evaluation.py', 'private", "error", "'code/evaluation.py' does not exist"),
    ("inputs: ['data/numbers.txt']", "inputs: [§'results/score.json']", "error", "made by the step 'evaluate', which"),
    ("inputs: ['data/numbers.txt']", "inputs: [§'/etc/passwd']", "error", "leaves the folder"),
    (
        "outputs: ['results/score.json']",
        "outputs: [§'../score.json', 'results/score.json']",
        "error",
        "leaves the folder",
    ),
    ("inputs: ['data/numbers.txt']", "inputs: [§7]", "error", "Each of the inputs must be a text, not 7"),
    # Actions
    (_EVALUATE, "        §func: 'os.system'\n        command:\n", "error", "is a `func`, which would be imported"),
    (_EVALUATE, "        §command:\n", "error", "of no known kind"),
    ("commands:\n          - " + _COMMAND, "commands: §'ls'", "error", "'commands' must be a list, not 'ls'"),
    (_COMMAND, "§[ls]", "error", "Each of the commands must be a text"),
    (
        "environment: 'python'\n        commands:\n",
        "§environment: 'me/image:1'\n        commands:\n",
        "error",
        "container",
    ),
    (_EVALUATE, "        §commands:\n", "warning", "has no environment"),
    (_COMMAND, "§'\"${python}\" -c 1 $HOME'", "error", "`$HOME` stands for no value"),
    (_COMMAND, '§\'"${python}" -c 1 "${outputfil}"\'', "error", "did you mean 'outputfile'?"),
    (_COMMAND, "§'\"${python}\" -c 1 $'", "error", "a single `$`"),
    (_COMMAND, "§'\"${python}\" -c ${outputfile}'", "warning", "not in double quotes"),
    (_COMMAND, "§'python code/evaluate.py'", "warning", 'write "${python}"'),
    (
        _EVALUATE + "          - " + _COMMAND,
        "        notebook: §'code/e.ipynb'",
        "error",
        "'code/e.ipynb' does not exist",
    ),
    (
        _EVALUATE + "          - " + _COMMAND,
        "        notebook: §'../e.ipynb'",
        "error",
        "'../e.ipynb' leaves the folder",
    ),
    # What participants get, and what they could replace
    (
        "inputs: ['data/numbers.txt']",
        "inputs: [§'private/']",
        "error",
        "'private/truth.txt', which the step 'evaluate' ne",
    ),
    ("inputs: ['data/numbers.txt']", "inputs: [§'.']", "error", "'private/truth.txt', which the step 'evaluate' needs"),
    ("inputs: ['data/numbers.txt']", "inputs: [§'private/truth.txt']", "error", "name one by one the files"),
    ("inputs: ['data/numbers.txt']", "inputs: [§'code/']", "warning", "the evaluation's code"),
    (
        "outputs: ['results/sums.txt']\n      action: $",
        "outputs: [§'private/']\n      action: $",
        "error",
        "could replace",
    ),
    ("file: 'results/score.json'", "file: §'results/sums.txt'", "error", "could write their own score"),
    # Parameters
    ("dtype: 'int'\n    defaultValue", "dtype: §'integer'\n    defaultValue", "error", "unknown type 'integer'"),
    ("dtype: 'int'\n    defaultValue", "§datatype: 'int'\n    defaultValue", "error", "it is called 'dtype' now"),
    ("- name: 'shift'", "- §name: 'adder'", "error", "parameter name 'adder' is used twice"),
    ("- name: 'shift'", "- name: §'shift-by'", "error", "'shift-by' is no name for a parameter"),
    ("defaultValue: 0", "defaultValue: §'none'", "error", 'takes a whole number, not "none"'),
    ("defaultValue: 0", "defaultValue: §11", "error", "takes a number in [-10,10], not 11"),
    ("defaultValue: 0", "defaultValue: 0\n    isRequired: §true", "warning", "is required and yet has a default"),
    ("'[-10,10]'", "§'-10..10'", "error", "is no interval"),
    ("'[-10,10]'", "§'[10,-10]'", "error", "is empty"),
    ("'[-10,10]'", "§'[a,b]'", "error", "a bound that is no number"),
    ("group: 'tuning'", "§group: 'tunings'", "warning", "no group 'tunings' under parameterGroups; did you mean"),
    (", title: 'Tuning'", "", "error", "A parameter group has no 'title'"),
    ("label: 'Shift'", "label: §5", "error", "'label' must be a text, not 5"),
    # Results and result files
    ("'results/score.json'\n  schema", "§'results/scores.json'\n  schema", "error", "No step makes the metrics file"),
    (", 'results/score.json']\n  parameters", "]\n  parameters", "warning", "not among workflow.files.outputs"),
    (
        "dtype: 'float'}",
        "dtype: 'decimal'}§",
        "error",
        "unknown type 'decimal' (known: int, float, string); write 'float'",
    ),
    ("label: 'Deviation', ", "", "error", "The column 'deviation' has no 'label'"),
    ("{name: 'exact'", "{name: 'deviation'§", "error", "column's name 'deviation' is used twice"),
    ("label: 'Exact'", "label: 'Deviation'§", "error", "column's label 'Deviation' is used twice"),
    ("'counts/exact'", "'counts//exact'§", "error", "has an empty part"),
    ("required: false", "required: 'no'§", "error", "'required' must be true or false, not 'no'"),
    (
        "{name: 'deviation', sortDesc",
        "{name: 'deviations', sortDesc§",
        "error",
        "no column 'deviations' to order by; did",
    ),
    ("  orderBy:\n    - {name: 'deviation', sortDesc: false}\n", "", "warning", "There is no 'orderBy'"),
    (
        "source: 'results/sums.txt'",
        "§source: 'results/plot.png'",
        "error",
        "No step of the workflow makes 'results/plot",
    ),
    ("title: 'Sums'", "§titel: 'Sums'", "error", "takes no 'titel'; did you mean 'title'"),
    ("source: 'results/sums.txt'", "source: §'results/'", "error", "is a folder, and only files are kept"),
    # Post-processing
    ("runs: $[[runs]]", "runs: §$[[shift]]", "error", "There is no parameter 'shift'"),
    ("'code/plot.py', 'runs/'", "'code/plots.py', 'runs/'§", "error", "'code/plots.py' does not exist"),
    ("files: ['results/sums.txt']", "files: ['results/sum.txt']§", "error", "no result file of a run"),
    ("runs: 'runs'", "§runs: 'all'", "warning", "are in the folder 'runs'"),
    ("{source: 'results/plot.txt'", "{source: 'results/plot.png'§", "error", "No step of the post-processing makes"),
]


@pytest.mark.parametrize(("old", "new", "severity", "words"), FAULTS, ids=[fault[3][:40] for fault in FAULTS])
def test_explains_a_fault(old: str, new: str, severity: str, words: str, tmp_path: Path) -> None:
    marked = spoilt(SPECIFICATION, old, new)
    findings = check_specification(tmp_path, marked.replace("§", ""))
    about = [f for f in findings if words in f.message]
    assert [(f.severity, f.file) for f in about] == [(severity, "benchmark.yaml")], shown(findings)
    if "§" in marked:
        assert about[0].line == line_of(marked, "§"), shown(findings)
    assert about[0].line is not None


MANIFEST_FAULTS = [
    ("name: 'Sums'\n", "", "error", "The manifest has no 'name'"),
    ("name: 'Sums'", "name: §' '", "error", "must have 1 to 512 characters"),
    ("specfile: 'benchmark.yaml'\n", "", "error", "has no 'specfile'"),
    ("specfile: 'benchmark.yaml'", "specfile: §'bench.yaml'", "error", "The specification 'bench.yaml' is no file of"),
    ("specfile: 'benchmark.yaml'", "specfile: §'../benchmark.yaml'", "error", "leaves the folder"),
    ("'instructions.md'", "§'instructions.txt'", "error", "The instructions 'instructions.txt' does not exist"),
    ("'instructions.md'", "§/etc/passwd", "error", "The instructions '/etc/passwd' leaves the folder"),
    ("instructions: 'instructions.md'\n", "", "warning", "names no instructions"),
    ("source: 'private'", "§source: 'privat'", "error", "'privat' does not exist"),
    ("source: 'private'", "§source: '../private'", "error", "The source '../private' leaves the folder"),
    ("source: 'private'", "source: 'private'\n    §target: '/tmp/x'", "error", "The target '/tmp/x' leaves the folder"),
    ("source: 'private'", "source: 'private'\n    §target: 'data'", "error", "Files keep their place here"),
    ("specfile:", "§licence: 'MIT'\nspecfile:", "error", "The manifest takes no 'licence'"),
    ("'Sums'", "§!include name.txt", "error", "'!include' reads other files"),
]


@pytest.mark.parametrize(("old", "new", "severity", "words"), MANIFEST_FAULTS)
def test_explains_a_fault_of_the_manifest(old: str, new: str, severity: str, words: str, tmp_path: Path) -> None:
    marked = spoilt(MANIFEST, old, new)
    findings = check_template(write(tmp_path, {"flowserv.yaml": marked.replace("§", "")}))
    about = [f for f in findings if words in f.message]
    assert [(f.severity, f.file) for f in about] == [(severity, "flowserv.yaml")], shown(findings)
    assert about[0].line == (line_of(marked, "§") if "§" in marked else 1)
    # The other files are checked all the same, and are in order.
    assert {f.file for f in findings} == {"flowserv.yaml"}


def test_finds_nothing_in_a_good_template(tmp_path: Path) -> None:
    assert check_template(write(tmp_path)) == []


def test_finds_nothing_in_the_bundled_benchmarks() -> None:
    folders = [path.parent for path in (Path(jupyterlab_rob.__file__).parent / "benchmarks").glob("*/flowserv.yaml")]
    assert folders
    for folder in folders:
        assert check_template(folder) == []


def test_tells_all_faults_at_once_in_the_files_order(tmp_path: Path) -> None:
    text = (
        SPECIFICATION.replace("dtype: 'int'\n", "dtype: 'integer'\n")
        .replace("'decimal'", "")
        .replace("environment: 'python'\n        commands:\n", "environment: 'image'\n        commands:\n")
    )
    findings = check_template(write(tmp_path, {"benchmark.yaml": text, "flowserv.yaml": "name: 5\n"}))
    assert len(findings) >= 4, shown(findings)
    assert findings == sorted(findings, key=lambda f: (f.file, f.line or 0))
    assert findings[0].to_dict().keys() == {"severity", "file", "line", "message"}


@pytest.mark.parametrize("name", ["missing", "sums/benchmark.yaml"])
def test_refuses_what_is_no_folder(name: str, tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(InvalidInput, match="give the folder of a benchmark"):
        check_template(tmp_path / name)


def test_an_optional_file_needs_one_to_fall_back_on(tmp_path: Path) -> None:
    text = spoilt(SPECIFICATION, "inputs: ['data/numbers.txt']", "inputs: ['data/numbers.txt', 'extra/weights.txt']")
    more = "  - {name: 'weights', dtype: 'file', target: 'extra/weights.txt', isRequired: false}\nparameterGroups:"
    text = spoilt(text, "parameterGroups:", more)
    (finding,) = check_specification(tmp_path, text)
    assert "is there only if one is given for 'weights'" in finding.message
    assert check_template(write(tmp_path, {"benchmark.yaml": text, "extra/weights.txt": "1\n"})) == []


def test_messages_can_be_printed_whatever_is_in_the_template(tmp_path: Path) -> None:
    name = '"\\e[31m' + "x" * 5000 + '\\n"'
    findings = check_specification(tmp_path, spoilt(SPECIFICATION, "action: $[[adder]]", f"action: {name}"))
    findings += check_specification(tmp_path, spoilt(SPECIFICATION, "source: 'results/sums.txt'", f"source: {name}"))
    assert findings
    for finding in findings:
        assert finding.message.isprintable()
        assert len(finding.message) <= MAX_MESSAGE


@pytest.mark.parametrize("number", ["0x" + "f" * 5000, "9" * 5000, "9223372036854775808", ".nan"])
def test_numbers_that_nothing_can_hold(number: str, tmp_path: Path) -> None:
    findings = check_specification(tmp_path, spoilt(SPECIFICATION, "defaultValue: 0", f"defaultValue: {number}"))
    assert [(f.severity, f.line) for f in findings] == [("error", line_of(SPECIFICATION, "defaultValue: 0"))]


def test_needs_neither_flowserv_nor_papermill() -> None:
    """The command line checks a folder without the second that their import takes."""
    code = "import sys, jupyterlab_rob.templates; print(sorted({'flowserv', 'papermill'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
