from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyterlab_rob.service.engine.handover import discard, hand_over, take_back

_ROOT = os.geteuid() == 0


def test_takes_back_what_a_step_has_closed(tmp_path: Path) -> None:
    folder = tmp_path / "step"
    (folder / "closed" / "in").mkdir(parents=True)
    (folder / "closed" / "in" / "result").write_text("1")
    (folder / "closed" / "in" / "result").chmod(0)
    (folder / "special").touch()
    (folder / "special").chmod(0o6755)
    (folder / "closed" / "in").chmod(0)
    (folder / "closed").chmod(0)
    take_back(folder)
    assert (folder / "closed" / "in" / "result").read_text() == "1"
    assert (folder / "special").stat().st_mode & 0o7000 == 0
    for path in (folder / "closed", folder / "closed" / "in"):
        assert path.stat().st_mode & 0o700 == 0o700


@pytest.mark.skipif(not _ROOT, reason="only root can give files to others")
def test_goes_to_and_fro_and_follows_no_link(tmp_path: Path) -> None:
    folder, outside = tmp_path / "step", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "file").touch()
    (folder / "result").touch()
    (folder / "link").symlink_to(outside)
    (folder / "deeper").symlink_to(outside / "file")
    hand_over(folder, 200_000)
    assert {path.lstat().st_uid for path in (folder, *folder.iterdir())} == {200_000}
    take_back(folder)
    assert {path.lstat().st_uid for path in (folder, *folder.iterdir())} == {0}
    hand_over(folder, 200_000)
    assert {path.stat().st_uid for path in (outside, outside / "file")} == {0}


def test_modes_behind_a_link_stay(tmp_path: Path) -> None:
    (tmp_path / "outside").touch(0o400)
    folder = tmp_path / "step"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "closed").mkdir(0)
    take_back(folder)
    assert (tmp_path / "outside").stat().st_mode & 0o777 == 0o400


def test_folders_may_be_nested_deeper_than_python_goes(tmp_path: Path) -> None:
    folder = tmp_path / "step"
    folder.mkdir()
    here = os.getcwd()
    try:
        os.chdir(folder)
        for _ in range(3000):
            os.mkdir("x")
            os.chdir("x")
        Path("result").touch(0)
    finally:
        os.chdir(here)
    take_back(folder)
    discard(folder)
    assert not folder.exists()


def test_discards_what_a_step_has_closed(tmp_path: Path) -> None:
    folder = tmp_path / "step"
    (folder / "closed" / "in").mkdir(parents=True)
    (folder / "closed").chmod(0)
    discard(folder)
    assert not folder.exists()
    discard(folder)


def test_says_what_can_not_be_taken_back(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nosuch"):
        take_back(tmp_path / "nosuch")
