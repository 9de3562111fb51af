"""JSON as its standard has it: Python's reader would also take NaN and Infinity, which nobody else can read."""

from __future__ import annotations

import json
import math
from typing import Any

from .errors import InvalidInput
from .models import JSON


def loads(data: bytes | bytearray | str) -> Any:
    """The document in ``data``.

    Raises:
        ValueError: It is not JSON, is nested too deeply, or has a number that is not finite (``NaN``, ``1e999``).
    """
    try:
        return json.loads(data, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def load_object(data: bytes | bytearray) -> JSON:
    """The object in a request's body.

    Raises:
        InvalidInput: It is none.
    """
    try:
        document = loads(data)
    except ValueError as error:
        raise InvalidInput(f"The request's body is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise InvalidInput("The request's body must be a JSON object.")
    return document


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large for a number")
    return number
