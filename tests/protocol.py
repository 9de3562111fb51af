"""Documents in the protocol's shapes, for tests that need no service."""

from __future__ import annotations

from typing import Any

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}

BENCHMARK: dict[str, Any] = {
    "id": "b1",
    "name": "Number predictor",
    "parameters": [
        {"dtype": "actor", "name": "predictor", "index": 0, "isRequired": True},
        {"dtype": "int", "name": "shift", "index": 1, "isRequired": False, "defaultValue": 0, "range": "[0,10)"},
    ],
    "groups": [],
    "notebookSteps": [
        {
            "parameter": "predictor",
            "step": "predict",
            "inputs": ["data/sequences.txt"],
            "outputs": ["results/predictions.txt"],
            "variables": {
                "inputfile": "data/sequences.txt",
                "outputfile": "results/predictions.txt",
                "shift": "$[[shift]]",
            },
        }
    ],
}


def make_notebook(*sources: str, metadata: dict[str, Any] | None = None, tagged: int | None = 0) -> dict[str, Any]:
    """A notebook of code cells; the cell at index ``tagged`` is the ``parameters`` cell."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": 1} for text in sources
    ]
    if tagged is not None and cells:
        cells[tagged]["metadata"] = {"tags": ["parameters"]}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": KERNEL if metadata is None else metadata, "cells": cells}


GOOD_CELL = "inputfile = 'a'\noutputfile = 'b'\nshift = 0"
