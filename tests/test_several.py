"""A benchmark that takes two notebooks, from one that is split and from two: by the extension, Python and CLI, with a
real service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import jupyterlab_rob as rob
from jupyterlab_rob import administration, embedded, notebooks
from jupyterlab_rob.client import Client
from jupyterlab_rob.errors import InvalidInput
from jupyterlab_rob.flows import get

from .conftest import Home, end
from .relay import first_notebook, second_notebook, split_notebook, write_relay
from .test_cli import document
from .test_cli import rob as command
from .test_routes import Fetch, ended, post, refused


@pytest.fixture(scope="module")
def relay_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with a service of this module's own, which has the benchmark."""
    home = Home(tmp_path_factory.mktemp("rob"))
    with pytest.MonkeyPatch.context() as patch:
        home.enter(patch)
        connection = embedded.ensure(timeout=60)
        folder = tmp_path_factory.mktemp("relay")
        administration.add(Client(), write_relay(folder / "relay"), "relay")
        administration.add(Client(), write_relay(folder / "by-file", "Relay by file", by_file=True), "by-file")
        yield home
        home.enter(patch)
        try:
            embedded.stop()
        finally:
            end(connection.pid)


@pytest.fixture
def relay(request: pytest.FixtureRequest, relay_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service, as the default of this test."""
    if "jp_serverapp" in request.fixturenames or "jp_fetch" in request.fixturenames:
        request.getfixturevalue("jp_environ")
    relay_home.enter(monkeypatch)


def body(**more: Any) -> dict[str, Any]:
    return {"benchmark": "relay", "arguments": {}, **more}


def given(name: str, content: Any) -> dict[str, Any]:
    return {"name": name, "content": content}


SPLIT = given("both.ipynb", split_notebook())
TWO = {"prepare": given("first.ipynb", first_notebook()), "answer": given("second.ipynb", second_notebook())}


async def test_check_tells_the_parts(relay: None, jp_fetch: Fetch) -> None:
    answer = await post(jp_fetch, "check", body(notebook=SPLIT))
    assert answer["problems"] == []
    assert answer["sha256"] == notebooks.digest(split_notebook()), "of the whole notebook"
    assert answer["parameters"] == ["factor", "features", "numbers", "outputfile", "power"]
    assert [(p["parameter"], p["name"], p["format"], p["cells"]) for p in answer["parts"]] == [
        ("prepare", "both.ipynb", "notebook", 4),
        ("answer", "both.ipynb", "notebook", 4),
    ]
    assert len({part["sha256"] for part in answer["parts"]} | {answer["sha256"]}) == 3

    answer = await post(jp_fetch, "check", body(notebooks=TWO))
    assert (answer["problems"], answer["sha256"]) == ([], None)
    assert [(p["parameter"], p["name"], p["cells"], p["sha256"]) for p in answer["parts"]] == [
        ("prepare", "first.ipynb", 3, notebooks.digest(first_notebook())),
        ("answer", "second.ipynb", 3, notebooks.digest(second_notebook())),
    ]


async def test_export_tells_the_parts(relay: None, jp_fetch: Fetch) -> None:
    checked = await post(jp_fetch, "check", body(notebook=SPLIT))
    answer = await post(jp_fetch, "export", body(notebook=SPLIT))
    assert answer["problems"] == []
    first, second = answer["parts"]
    assert {key: answer[key] for key in ("format", "name", "content", "sha256")} == {
        key: first[key] for key in ("format", "name", "content", "sha256")
    }
    assert [part["sha256"] for part in (first, second)] == [part["sha256"] for part in checked["parts"]]
    assert "rob:answer" in first["content"]
    assert "sum(powers)" not in first["content"]
    assert "sum(powers)" in second["content"]


@pytest.mark.parametrize(
    "request_body",
    [
        {"notebook": SPLIT},
        {"notebooks": TWO},
        {"notebook": SPLIT, "notebooks": {"answer": TWO["answer"]}},
        {"notebook": TWO["prepare"], "notebooks": {"answer": SPLIT}},
    ],
    ids=["split", "two", "split and one", "one and split"],
)
async def test_submit_by_the_extension(relay: None, jp_fetch: Fetch, request_body: Any) -> None:
    answer = await post(jp_fetch, "export", body(**request_body))
    run = (await post(jp_fetch, "submit", body(**request_body, submission="a team")))["run"]
    sent = [{key: part[key] for key in ("parameter", "name", "sha256")} for part in answer["parts"]]
    assert run["submitted"] == sent
    assert run["notebook"] == {key: sent[0][key] for key in ("name", "sha256")}
    run = await ended(jp_fetch, run["id"])
    assert run["state"] == "SUCCESS", run["messages"]
    assert (run["result"], run["submitted"]) == ({"off": 0.0}, sent)
    assert [notebook["step"] for notebook in run["notebooks"]] == ["prepare", "answer"], "in the order of the steps"


async def test_a_notebook_that_is_not_split(relay: None, jp_fetch: Fetch) -> None:
    plain = split_notebook()
    for cell in plain["cells"]:
        cell["metadata"]["tags"] = [tag for tag in cell["metadata"]["tags"] if not tag.startswith("rob:")]
    request = body(notebook=given("plain.ipynb", plain), submission="never made")
    answer = await post(jp_fetch, "check", request)
    error = answer["problems"][0]
    assert error["message"] == (
        "The benchmark takes 2 notebooks (prepare, answer). Tag the cells of each step with `rob:prepare` or "
        "`rob:answer`, or give a notebook of its own for each."
    )
    assert (error["severity"], error["notebook"]) == ("error", "prepare")
    assert [part["parameter"] for part in answer["parts"]] == ["prepare", "answer"]
    for route in ("rob/export", "rob/submit"):
        status, told = await refused(jp_fetch, route, method="POST", body=json.dumps(request))
        assert (status, told["problems"]) == (400, answer["problems"])
    groups = json.loads((await jp_fetch("rob/api/v1/workflows/relay/groups")).body)["groups"]
    assert "never made" not in [group["name"] for group in groups]


@pytest.mark.parametrize(
    ("request_body", "reason"),
    [
        ({"notebooks": {"answr": TWO["answer"]}}, "Benchmark Relay takes no notebook for answr. Did you mean answer?"),
        ({"notebooks": {"answer": TWO["answer"]}}, "No notebook is given for prepare. Give one."),
        ({"notebooks": {}}, "The request needs"),
    ],
)
async def test_what_can_not_be_divided(relay: None, jp_fetch: Fetch, request_body: Any, reason: str) -> None:
    status, told = await refused(jp_fetch, "rob/submit", method="POST", body=json.dumps(body(**request_body)))
    assert (status, reason in told["message"]) == (400, True), told
    if request_body["notebooks"]:
        answer = await post(jp_fetch, "check", body(**request_body))
        assert ([p["message"] for p in answer["problems"]], answer["parts"]) == ([told["message"]], [])


async def test_a_refused_start_leaves_nothing_behind(relay: None, jp_fetch: Fetch) -> None:
    """The service refuses the second notebook only after both have arrived."""
    lacking = second_notebook()
    lacking["metadata"]["kernelspec"]["name"] = "no-such"
    request = body(notebooks={**TWO, "answer": given("second.ipynb", lacking)})
    status, told = await refused(
        jp_fetch, "rob/submit", method="POST", body=json.dumps({**request, "submission": "kernelless"})
    )
    assert (status, "no-such" in told["message"]) == (400, True)
    made = await asyncio.to_thread(Client().submit, "relay", split_notebook(), None, "known")
    files = await asyncio.to_thread(Client().transport.run, get("uploads", made.handle["groupId"], "files"))
    status, _ = await refused(
        jp_fetch, "rob/submit", method="POST", body=json.dumps({**request, "submission": "known"})
    )
    assert status == 400
    left = await asyncio.to_thread(Client().transport.run, get("uploads", made.handle["groupId"], "files"))
    assert left == files
    groups = await asyncio.to_thread(Client().submissions, "relay")
    assert "kernelless" not in [group["name"] for group in groups]


# -- By Python --


@pytest.mark.parametrize("benchmark", ["relay", "by-file"])
@pytest.mark.parametrize("is_split", [True, False], ids=["split", "two"])
def test_submit_by_python(relay: None, tmp_path: Path, benchmark: str, is_split: bool) -> None:
    path = tmp_path / "first.ipynb"
    path.write_text(json.dumps(split_notebook() if is_split else first_notebook()))
    own = {} if is_split else {"answer": second_notebook()}
    run = rob.submit(benchmark, path, submission="by python", notebooks=own).wait()
    assert run.state.value == "SUCCESS", run.messages
    assert run.result == {"off": 0.0}
    assert [(one["parameter"], one["name"]) for one in run.handle["submitted"]] == [
        ("prepare", "first.ipynb"),
        ("answer", "first.ipynb" if is_split else "answer.ipynb"),
    ]
    again = run.rerun()
    assert again.handle["submitted"] == run.handle["submitted"]
    assert again.wait().result == run.result


def test_a_value_reaches_the_notebooks_that_take_it(relay: None) -> None:
    run = rob.submit("relay", split_notebook(), {"power": 2, "factor": 3}, "values").wait()
    # 3 * ((1² + 2² + 3²) - 6 + 6), beside 6.
    assert run.result == {"off": 36.0}
    given = {argument["name"]: argument["value"] for argument in run.handle["arguments"]}
    assert [given[name]["value"]["parameters"] for name in ("prepare", "answer")] == [{"power": 2}] * 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "No notebook is given for prepare and answer"),
        ({"notebook": first_notebook(), "notebooks": {"answr": second_notebook()}}, "Did you mean answer?"),
        ({"notebooks": {"prepare": first_notebook()}}, "No notebook is given for answer"),
        ({"notebook": {}, "notebooks": {"answer": second_notebook()}}, "notebook.ipynb is not a notebook"),
        (
            {"notebook": first_notebook(), "notebooks": {"answer": {"nbformat": 3}}},
            "answer.ipynb has notebook format 3",
        ),
        ({"notebook": first_notebook(), "notebooks": {"answer": "nowhere.ipynb"}}, "Can't read nowhere.ipynb"),
        (
            {"notebook": split_notebook(), "notebooks": {"prepare": first_notebook(), "answer": second_notebook()}},
            "Nothing is left for notebook.ipynb: prepare and answer have notebooks of their own.",
        ),
    ],
)
def test_refused_by_python(relay: None, arguments: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rob.submit("relay", **arguments)
    assert reason in caught.value.message


# -- By the command line --


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, str]:
    documents = {"both": split_notebook(), "first": first_notebook(), "second": second_notebook()}
    for name, content in documents.items():
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(content))
    return {name: str(tmp_path / f"{name}.ipynb") for name in documents}


def test_submit_by_the_command_line(relay: None, paths: dict[str, str]) -> None:
    submit = ("submit", "-b", "relay", "-s", "terminal", "--wait")
    one = document(*submit, paths["both"])["run"]
    two = document(*submit, "--notebook", f"prepare={paths['first']}", "--notebook", f"answer={paths['second']}")["run"]
    mixed = document("submit", paths["both"], *submit[1:], "--notebook", f"answer={paths['second']}")["run"]
    for run, names in ((one, ["both"] * 2), (two, ["first", "second"]), (mixed, ["both", "second"])):
        assert run["result"] == {"off": 0.0}
        assert [notebook["name"] for notebook in run["submitted"]] == [f"{name}.ipynb" for name in names]
    lines = [line.split() for line in command("runs", "show", two["id"]).stdout.splitlines()]
    assert [line[1::2] for line in lines if line[:1] == ["Notebook"]] == [
        ["first.ipynb", "for"],
        ["second.ipynb", "for"],
    ]
    listed = {line.split()[0]: line for line in command("runs", "list", "-b", "relay").stdout.splitlines()}
    assert "first.ipynb, second.ipynb" in listed[two["id"][:8]]
    assert listed[one["id"][:8]].count("both.ipynb") == 1
    assert "with the notebooks and the arguments of" in command("runs", "rerun", two["id"]).stdout


def test_how_a_benchmark_takes_them_is_shown(relay: None) -> None:
    told = command("benchmarks", "show", "relay").stdout
    assert "Takes 2 notebooks: prepare and answer. Give one whose cells have the tag rob:prepare or rob:answer" in told
    assert "    jupyter rob submit NOTEBOOK -b relay\n" in told
    assert "    jupyter rob submit -b relay --notebook prepare=PATH --notebook answer=PATH\n" in told
    assert "Takes " not in command("benchmarks", "show", "number-predictor").stdout
    usage = command("submit", "--help").stdout
    assert "--notebook NAME=PATH" in usage
    assert "rob:NAME" in usage


def test_warnings_by_the_command_line(relay: None, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(split_notebook(second="open(outputfile, 'w').write(str(sum(read)))")))
    done = command("submit", str(path), "-b", "relay")
    assert done.returncode == 0, done.stderr
    assert "warning: Cell 5 uses read in step answer, but only cells of prepare assign it" in done.stderr
    assert done.stdout.startswith("Run ")
    assert " of a.ipynb is queued." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Which notebook? Give NOTEBOOK, or --notebook NAME=PATH"),
        (["first"], "The benchmark takes 2 notebooks (prepare, answer). Tag the cells"),
        (["first", "--notebook", "answr={second}"], "takes no notebook for answr. Did you mean answer?"),
        (["--notebook", "answer={second}"], "No notebook is given for prepare. Give one."),
        (["first", "--notebook", "answer=nowhere.ipynb"], "Can't read nowhere.ipynb: No such file"),
        (
            ["first", "--notebook", "answer={second}", "--notebook", "answer={both}"],
            "--notebook gives two for answer: ",
        ),
        (["both", "--notebook", "prepare={first}", "--notebook", "answer={second}"], "Nothing is left for both.ipynb"),
        (["--notebook", "{first}"], "is not NAME=PATH"),
    ],
)
def test_refused_by_the_command_line(relay: None, paths: dict[str, str], arguments: list[str], reason: str) -> None:
    words = [paths.get(word, word).format(**paths) for word in arguments]
    done = command("submit", *words, "-b", "relay", "-s", "never made")
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert "never made" not in [group["name"] for group in Client().submissions("relay")]


def test_check_runs_a_benchmark_with_several(tmp_path: Path, home: Home, paths: dict[str, str]) -> None:
    folder = write_relay(tmp_path / "relay")
    check = ("benchmarks", "check", str(folder), "--run")
    (tmp_path / "a=b.ipynb").write_text(Path(paths["both"]).read_text())
    for given in (
        ["--notebook", str(tmp_path / "a=b.ipynb")],
        ["--notebook", paths["both"], "--notebook", f"answer={paths['second']}"],
        ["--notebook", f"prepare={paths['first']}", "--notebook", f"answer={paths['second']}"],
    ):
        done = command(*check, *given, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["run"]["result"] == {"off": 0.0}
    for given, reason in (
        ([], "give one with --notebook prepare=PATH."),
        (["--notebook", f"prepare={paths['first']}"], "No notebook is given for answer"),
        (["--notebook", paths["first"], "--notebook", paths["second"]], "--notebook gives two without a name: "),
        (["--notebook", paths["both"], "--notebook", f"anwser={paths['second']}"], "Did you mean answer?"),
    ):
        done = command(*check, *given)
        assert (done.returncode, reason in done.stderr) == (2, True), done.stderr
    assert "are for a run: give --run" in command(*check[:3], "--notebook", paths["both"]).stderr
