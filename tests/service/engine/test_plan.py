from __future__ import annotations

from pathlib import Path

import pytest

from jupyterlab_rob.service.engine.environment import worker_environment
from jupyterlab_rob.service.engine.plan import Plan, RunFolder, Step


def test_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    steps = (
        Step("predict", ("data/x",), ("results/y",), notebook="submitted/a.ipynb", arguments={"depth": 3}),
        Step("evaluate", None, ("results/z",), commands=("a $$b", "c")),
    )
    plan = Plan("run", "benchmark", "submission", "/static", {"x": 1.5, "y": "ü"}, steps, ("results/z",))
    folder = RunFolder(tmp_path)
    plan.write(folder)
    assert Plan.read(folder) == plan


@pytest.mark.parametrize(
    ("name", "slug"), [("predict", "predict"), ("../../x y", "x-y"), ("..", "step"), ("ü", "step")]
)
def test_slug_is_a_safe_file_name(name: str, slug: str) -> None:
    assert Step(name, (), ()).slug == slug


def test_environment_is_a_whitelist(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROB_TOKEN", "JUPYTERHUB_API_TOKEN", "AWS_SECRET_ACCESS_KEY", "ANYTHING"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    environment = worker_environment()
    assert "secret" not in environment.values()
    assert environment["LC_ALL"] == "C.UTF-8"
