from __future__ import annotations

import os
from pathlib import Path

from jupyterlab_rob.service.engine.record import MAX_TEXT, Cause, RecordReader, RecordWriter


def test_reader_gets_what_is_new(tmp_path: Path) -> None:
    reader = RecordReader(tmp_path / "record")
    assert reader.read() == []
    cause = Cause("notebook", "cell 1: é", "predict", 1)
    with RecordWriter(tmp_path / "record") as writer:
        writer.step("predict", 3)
        assert [entry["event"] for entry in reader.read()] == ["step"]
        writer.cell("predict", 1, 3)
        writer.end(cause)
    entries = reader.read()
    assert [entry["event"] for entry in entries] == ["cell", "end"]
    assert Cause.from_dict(entries[1]["cause"]) == cause
    assert reader.read() == []


def test_texts_are_cut_whoever_wrote_them() -> None:
    long, longest = "x" * (MAX_TEXT + 1), "y" * MAX_TEXT
    cause = Cause.from_dict({"kind": "step", "message": long, "ename": longest, "evalue": long, "cell": 1})
    assert (cause.message, cause.ename, cause.cell) == ("x" * (MAX_TEXT - 1) + "…", longest, 1)
    assert cause.evalue == cause.message


def test_unfinished_line_waits(tmp_path: Path) -> None:
    path = tmp_path / "record"
    reader = RecordReader(path)
    path.write_bytes(b'{"event": "step"}\n{"eve')
    assert len(reader.read()) == 1
    with path.open("ab") as file:
        file.write(b'nt": "end"}\n')
    assert reader.read() == [{"event": "end"}]


def test_writer_wakes_the_reader_and_outlives_it(tmp_path: Path) -> None:
    woken, wake = os.pipe()
    with RecordWriter(tmp_path / "record", wake) as writer:
        writer.step("a")
        assert os.read(woken, 10) == b"."
        os.close(woken)
        writer.step("b")
    os.close(wake)
    assert len(RecordReader(tmp_path / "record").read()) == 2
