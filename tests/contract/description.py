"""docs/openapi.yaml, to hold answers against it. Its schemas are JSON Schema 2020-12."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"

# It answers so in the place of the service.
_OF_THE_EXTENSION = (403, 404, 503)


def check_answer(method: str, path: str, status: int, document: Any) -> None:
    """Hold a JSON answer against what is described for this route and status; ``path`` has no query.

    A route that is not described must be refused with 404. The extension offers the service's routes in part, and
    only who has logged in there.
    """
    if path.startswith("/rob/api/v1") and status in _OF_THE_EXTENSION:
        _validator("#/components/schemas/Error").validate(document)
        return
    for pattern, operations in _routes():
        if pattern.fullmatch(path) and method.lower() in operations:
            described = operations[method.lower()]["responses"]
            assert str(status) in described, f"{method} {path} answers {status}: {document}"
            response = _resolved(described[str(status)])
            schema = response.get("content", {}).get("application/json", {}).get("schema")
            if schema is None:
                assert document is None, f"{method} {path} answers {status} with a document: {document}"
            else:
                _validator(schema["$ref"]).validate(document)
            return
    assert status == 404, f"{method} {path} is not described"


@cache
def _description() -> Any:
    return yaml.safe_load(DOCUMENT.read_text())


@cache
def _routes() -> list[tuple[re.Pattern[str], Any]]:
    """The fixed paths first."""
    paths = sorted(_description()["paths"].items(), key=lambda item: "{" in item[0])
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operations) for path, operations in paths]


def _resolved(node: Any) -> Any:
    """The node, or what it refers to."""
    if "$ref" not in node:
        return node
    found = _description()
    for key in node["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return found


@cache
def _validator(reference: str) -> Draft202012Validator:
    resource = DRAFT202012.create_resource(_description())
    registry: Registry[Any] = Registry().with_resource("urn:rob", resource)
    return Draft202012Validator({"$ref": f"urn:rob{reference}"}, registry=registry)
