from __future__ import annotations

import json
import os
import tempfile
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyterlab_rob.service.engine.cause import MAX_TEXT, Cause
from jupyterlab_rob.service.engine.record import MAX_LINE, MAX_READ, RecordReader, RecordWriter


def written(path: Path, cells: int = 5, cause: Cause | None = None) -> list[dict[str, Any]]:
    """The entries of a record that was just made."""
    with RecordWriter(path) as writer:
        writer.step("predict", cells)
        for cell in range(1, cells + 1):
            writer.cell("predict", cell, cells)
        writer.end(cause)
    return everything(RecordReader(path))


def everything(reader: RecordReader) -> list[dict[str, Any]]:
    entries = reader.read()
    while reader.is_behind:
        entries += reader.read()
    return entries


def line(text: str) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(text.encode()), text.encode())


def test_reader_gets_what_is_new(tmp_path: Path) -> None:
    reader = RecordReader(tmp_path / "record")
    assert reader.read() == []
    cause = Cause("notebook", "cell 1: é \ud800", "predict", 1)
    with RecordWriter(tmp_path / "record") as writer:
        writer.step("predict", 3)
        (step,) = reader.read()
        assert step == {"time": step["time"], "event": "step", "step": "predict", "cells": 3}
        writer.cell("predict", 1, 3)
        writer.end(cause)
    cell, end = reader.read()
    assert cell == {"time": cell["time"], "event": "cell", "step": "predict", "cell": 1, "cells": 3}
    assert end["event"] == "end"
    assert Cause.from_dict(end["cause"]) == cause
    assert step["time"] <= cell["time"] <= end["time"]
    assert reader.read() == []
    assert reader.damaged == 0


def test_unfinished_line_waits(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    entries = written(whole)
    path = tmp_path / "record"
    reader = RecordReader(path)
    found = []
    for byte in whole.read_bytes():
        with path.open("ab") as file:
            file.write(bytes([byte]))
        found += reader.read()
    assert found == entries
    assert reader.damaged == 0


def test_writer_wakes_the_reader_and_outlives_it(tmp_path: Path) -> None:
    woken, wake = os.pipe()
    with RecordWriter(tmp_path / "record", partial(os.write, wake, b".")) as writer:
        writer.step("a")
        assert os.read(woken, 10) == b"."
        os.close(woken)
        writer.step("b")
    os.close(wake)
    assert len(RecordReader(tmp_path / "record").read()) == 2


def test_longest_line_is_read(tmp_path: Path) -> None:
    text = "\U0001f30d" * MAX_TEXT
    cause = Cause("notebook", text, text, 1, text, text, text)
    assert written(tmp_path / "record", cause=cause)[-1]["cause"] == cause.to_dict()


def test_writer_goes_on_after_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "record"
    written(path, 1)
    with path.open("ab") as file:
        file.write(b'12345678 {"n": 4, "ti')
    with RecordWriter(path) as writer:
        writer.step("evaluate")
    reader = RecordReader(path)
    assert [entry["event"] for entry in reader.read()] == ["step", "cell", "end", "step"]
    assert reader.damaged == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[" * 100_000,
        '{"n": 1}',
        '{"n": 1, "time": 1.0, "event": "other"}',
        '{"n": 1, "time": 1.0, "event": ["step"]}',
        '{"n": 1, "time": "x", "event": "step", "step": "a", "cells": 1}',
        '{"n": true, "time": 1.0, "event": "step", "step": "a", "cells": 1}',
        '{"n": 1, "time": 1.0, "event": "cell", "step": "a", "cell": "1", "cells": 1}',
        '{"n": 1, "time": 1.0, "event": "end", "cause": {"kind": "step"}}',
        '{"n": 1, "time": 1.0, "event": "end", "cause": {"kind": "step", "message": 5}}',
        '{"n": 1, "time": 1.0, "event": "end", "cause": "step"}',
    ],
)
def test_what_is_not_known_is_counted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record"
    path.write_bytes(line(text) + line('{"n": 2, "time": 1.0, "event": "end", "cause": null}'))
    reader = RecordReader(path)
    assert reader.read() == [{"time": 1.0, "event": "end", "cause": None}]
    assert reader.damaged == 1


def test_more_than_is_read_at_a_time(tmp_path: Path) -> None:
    """Garbage of any size, without an end of line, and the end behind it."""
    path = tmp_path / "record"
    entries = written(path)
    start, end = path.read_bytes().rsplit(b"\n", 2)[:2]
    for garbage in (b"\0" * (3 * MAX_READ), b"\n" * (2 * MAX_READ), b' {"n": ' * MAX_READ):
        path.write_bytes(start + b"\n" + garbage + end + b"\n")
        reader = RecordReader(path)
        assert everything(reader) == entries
        assert reader._offset == path.stat().st_size
        assert reader.damaged == (0 if garbage[0] == 10 else 1)


def test_a_call_reads_a_bounded_part(tmp_path: Path) -> None:
    path = tmp_path / "record"
    entries = written(path, 20_000)
    assert path.stat().st_size > MAX_READ > MAX_LINE
    reader = RecordReader(path)
    assert 1000 < len(reader.read()) < len(entries)
    assert reader.is_behind
    everything(reader)
    assert (reader.is_behind, reader.last, reader.damaged) == (False, len(entries), 0)


# In thousandths of the file, whose size is not always the same.
_PLACES = st.integers(0, 1000)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_whatever_happens_to_the_file(data: st.DataObject) -> None:
    """Torn, cut, doubled, with other bytes in it: what is read was written, in order, and an end that is whole is
    found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record"
        cause = data.draw(st.none() | st.builds(Cause, st.just("notebook"), st.text()))
        entries = written(path, data.draw(st.integers(1, 8)), cause)
        content = path.read_bytes()
        for _ in range(data.draw(st.integers(1, 4))):
            first, last = sorted(len(content) * data.draw(_PLACES) // 1000 for _ in range(2))
            change = data.draw(st.sampled_from(["cut", "double", "zero", "insert", "shuffle"]))
            part = content[first:last]
            if change == "cut":
                part = b""
            elif change == "double":
                part += part
            elif change == "zero":
                part = b"\0" * len(part)
            elif change == "insert":
                part = data.draw(st.binary(max_size=50)) + part
            else:
                seed = data.draw(st.binary(max_size=2))
                part = b"\n".join(sorted(part.split(b"\n"), key=lambda line: zlib.crc32(seed + line)))
            content = content[:first] + part + content[last:]
        reader = RecordReader(path)
        path.write_bytes(content[: len(content) * data.draw(_PLACES) // 1000])
        found = everything(reader)
        path.write_bytes(content)
        found += everything(reader)
        rest = iter(entries)
        assert all(entry in rest for entry in found)
        text = b'"event": "end"'
        whole = [part for part in content.split(b"\n")[:-1] if text in part and _is_whole(part)]
        if whole:
            assert found[-1] == entries[-1]


def _is_whole(part: bytes) -> bool:
    digits, _, text = part.partition(b" ")
    return digits == b"%08x" % zlib.crc32(text) and json.loads(text)["event"] == "end"
