"""What loading the extension and the package costs, and how it is wired."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

import jupyterlab_rob

from .waiting import until

HEAVY = ("flowserv", "papermill", "nbconvert", "nbformat", "nbclient", "sqlalchemy", "requests", "pandas")


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh process after ``code``."""
    script = f"{code}\nimport sys, json\nprint(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout))


def test_package_imports_next_to_nothing() -> None:
    loaded = loaded_by("import jupyterlab_rob")
    assert not loaded & {*HEAVY, "tornado", "jupyter_server", "jupyter_core"}


def test_extension_adds_nothing_heavy() -> None:
    # The Jupyter server itself loads nbformat and, with it, more.
    server = loaded_by("import jupyter_server.serverapp")
    added = (
        loaded_by("import jupyter_server.serverapp\nimport jupyterlab_rob.extension, jupyterlab_rob.routes") - server
    )
    assert not added & set(HEAVY)


def test_public_names() -> None:
    assert jupyterlab_rob.__all__ == sorted(jupyterlab_rob.__all__)
    for name in jupyterlab_rob.__all__:
        assert getattr(jupyterlab_rob, name) is not None
        assert name in dir(jupyterlab_rob)
    assert not hasattr(jupyterlab_rob, "nothing")


def test_extension_points() -> None:
    (point,) = jupyterlab_rob._jupyter_server_extension_points()
    assert point["module"] == "jupyterlab_rob.extension"
    assert point["app"].name == "jupyterlab_rob"
    assert jupyterlab_rob._jupyter_labextension_paths() == [{"src": "labextension", "dest": "jupyterlab-rob"}]


def test_traits_have_help() -> None:
    from jupyterlab_rob.extension import RobExtension

    own = RobExtension.class_own_traits(config=True)
    assert own.keys() >= {"url", "data_dir", "start_timeout", "max_body_size"}
    assert all(trait.help for trait in own.values())


async def test_nothing_is_started_by_loading(home: Any, jp_serverapp: Any) -> None:
    from jupyterlab_rob import embedded

    extension = jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app
    assert extension.upstream.data_dir == home.data_dir
    assert extension.current_activity() == 0
    assert embedded.find() is None
    assert not home.data_dir.exists()


@pytest.fixture
def bad_url(home: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ROB_URL", "ftp://host")
    return "ftp://host"


async def test_url_that_is_none(bad_url: str, jp_serverapp: Any, jp_fetch: Any) -> None:
    for path in ("rob/session", "rob/api/v1/workflows"):
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch(path)
        assert caught.value.code == 400
        assert caught.value.response is not None
        assert "must begin with http:// or https://" in json.loads(caught.value.response.body)["message"]


async def test_events_fit_their_schema(home: Any, jp_serverapp: Any, caplog: pytest.LogCaptureFixture) -> None:
    from jupyterlab_rob.extension import SCHEMA

    extension = jp_serverapp.extension_manager.extension_points["jupyterlab_rob"].app
    heard: list[Any] = []

    async def listen(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        heard.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=SCHEMA, listener=listen)
    ids = {"run": "r", "benchmark": "b", "submission": "s"}
    waits = {**ids, "state": "PENDING", "position": 3, "attempt": 1}
    runs = {**ids, "state": "RUNNING", "step": "p", "cell": 1, "cells": 2, "elapsed": 1.5, "position": None}
    runs |= {"expected": 40.0, "idle": 0.5, "attempt": 2, "logSize": 1 << 20}
    for event in (waits, runs, {**waits, "position": "third"}):
        extension._emit(event)
    await until(lambda: len(heard) == 2)
    assert heard == [waits, runs]
    assert "does not fit the schema" in caplog.text
