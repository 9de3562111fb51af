"""What a step does: commands for the shell or a notebook."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from .findings import Finding
from .folder import Folder, normal, outside
from .nodes import Node
from .shape import check_mapping, check_texts, nearest, shown

#: Given to each command beside the values under ``workflow.parameters``: the interpreter that runs the service.
PYTHON = "python"

_HERE = ("python", "python3")
_PLACEHOLDER = re.compile(r"\$(\$|\{(?P<braced>[^}]*)\}|(?P<plain>[A-Za-z_][A-Za-z0-9_]*)|)")
_WRITE_COMMANDS = "write `environment: 'python'` and a list of `commands`, or a `notebook`"


def check_action(
    action: Node, what: str, folder: Folder, variables: Collection[str] | None = None, made: Collection[str] = ()
) -> Iterator[Finding]:
    """An action that is written out. ``variables`` are the names that commands may use (None: not known here), ``made``
    the files that stand ready beside those of the folder."""
    value = action.value
    if action.refused:
        return
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], dict) and isinstance(value[0], str):
        kind = "notebook" if "notebook" in value[1] else "func" if "func" in value[1] else "commands"
        yield action.error(
            f"{what} is in an old form, ['{value[0]}', {{…}}], which is not taken; write the mapping with '{kind}' "
            "alone."
        )
        # What the form holds is looked at as well, so that one round is enough.
        action = action.children[1]
        value = action.value
    if not isinstance(value, dict):
        yield action.error(f"{what} must be a mapping, not {shown(value)}; {_WRITE_COMMANDS}.")
    elif "commands" in value:
        yield from _check_commands(action, what, variables)
    elif "notebook" in value:
        yield from _check_notebook(action, what, folder, made)
    elif "func" in value:
        yield action.at("func").error(
            f"{what} is a `func`, which would be imported into the service; {_WRITE_COMMANDS} that calls it."
        )
    else:
        yield action.error(f"{what} is of no known kind; {_WRITE_COMMANDS}.")


def _check_commands(action: Node, what: str, variables: Collection[str] | None) -> Iterator[Finding]:
    yield from check_mapping(
        action, what, {"commands": "list"}, {"environment": "text", "notebook": "value"}, unknown="warning"
    )
    if "notebook" in action.value:
        yield action.at("notebook").warning(f"{what} has commands and a notebook; only the commands are run.")
    environment = action.text("environment")
    if "environment" not in action.value:
        yield action.warning(f"{what} has no environment; write `environment: 'python'`, other servers need it.")
    elif environment is not None and environment not in _HERE:
        yield action.at("environment").error(
            f"{what} asks for the container image '{environment}', but commands are run without containers, where the "
            "service is; install there what they need and write `environment: 'python'`."
        )
    commands = action.get("commands")
    if commands is not None and commands.value == []:
        yield commands.error(f"{what} has no command; add one.")
    yield from check_texts(commands, "the commands")
    for command in action.texts_of("commands"):
        yield from _check_command(command, variables)


def _check_command(command: Node, variables: Collection[str] | None) -> Iterator[Finding]:
    text: str = command.value
    if "\0" in text:
        yield command.error("A command has a null character; take it out.")
    if "$[[" in text:
        return  # See references.py.
    for match in _PLACEHOLDER.finditer(text):
        name = match["braced"] if match["braced"] is not None else match["plain"]
        if match[0] == "$$":
            continue
        if name is None:
            yield command.error("A command has a single `$`; write `$$` for the sign itself, or `${name}` for a value.")
        elif variables is not None and name not in variables and name != PYTHON:
            yield command.error(
                f"The command's `{match[0]}` stands for no value: declare '{name}' under workflow.parameters, or write "
                f"`${match[0]}` if the shell is meant{nearest(name, [*variables, PYTHON])}"
            )
        elif not _quoted(text, match.start()):
            yield command.warning(
                f'`{match[0]}` is not in double quotes: a value with blanks would be taken apart; write "{match[0]}".'
            )
    if re.search(r"(^|[;&|]\s*)python3?\s", text):
        yield command.warning(
            'The command calls whatever `python` is found first; write "${python}" for the one that runs the service.'
        )


def _quoted(text: str, position: int) -> bool:
    """Whether the place is between quotes of the shell."""
    quote = ""
    index = 0
    while index < position:
        character = text[index]
        if character == "\\" and quote != "'":
            index += 1
        elif character in "\"'" and quote in ("", character):
            quote = "" if quote else character
        index += 1
    return quote == '"'


def _check_notebook(action: Node, what: str, folder: Folder, made: Collection[str]) -> Iterator[Finding]:
    yield from check_mapping(
        action,
        what,
        {"notebook": "text"},
        {"params": "value", "output": "text", "requirements": "value", "variables": "value"},
        unknown="warning",
    )
    notebook = action.get("notebook")
    if notebook is not None and isinstance(notebook.value, str):
        reason = outside(notebook.value)
        if reason:
            yield notebook.error(f"The notebook '{notebook.value}' {reason}.")
        elif normal(notebook.value) not in folder.files and normal(notebook.value) not in made:
            yield notebook.error(
                f"The notebook '{notebook.value}' does not exist: add it, or name what an earlier step or a parameter "
                "provides."
            )
    params = action.get("params")
    if params is not None and not isinstance(params.value, dict):
        yield params.error(
            "'params' must give values to names; take a list of names away: a notebook is given what its `parameters` "
            "cell names."
        )
    for key in ("output", "requirements", "variables"):
        if key in action.value:
            yield action.at(key).warning(
                f"'{key}' has no effect here: a notebook is given the values that its `parameters` cell names, and the "
                "executed one is kept anyway."
            )
