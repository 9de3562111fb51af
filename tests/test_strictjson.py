"""JSON as its standard has it."""

from __future__ import annotations

import pytest

from jupyterlab_rob import strictjson


@pytest.mark.parametrize("data", ['{"a": [1, 2.5, -1e3, "é", null]}', '{"a": [1, 2.5, -1e3, "é", null]}'.encode()])
def test_json(data: bytes | str) -> None:
    assert strictjson.loads(data) == {"a": [1, 2.5, -1000.0, "é", None]}
    assert strictjson.loads(bytearray(b"1.0")) == 1.0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("NaN", "NaN is no number"),
        ('{"a": [Infinity]}', "Infinity is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        ("[1e999]", "1e999 is too large"),
        ("[" * 100_000, "nested too deeply"),
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        (b"\xff\xfe\x00", "decode"),
    ],
)
def test_not_json(data: bytes | str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        strictjson.loads(data)
