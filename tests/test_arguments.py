"""Values for declared parameters."""

from __future__ import annotations

from typing import Any

import pytest

from jupyterlab_rob.arguments import coerce, coerce_freely, misfit, unspeakable
from jupyterlab_rob.errors import InvalidInput

SELECT = {"name": "kind", "dtype": "select", "values": [{"name": "One", "value": 1}, {"name": "A", "value": "a"}]}


def declare(dtype: str, **more: Any) -> dict[str, Any]:
    return {"name": "x", "dtype": dtype, **more}


@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        (declare("bool"), False),
        (declare("int"), 3),
        (declare("float"), 3),
        (declare("float"), 0.5),
        (declare("string"), ""),
        (SELECT, 1),
        (SELECT, "a"),
        (declare("list"), []),
        (declare("record"), {}),
        (declare("file"), {"type": "$file", "value": {"fileId": "f"}}),
        (declare("int", range="[0,10)"), 0),
        (declare("int", range="(,10]"), 10),
        (declare("float", range="(0.0,inf)"), 0.1),
        (declare("int", range="nonsense"), 10),
        (declare("a dtype of tomorrow"), "anything"),
    ],
)
def test_fits(declaration: dict[str, Any], value: Any) -> None:
    assert misfit(declaration, value) is None


@pytest.mark.parametrize(
    ("declaration", "value", "reason"),
    [
        (declare("bool"), 1, "true or false"),
        (declare("int"), True, "whole number, not true"),
        (declare("int"), 1.0, "whole number"),
        (declare("int"), "1", 'not "1"'),
        (declare("float"), float("nan"), "finite"),
        (declare("string"), 1, "a text"),
        (SELECT, "1", 'one of 1, "a"'),
        (SELECT, True, "one of"),
        (declare("list"), {}, "a list"),
        (declare("record"), [], "a record"),
        (declare("file"), "a.txt", "a file"),
        (declare("int", range="[0,10)"), 10, r"in \[0,10\)"),
        (declare("float", range="(0,1]"), 0, "in"),
        (declare("string"), ["y" * 1000], "…"),
    ],
)
def test_misfits(declaration: dict[str, Any], value: Any, reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(misfit(declaration, value))


@pytest.mark.parametrize(
    ("declaration", "text", "value"),
    [
        (declare("bool"), "True", True),
        (declare("bool"), "0", False),
        (declare("int"), "-3", -3),
        (declare("float"), "1e-3", 0.001),
        (declare("string"), "1", "1"),
        (SELECT, "1", 1),
        (SELECT, "a", "a"),
        (declare("list"), "[1, 2]", [1, 2]),
        (declare("record"), '{"a": 1}', {"a": 1}),
    ],
)
def test_coerce(declaration: dict[str, Any], text: str, value: Any) -> None:
    coerced = coerce(declaration, text)
    assert coerced == value
    assert type(coerced) is type(value)


@pytest.mark.parametrize(
    ("declaration", "text"),
    [
        (declare("bool"), "maybe"),
        (declare("int"), "1.5"),
        (declare("float"), "inf"),
        (SELECT, "2"),
        (declare("list"), "1, 2"),
        (declare("file"), "a.txt"),
    ],
)
def test_coerce_refuses(declaration: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{declaration['name']} takes"):
        coerce(declaration, text)


def test_coerce_freely_as_papermill() -> None:
    texts = ["True", "None", "7", "7.5", "seven", "", "nan", "inf"]
    assert [coerce_freely(text) for text in texts] == [True, None, 7, 7.5, "seven", "", "nan", "inf"]


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ("plain-1.5_x,y=z:/@%+", None),
        ("粒子", None),
        ("two words", "warning"),
        ("", "warning"),
        ("*", "warning"),
        ([1, 2], "warning"),
        ('say "hi"', "error"),
        ("it's", "error"),
        ("$HOME", "error"),
        ("`id`", "error"),
        ("a;b", "error"),
        ("a|b", "error"),
        ("a\nb", "error"),
        ("a\\", "error"),
        (["a"], "error"),
        ({"a": 1}, "error"),
    ],
)
def test_unspeakable(value: Any, severity: str | None) -> None:
    found = unspeakable(value)
    assert (found[0] if found else None) == severity
