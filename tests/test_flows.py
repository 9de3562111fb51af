"""Answers of a service, as flows take them."""

from __future__ import annotations

import pytest

from jupyterlab_rob.errors import NotFound, ServiceUnavailable
from jupyterlab_rob.flows import Response

DEEP = b"[" * 1_000_000


@pytest.mark.parametrize("body", [b"{", b"\xff", DEEP])
def test_what_is_no_document(body: bytes) -> None:
    with pytest.raises(ServiceUnavailable):
        Response(200, body).json()


@pytest.mark.parametrize("body", [b"", b"<html>", DEEP, b"[]"])
def test_refusal_without_a_word(body: bytes) -> None:
    with pytest.raises(NotFound, match="404"):
        Response(404, body).json()
