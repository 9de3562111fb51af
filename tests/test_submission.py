"""The submit flow, driven by a script of answers instead of a service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyterlab_rob import notebooks
from jupyterlab_rob.errors import Conflict, Forbidden, InvalidInput, NotFound, RobError, ServiceUnavailable, TooLarge
from jupyterlab_rob.flows import Flow, Request, Response, get
from jupyterlab_rob.splitting import Part, Source, divide
from jupyterlab_rob.submission import find_benchmark, prepare, safe_name, start, start_again
from jupyterlab_rob.submission import submit as submit_parts

from .protocol import BENCHMARK, GOOD_CELL, make_notebook
from .relay import HANDLE, first_notebook, second_notebook, split_notebook

NOTEBOOK = make_notebook(GOOD_CELL)
GROUP = {"id": "g1", "name": "alice"}


def submit(
    benchmark: Any, notebook: Any, name: str, arguments: dict[str, Any], submission: str | None = None
) -> Flow[Any]:
    """Submit a benchmark's only notebook."""
    return submit_parts(benchmark, divide(benchmark, Source(name, notebook)), arguments, submission)


class Script:
    """Answers requests in order; remembers them. An error stands for no answer."""

    def __init__(self, *answers: tuple[str, int | RobError, Any]) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def drive(self, flow: Flow[Any]) -> Any:
        try:
            request = next(flow)
            while True:
                assert isinstance(request, Request)
                expected, status, document = self.answers.pop(0)
                assert f"{request.method} {request.path}" == expected
                self.requests.append(request)
                if isinstance(status, RobError):
                    request = flow.throw(status)
                else:
                    request = flow.send(Response(status, json.dumps(document).encode()))
        except StopIteration as stop:
            assert not self.answers, "the flow asked for less"
            return stop.value


def test_submit_under_the_users_name() -> None:
    script = Script(
        ("GET ", 200, {"username": "alice"}),
        ("GET workflows/b1/groups", 200, {"groups": [{"id": "g0", "name": "bob"}, GROUP]}),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST groups/g1/runs", 201, {"id": "r1", "state": "PENDING"}),
    )
    flow = submit(BENCHMARK, make_notebook(GOOD_CELL + "\ndepth = 1"), "d/my tägger", {"shift": 1, "depth": 2})
    assert script.drive(flow)["id"] == "r1"

    upload, start = script.requests[2:]
    assert upload.content_type.startswith("multipart/form-data; boundary=")
    assert upload.body is not None
    assert 'name="file"; filename="my tägger.ipynb"'.encode() in upload.body
    assert json.loads(start.body or b"") == {
        "arguments": [
            {"name": "shift", "value": 1},
            {
                "name": "predictor",
                "value": {"type": "$notebook", "value": {"fileId": "f1", "parameters": {"depth": 2}}},
            },
        ]
    }


def test_upload_is_clean() -> None:
    notebook = make_notebook(GOOD_CELL)
    notebook["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "SECRET"}]
    script = Script(
        ("GET workflows/b1/groups", 200, {"groups": [GROUP]}),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST groups/g1/runs", 201, {"id": "r1"}),
    )
    script.drive(submit(BENCHMARK, notebook, "a.ipynb", {}, "alice"))
    body = script.requests[1].body or b""
    assert b"SECRET" not in body
    assert notebooks.dump(notebooks.clean(notebook)) in body


@pytest.mark.parametrize(
    ("target", "open_target"), [("code/predict.py", False), ("notebook.py", True), ("code/predict.ipynb", False)]
)
def test_file_that_the_benchmark_runs(target: str, open_target: bool) -> None:
    declared = {"dtype": "file", "name": "code", "target": target, "isTargetOpen": open_target}
    benchmark = {**BENCHMARK, "parameters": [declared, BENCHMARK["parameters"][1]], "notebookSteps": []}
    script = Script(
        ("GET workflows/b1/groups", 200, {"groups": [GROUP]}),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST groups/g1/runs", 201, {"id": "r1"}),
    )
    prepared = prepare(benchmark, divide(benchmark, Source("mine.ipynb", NOTEBOOK)), {"shift": 1})
    script.drive(start(benchmark, prepared, {"shift": 1}, "alice"))
    (upload,) = prepared.uploads
    suffix = target.rpartition(".")[2]
    assert upload.name == f"mine.{suffix}"
    body = script.requests[1].body or b""
    assert f'filename="mine.{notebooks.digest(NOTEBOOK)}.{suffix}"'.encode() in body
    assert upload.content in body
    assert (b"argparse" in body) == (suffix == "py")
    value: dict[str, Any] = {"fileId": "f1", **({"targetPath": "notebook.py"} if open_target else {})}
    assert json.loads(script.requests[2].body or b"") == {
        "arguments": [{"name": "shift", "value": 1}, {"name": "code", "value": {"type": "$file", "value": value}}]
    }


def test_submission_is_made_when_there_is_none() -> None:
    script = Script(
        ("GET workflows/b1/groups", 200, {"groups": []}),
        ("POST workflows/b1/groups", 201, GROUP),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST groups/g1/runs", 201, {"id": "r1"}),
    )
    script.drive(submit(BENCHMARK, NOTEBOOK, "a.ipynb", {}, "alice"))
    assert json.loads(script.requests[1].body or b"") == {"name": "alice"}


def test_spaces_around_the_submissions_name() -> None:
    script = Script(
        ("GET workflows/b1/groups", 200, {"groups": [GROUP]}),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST groups/g1/runs", 201, {"id": "r1"}),
    )
    script.drive(submit(BENCHMARK, NOTEBOOK, "a.ipynb", {}, " alice "))
    script = Script(("GET ", 200, {"username": "bob"}), ("GET workflows/b1/groups", 503, {}))
    with pytest.raises(ServiceUnavailable):
        script.drive(submit(BENCHMARK, NOTEBOOK, "a.ipynb", {}, "  "))


def test_nothing_is_sent_that_is_not_json() -> None:
    script = Script()
    with pytest.raises(InvalidInput, match="depth holds what JSON can't say"):
        script.drive(submit(BENCHMARK, make_notebook(GOOD_CELL + "\ndepth = 1"), "a", {"depth": float("nan")}, "alice"))


@pytest.mark.parametrize("status", [400, 409])
def test_someone_else_made_the_submission_meanwhile(status: int) -> None:
    script = Script(
        ("GET workflows/b1/groups", 200, {"groups": []}),
        ("POST workflows/b1/groups", status, {"message": "exists"}),
        ("GET workflows/b1/groups", 200, {"groups": [GROUP]}),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST groups/g1/runs", 201, {"id": "r1"}),
    )
    assert script.drive(submit(BENCHMARK, NOTEBOOK, "a.ipynb", {}, "alice")) == {"id": "r1"}


def test_name_of_the_submission_is_taken() -> None:
    script = Script(
        ("GET workflows/b1/groups", 200, {"groups": []}),
        ("POST workflows/b1/groups", 409, {"message": "alice is another's submission"}),
        ("GET workflows/b1/groups", 200, {"groups": []}),
    )
    with pytest.raises(Conflict, match="alice is another's submission"):
        script.drive(submit(BENCHMARK, NOTEBOOK, "a.ipynb", {}, "alice"))


def test_refused_start_leaves_no_upload() -> None:
    script = Script(
        ("GET workflows/b1/groups", 200, {"groups": [GROUP]}),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST groups/g1/runs", 400, {"message": "no such kernel", "problems": [{"message": "x", "cell": 2}]}),
        ("DELETE uploads/g1/files/f1", 204, {}),
    )
    with pytest.raises(InvalidInput, match="no such kernel") as caught:
        script.drive(submit(BENCHMARK, NOTEBOOK, "a.ipynb", {}, "alice"))
    assert caught.value.problems[0].cell == 2


def test_refused_start_leaves_no_empty_submission() -> None:
    script = Script(
        ("GET workflows/b1/groups", 200, {"groups": []}),
        ("POST workflows/b1/groups", 201, GROUP),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST groups/g1/runs", 400, {"message": "no such kernel"}),
        ("DELETE uploads/g1/files/f1", 204, {}),
        ("DELETE groups/g1", 204, {}),
    )
    with pytest.raises(InvalidInput, match="no such kernel"):
        script.drive(submit(BENCHMARK, NOTEBOOK, "a.ipynb", {}, "alice"))


def test_refused_upload() -> None:
    script = Script(
        ("GET workflows/b1/groups", 200, {"groups": [GROUP]}),
        ("POST uploads/g1/files", 413, {"message": "too large"}),
    )
    with pytest.raises(TooLarge, match="too large"):
        script.drive(submit(BENCHMARK, NOTEBOOK, "a.ipynb", {}, "alice"))


def test_nothing_is_sent_when_the_notebook_is_wrong() -> None:
    script = Script()
    with pytest.raises(InvalidInput) as caught:
        script.drive(submit(BENCHMARK, make_notebook("x = 1", tagged=None), "a.ipynb", {}))
    assert script.requests == []
    assert [problem.severity for problem in caught.value.problems] == ["error"]


def relay(main: Any = None, **own: Any) -> list[Part]:
    sources = {name: Source(f"{name}.ipynb", document) for name, document in own.items()}
    return divide(HANDLE, main and Source("both.ipynb", main), sources)


def test_several_notebooks_and_one_run() -> None:
    second = second_notebook()
    second["cells"][0]["source"] += "\ndepth = 1"
    script = Script(
        ("GET workflows/relay/groups", 200, {"groups": [GROUP]}),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST uploads/g1/files", 201, {"id": "f2"}),
        ("POST groups/g1/runs", 201, {"id": "r1"}),
    )
    parts = relay(first_notebook(), answer=second)
    arguments = {"factor": 2, "power": 3, "depth": 4}
    script.drive(submit_parts(HANDLE, parts, arguments, "alice"))
    names = [b'filename="both.ipynb"', b'filename="answer.ipynb"']
    for name, part, request in zip(names, parts, script.requests[1:3]):
        assert name in (request.body or b"")
        assert notebooks.dump(notebooks.clean(part.notebook)) in (request.body or b"")
    values = [("f1", {"power": 3}), ("f2", {"power": 3, "depth": 4})]
    assert json.loads(script.requests[3].body or b"") == {
        "arguments": [
            {"name": "factor", "value": 2},
            *(
                {"name": name, "value": {"type": "$notebook", "value": {"fileId": file, "parameters": own}}}
                for name, (file, own) in zip(("prepare", "answer"), values)
            ),
        ]
    }


def test_several_scripts() -> None:
    parameters = [
        {"dtype": "file", "name": name, "target": f"{name}.py", "isTargetOpen": name == "answer"}
        for name in ("prepare", "answer")
    ]
    benchmark = {**HANDLE, "parameters": parameters, "notebookSteps": []}
    parts = divide(benchmark, Source("both.ipynb", split_notebook()))
    prepared = prepare(benchmark, parts, {})
    first, second = prepared.uploads
    assert (first.name, second.name) == ("both.py", "both.py")
    assert (b"--numbers" in first.content, b"--outputfile" in first.content) == (False, False)
    assert b"sum(powers)" not in first.content
    assert b"sum(powers)" in second.content
    assert b"# Cell 5" in second.content, "numbered as in the notebook"
    assert first.sha256 != second.sha256
    script = Script(
        ("GET workflows/relay/groups", 200, {"groups": [GROUP]}),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST uploads/g1/files", 201, {"id": "f2"}),
        ("POST groups/g1/runs", 201, {"id": "r1"}),
    )
    script.drive(start(benchmark, prepared, {}, "alice"))
    assert f'filename="both.{second.sha256}.py"'.encode() in (script.requests[2].body or b"")
    assert json.loads(script.requests[3].body or b"") == {
        "arguments": [
            {"name": "prepare", "value": {"type": "$file", "value": {"fileId": "f1"}}},
            {"name": "answer", "value": {"type": "$file", "value": {"fileId": "f2", "targetPath": "answer.py"}}},
        ]
    }


@pytest.mark.parametrize("undeleted", [503, ServiceUnavailable("gone")], ids=["refused", "no answer"])
@pytest.mark.parametrize("is_new", [True, False], ids=["a new submission", "one that was there"])
@pytest.mark.parametrize("refused", ["the first upload", "the second upload", "the start"])
def test_nothing_is_left_behind_by_several(is_new: bool, refused: str, undeleted: int | RobError) -> None:
    uploads = {"the first upload": 0, "the second upload": 1, "the start": 2}[refused]
    path = "POST groups/g1/runs" if refused == "the start" else "POST uploads/g1/files"
    found = ("GET workflows/relay/groups", 200, {"groups": [] if is_new else [GROUP]})
    script = Script(
        found,
        *([("POST workflows/relay/groups", 201, GROUP)] if is_new else []),
        *(("POST uploads/g1/files", 201, {"id": f"f{number}"}) for number in range(uploads)),
        (path, 413, {"message": "too large"}),
        # One that can't be deleted is no reason to leave the others.
        *((f"DELETE uploads/g1/files/f{number}", 204 if number else undeleted, {}) for number in range(uploads)),
        *([("DELETE groups/g1", undeleted, {})] if is_new else []),
    )
    with pytest.raises(TooLarge, match="too large"):
        script.drive(submit_parts(HANDLE, relay(split_notebook()), {}, "alice"))


def test_an_upload_without_an_answer_leaves_nothing_behind() -> None:
    script = Script(
        ("GET workflows/relay/groups", 200, {"groups": []}),
        ("POST workflows/relay/groups", 201, GROUP),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST uploads/g1/files", ServiceUnavailable("gone"), None),
        ("DELETE uploads/g1/files/f1", 204, {}),
        ("DELETE groups/g1", 204, {}),
    )
    with pytest.raises(ServiceUnavailable, match="gone"):
        script.drive(submit_parts(HANDLE, relay(split_notebook()), {}, "alice"))


def test_a_start_without_an_answer_may_be_one() -> None:
    """Its run would need the files."""
    script = Script(
        ("GET workflows/b1/groups", 200, {"groups": []}),
        ("POST workflows/b1/groups", 201, GROUP),
        ("POST uploads/g1/files", 201, {"id": "f1"}),
        ("POST groups/g1/runs", ServiceUnavailable("gone"), None),
    )
    with pytest.raises(ServiceUnavailable, match="gone"):
        script.drive(submit(BENCHMARK, NOTEBOOK, "a.ipynb", {}, "alice"))
    assert not script.answers


def test_start_again_with_several() -> None:
    arguments = [
        {"name": name, "value": {"type": "$notebook", "value": {"fileId": file, "parameters": {}}}}
        for name, file in (("prepare", "f1"), ("answer", "f2"))
    ]
    submitted = [{"parameter": name, "name": f"{name}.ipynb", "sha256": "0"} for name in ("prepare", "answer")]
    run = {"id": "r", "groupId": "g1", "arguments": arguments, "submitted": submitted, "notebook": submitted[0]}
    files = [{"id": "f1"}, {"id": "f2"}]
    script = Script(
        ("GET uploads/g1/files", 200, {"files": files}),
        ("POST groups/g1/runs", 201, {"id": "r2"}),
    )
    assert script.drive(start_again(run)) == {"id": "r2"}
    assert json.loads(script.requests[1].body or b"") == {"arguments": arguments}
    script = Script(("GET uploads/g1/files", 200, {"files": files[:1]}))
    with pytest.raises(Conflict, match=r"answer\.ipynb was deleted from its submission"):
        script.drive(start_again(run))


@pytest.mark.parametrize("wanted", ["b1", "Number predictor", "number-predictor", "number_predictor"])
def test_find_benchmark(wanted: str) -> None:
    listed = {"workflows": [{"id": "b0", "name": "Other"}, {"id": "b1", "name": "Number predictor"}]}
    script = Script(("GET workflows", 200, listed), ("GET workflows/b1", 200, BENCHMARK))
    assert script.drive(find_benchmark(wanted)) == BENCHMARK


def test_benchmark_is_not_found() -> None:
    listed = {"workflows": [{"id": "b0", "name": "Other"}, {"id": "b1", "name": "x"}, {"id": "b2", "name": "X"}]}
    with pytest.raises(NotFound, match=r"no benchmark nope\. There are: b0, b1, b2"):
        Script(("GET workflows", 200, listed), ("GET workflows/nope", 404, {})).drive(find_benchmark("nope"))
    archived = {"id": "old", "name": "Old", "isArchived": True}
    found = Script(("GET workflows", 200, listed), ("GET workflows/old", 200, archived)).drive(find_benchmark("old"))
    assert found == archived
    with pytest.raises(NotFound, match="There are none"):
        Script(("GET workflows", 200, {"workflows": []}), ("GET workflows/nope", 404, {})).drive(find_benchmark("nope"))
    with pytest.raises(InvalidInput, match="b1, b2"):
        Script(("GET workflows", 200, listed)).drive(find_benchmark("x"))


def test_answers_that_are_not_the_protocol() -> None:
    flow = get("a/b", "c d")
    request = next(flow)
    assert isinstance(request, Request)
    assert request.path == "a%2Fb/c%20d"
    with pytest.raises(ServiceUnavailable, match="not JSON"):
        flow.send(Response(200, b"<html>"))
    with pytest.raises(Forbidden, match="status 403"):
        Script(("GET x", 403, [])).drive(get("x"))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("tagger.ipynb", "tagger.ipynb"),
        ("RTC:folder/my notebook.ipynb", "my notebook.ipynb"),
        ("..\\..\\x.IPYNB", "x.ipynb"),
        ("../..", "notebook.ipynb"),
        ("", "notebook.ipynb"),
        (".ipynb", "notebook.ipynb"),
        ('it\'s "good"', "it's 'good'.ipynb"),
        ("粒子 Schlüssel.ipynb", "粒子 Schlüssel.ipynb"),
        ("a\r\nX-Evil: 1\x00.ipynb", "a__X-Evil_ 1_.ipynb"),
        ("粒" * 200, "粒" * 60 + ".ipynb"),
    ],
)
def test_safe_name(name: str, safe: str) -> None:
    assert safe_name(name) == safe
