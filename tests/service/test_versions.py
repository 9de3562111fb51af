"""Versions in the store: of bundled benchmarks, of older databases, and when they can't be written down."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from jupyterlab_rob import __version__
from jupyterlab_rob.errors import Conflict
from jupyterlab_rob.packing import PackingLimits
from jupyterlab_rob.service.identity import Identity, Role
from jupyterlab_rob.service.store import Store, importing

from .benchmark import packed, write_benchmark


def test_bundled_benchmarks_follow_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = tmp_path / "package"
    source = write_benchmark(bundled / "a_guess", 1)
    for name in ("changed", "removed", "archived"):
        write_benchmark(bundled / name, 1, name=name)
    monkeypatch.setattr(importing, "BUNDLED", bundled)
    data_dir = tmp_path / "data"
    data_dir.mkdir()

    def opened() -> Store:
        store = Store(data_dir)
        store.open()
        return store

    store = opened()
    owner = Identity(store.accounts.ensure_owner("owner"), "owner", Role.ADMINISTRATOR)
    limits = PackingLimits(1 << 20)
    incoming = store.benchmarks.begin(owner, "changed", limits)
    incoming.write(packed(write_benchmark(tmp_path / "own", 3, name="changed")))
    incoming.complete()
    store.benchmarks.update(owner, "changed", None, incoming, limits)
    incoming.discard()
    store.benchmarks.remove(owner, "removed")
    store.benchmarks.remove(owner, "archived", archive=True)
    store.close()

    # The same package once more changes nothing.
    store = opened()
    assert len(store.benchmarks.versions("a-guess")["versions"]) == 1
    store.close()

    for folder in bundled.iterdir():
        (folder / "private" / "truth.txt").write_text("2")
    store = opened()
    found = store.benchmarks.versions("a-guess")["versions"]
    assert [(version["version"], version["note"]) for version in found] == [
        (2, f"jupyterlab_rob {__version__}"),
        (1, f"jupyterlab_rob {__version__}"),
    ]
    files = data_dir / "files" / "a-guess" / "versions"
    assert [(files / number / "private" / "truth.txt").read_text() for number in "12"] == ["1", "2"]
    assert [benchmark["id"] for benchmark in store.benchmarks.listing()["workflows"]] == ["a-guess", "changed"]
    assert len(store.benchmarks.versions("changed")["versions"]) == 2
    assert len(store.benchmarks.versions("archived")["versions"]) == 1
    # A coordinator may take the name of one that was removed.
    store.benchmarks.add(source.parent / "removed", "removed")
    store.close()


def test_files_of_before_there_were_versions(tmp_path: Path) -> None:
    folder = write_benchmark(tmp_path / "b", 1, name="Old")
    store = Store(tmp_path)
    store.open()
    store.benchmarks.add(folder, "old")
    store.close()
    files = tmp_path / "files" / "old"
    (files / "versions" / "1").rename(files / "static")
    with closing(sqlite3.connect(tmp_path / "rob.db")) as connection, connection:
        connection.execute("UPDATE rob_version SET digest = ''")
    store = Store(tmp_path)
    store.open()
    assert (files / "versions" / "1" / "private" / "truth.txt").is_file()
    assert not (files / "static").exists()
    owner = Identity(store.accounts.ensure_owner("owner"), "owner", Role.ADMINISTRATOR)
    limits = PackingLimits(1 << 20)
    incoming = store.benchmarks.begin(owner, "old", limits)
    incoming.write(packed(folder))
    incoming.complete()
    with pytest.raises(Conflict, match="Nothing has changed"):
        store.benchmarks.update(owner, "old", None, incoming, limits)
    incoming.discard()
    store.close()


def test_nothing_is_left_when_the_database_fails(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(Session, "commit", fail)
    with pytest.raises(RuntimeError):
        store.benchmarks.add(write_benchmark(tmp_path / "b", 1, name="Failing"), "failing")
    assert not (tmp_path / "files" / "failing" / "versions" / "1").exists()
    assert list((tmp_path / "files" / "incoming").iterdir()) == []
