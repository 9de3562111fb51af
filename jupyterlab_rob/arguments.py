"""Values for declared parameters: whether one fits, and what a text on a command line means.

Declarations are those of docs/protocol.md, flowserv's: ``dtype``, ``range`` as an interval such as ``"[0,10)"``,
``values`` of a selection.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Literal

from .errors import InvalidInput
from .models import JSON

_TRUE = ("true", "t", "yes", "1")
# Signs that a shell obeys even between double quotes, or that end these; and those that it obeys elsewhere.
_BREAKING = "\"'`$\\;&|<>"
_RISKY = " *?[](){}#~!^"
_FALSE = ("false", "f", "no", "0")


def misfit(declaration: JSON, value: Any) -> str | None:
    """What is wrong with ``value`` for the parameter, as the end of a sentence; None when it fits."""
    dtype = declaration.get("dtype")
    if dtype == "bool":
        return None if isinstance(value, bool) else f"takes true or false, not {_shown(value)}"
    if dtype in ("int", "float"):
        return _misfit_number(declaration, value)
    if dtype == "string":
        return None if isinstance(value, str) else f"takes a text, not {_shown(value)}"
    if dtype in ("select", "enum"):
        options = [option["value"] for option in declaration.get("values", [])]
        if any(value == option and type(value) is type(option) for option in options):
            return None
        return f"takes one of {', '.join(map(_shown, options))}, not {_shown(value)}"
    if dtype == "file":
        is_file = isinstance(value, dict) and value.get("type") == "$file"
        return None if is_file else "takes a file, which can't be given here yet"
    if dtype in ("list", "record"):
        kind: type = list if dtype == "list" else dict
        return None if isinstance(value, kind) else f"takes a {dtype}, not {_shown(value)}"
    return None


def unsendable(value: Any) -> str | None:
    """What keeps ``value`` from being sent as JSON, as the end of a sentence; None when nothing does."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return "holds what JSON can't say: give finite numbers (no NaN, no Infinity), texts, lists and records"
    return None


def unspeakable(value: Any) -> tuple[Literal["error", "warning"], str] | None:
    """What may happen to ``value`` where the server puts values into the text of shell commands, with a severity.

    The rest of a sentence that begins with the parameter's name; None when it is harmless.
    """
    text = value if isinstance(value, str) else json.dumps(value)
    breaking = sorted({c for c in text if c in _BREAKING or not c.isprintable()})
    if breaking:
        shown = " ".join(json.dumps(c, ensure_ascii=False) for c in breaking)
        return "error", f"holds {shown}, which would break the command that this ROB server makes of it. Leave it out."
    if not text or any(c in _RISKY for c in text):
        what = "is empty" if not text else "holds blanks or signs that mean something to a shell"
        return "warning", (
            f"{what}: this ROB server puts it into a command as it is, which goes well only where the benchmark "
            "expects it."
        )
    return None


def coerce(declaration: JSON, text: str) -> Any:
    """The value that ``text`` stands for, by the parameter's ``dtype``.

    Raises:
        InvalidInput: There is none; the message names the parameter.
    """
    dtype = declaration.get("dtype")
    value: Any = text
    if dtype == "bool":
        folded = text.strip().lower()
        value = folded in _TRUE if folded in _TRUE + _FALSE else text
    elif dtype in ("int", "float"):
        value = _number(text, whole=dtype == "int")
    elif dtype in ("select", "enum"):
        options = [option["value"] for option in declaration.get("values", [])]
        value = next((option for option in options if str(option) == text), text)
    elif dtype in ("list", "record"):
        try:
            value = json.loads(text)
        except ValueError:
            value = text
    problem = misfit(declaration, value)
    if problem is not None:
        raise InvalidInput(f"{declaration['name']} {problem}.")
    return value


def coerce_freely(text: str) -> Any:
    """The value of ``text`` for a parameter without a declaration, as papermill's ``-p`` reads it."""
    constants = {"True": True, "False": False, "None": None}
    if text in constants:
        return constants[text]
    try:
        return int(text)
    except ValueError:
        number = _number(text, whole=False)
        # JSON has no infinity and no NaN: leave them a text.
        return number if isinstance(number, float) and math.isfinite(number) else text


def _misfit_number(declaration: JSON, value: Any) -> str | None:
    whole = declaration.get("dtype") == "int"
    # True is an int to Python, not to the reader.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (whole and isinstance(value, float)):
        return f"takes a {'whole ' if whole else ''}number, not {_shown(value)}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"takes a finite number, not {value}"
    interval = declaration.get("range")
    if isinstance(interval, str) and not _within(interval, value):
        bounds = re.sub(r"\.0(?=\D|$)", "", interval) if whole else interval
        return f"takes a number in {bounds}, not {_shown(value)}"
    return None


def _within(interval: str, value: float) -> bool:
    low, _, high = interval.strip().partition(",")
    try:
        left = float(low[1:].strip() or "-inf")
        right = float(high[:-1].strip() or "inf")
    except ValueError:
        return True  # Not an interval: the service knows better.
    above = value > left if low.startswith("(") else value >= left
    return above and (value < right if high.endswith(")") else value <= right)


def _number(text: str, whole: bool) -> int | float | str:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        return text


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
