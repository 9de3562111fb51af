from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyterlab_rob.service.engine.files import FileProblem, hand_on, inside, link, provide, regular_files


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a\0b"])
def test_inside_refuses_what_leads_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileProblem):
        inside(tmp_path, name)


def test_regular_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "results" / "deep").mkdir(parents=True)
    (tmp_path / "results" / "b").touch()
    (tmp_path / "results" / "deep" / "a").touch()
    assert list(regular_files(tmp_path, "results/")) == ["results/b", "results/deep/a"]


def test_regular_files_refuses_links_and_special_files(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "folder", "folder/passwd", "pipe", "missing", "."):
        with pytest.raises(FileProblem):
            list(regular_files(tmp_path, name))


def test_provide_copies_and_never_links(tmp_path: Path) -> None:
    static, step = tmp_path / "static", tmp_path / "step"
    (static / "data").mkdir(parents=True)
    (static / "data" / "x").write_text("original")
    step.mkdir()
    provide("data/", (static,), step)
    (step / "data" / "x").write_text("changed by the step")
    assert (static / "data" / "x").read_text() == "original"


def test_provide_takes_the_first_source_file_by_file(tmp_path: Path) -> None:
    made, static, step = (tmp_path / name for name in ("made", "static", "step"))
    for folder, files in ((made, "b"), (static, "ab")):
        (folder / "data").mkdir(parents=True)
        for file in files:
            (folder / "data" / file).write_text(folder.name)
    provide("data", (made, static), step)
    assert (step / "data" / "a").read_text() == "static"
    assert (step / "data" / "b").read_text() == "made"


def test_provide_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="'nosuch' does not exist"):
        provide("nosuch", (tmp_path,), tmp_path / "step")


def test_hand_on_moves(tmp_path: Path) -> None:
    step, files = tmp_path / "step", tmp_path / "files"
    (step / "results").mkdir(parents=True)
    (step / "results" / "score").write_text("1")
    hand_on("results/score", step, files, tmp_path / "static")
    assert (files / "results" / "score").read_text() == "1"
    assert not (step / "results" / "score").exists()


def test_link_takes_no_space(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "large").write_bytes(b"x" * 1000)
    link(tmp_path, "results/large", tmp_path / "run")
    assert (tmp_path / "run" / "results" / "large").samefile(tmp_path / "results" / "large")


def test_link_refuses_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name in ("folder", "link", "nosuch", "../x", "/etc/passwd"):
        with pytest.raises(FileProblem):
            link(tmp_path, name, tmp_path / "run")


@pytest.mark.parametrize(("earlier", "later"), [("results/a", "results/a/b"), ("results/a/b", "results/a")])
def test_hand_on_does_not_mix_files_and_folders(tmp_path: Path, earlier: str, later: str) -> None:
    """As a participant's step could, where a later one is to write its metrics."""
    step, files = tmp_path / "step", tmp_path / "files"
    for folder, name in ((files, earlier), (step, later)):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
    with pytest.raises(FileProblem, match="an earlier step has made"):
        hand_on(later, step, files, tmp_path / "static")
    assert (files / earlier).is_file()


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (Path(os.fsdecode(os.fsencode(tmp_path / "results") + b"/\xff"))).touch()
    with pytest.raises(FileProblem, match=r"the name 'results/\?' is no UTF-8"):
        list(regular_files(tmp_path, "results"))
