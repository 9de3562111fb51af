from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyterlab_rob.service.engine.logfile import LogFile

_TEXT = st.text("abé", max_size=12)
_CHANGES = st.lists(st.tuples(st.lists(_TEXT, max_size=6), _TEXT, st.booleans()), max_size=20)


@settings(deadline=None, max_examples=300)
@given(_CHANGES, st.integers(0, 60), st.integers(10, 60))
def test_head_and_tail_are_kept(changes: list[tuple[list[str], str, bool]], head: int, tail: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = LogFile(Path(folder) / "log.txt", head, tail)
        everything = ""
        for lines, pending, is_shown in changes:
            added = "".join(f"{line}\n" for line in lines)
            file.add(added)
            everything += added
            if is_shown:
                file.show(pending)
                _check(file, everything, pending, head, tail)
        file.show("")
        _check(file, everything, "", head, tail)
        file.close()


def _check(file: LogFile, added: str, pending: str, head: int, tail: int) -> None:
    assert file.path is not None
    content = file.path.read_text() if file.path.exists() else ""
    assert len(content.encode()) == file.size
    begin, notice, end = content.partition("… ")
    if not notice:
        assert content == added + pending
        return
    size, _, end = end.partition(" left out …\n")
    assert added.startswith(begin)
    assert (added + pending).endswith(end)
    assert begin == "" or begin.endswith("\n")
    assert end.endswith(pending)
    assert size == f"{len(added.encode()) - len(begin.encode()) - len(end.encode()) + len(pending.encode())} bytes"
    assert len(begin.encode()) <= head
    assert len(end.encode()) <= max(tail, len(pending.encode()))


def test_lines_are_appended_and_what_changes_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    file = LogFile(path)
    file.add("one\n")
    assert file.show("10%")
    first = path.stat().st_ino
    file.add("10% of it\n")
    assert not file.show("tw")
    assert not file.show("two")
    assert (path.read_text(), path.stat().st_ino) == ("one\n10% of it\ntwo", first)
    with path.open() as reader:
        assert file.show("2")
        assert reader.read() == "one\n10% of it\ntwo"
    assert (path.read_text(), os.listdir(tmp_path)) == ("one\n10% of it\n2", ["log.txt"])
    assert path.stat().st_mode & 0o777 == 0o600
    file.close()


def test_what_is_there_already_stays_in_front(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("of the first attempt\nno end")
    (tmp_path / ".log.txt.new").write_text("half of it")
    file = LogFile()
    file.add("before it was known where\n")
    file.show("x")
    file.place(path)
    file.show("x")
    assert path.read_text() == "of the first attempt\nno end\nbefore it was known where\nx"
    assert os.listdir(tmp_path) == ["log.txt"]
    file.close()


def test_what_is_there_already_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "large").write_text("".join(f"{number}\n" for number in range(100_000)))
    (tmp_path / "link").symlink_to(tmp_path / "large")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("link", "pipe", "large"):
        file = LogFile(tmp_path / name, 100, 100)
        file.show("x")
        file.close()
    assert [(tmp_path / name).read_text() for name in ("link", "pipe")] == ["x", "x"]
    numbers = range(99_984, 100_000)
    assert (tmp_path / "large").read_text() == "".join(f"{number}\n" for number in numbers) + "x"
    LogFile(tmp_path / "folder").close()


def test_nothing_is_lost_while_the_file_cant_be_written(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "log.txt"
    file = LogFile(path)
    for text in ("one\n", "two\n"):
        file.add(text)
        with pytest.raises(FileNotFoundError):
            file.show("three")
    path.parent.mkdir()
    file.show("three")
    assert path.read_text() == "one\ntwo\nthree"
    file.close()


def test_middle_is_told(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "log.txt", 1000, 1000)
    for _ in range(100):
        file.add("x" * 99 + "\n" + "y" * 49_899 + "\n")
    file.add("the end\n")
    file.show("")
    lines = (tmp_path / "log.txt").read_text().splitlines()
    assert (lines[0], lines[-2:]) == ("x" * 99, ["… 4.768 MB left out …", "the end"])
    file.close()
