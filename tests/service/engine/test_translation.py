from __future__ import annotations

import pytest
from papermill.translators import translate_parameters

from jupyterlab_rob.service.engine import translation


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", '"plain"'),
        ("é€😀", '"\\u00e9\\u20ac\\U0001f600"'),
        ('"\\x41"', '"\\"\\\\x41\\""'),
        ("a\nb\t", '"a\\u000ab\\u0009"'),
        ("\ud800", '"\\ufffd"'),
        (["é", 1, True, None], 'list("\\u00e9", 1, TRUE, NULL)'),
    ],
)
def test_values_in_r(value: object, text: str) -> None:
    assert translation.RValues.translate(value) == text
    assert f"label = {text}" in translate_parameters("ir", "R", {"label": value})
