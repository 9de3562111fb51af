from __future__ import annotations

import os
from pathlib import Path

from jupyterlab_rob.service.engine.settings import settings_folder


def test_has_what_programs_need_and_no_secret(tmp_path: Path) -> None:
    folder = settings_folder(tmp_path, [5, 6])
    assert (folder / "passwd").read_text().count("\n") == 2
    assert (folder / "passwd").read_text().startswith("rob:x:5:5:")
    for secret in ("shadow", "gshadow", "sudoers", "ssh", "ssl/private", "machine-id", "hostname"):
        assert not os.path.lexists(folder / secret)
    if Path("/etc/ssl/certs").is_dir():
        assert {path.name for path in (folder / "ssl/certs").iterdir()} == set(os.listdir("/etc/ssl/certs"))
    assert folder.stat().st_mode & 0o777 == 0o755
    # A place for what is shown as it is.
    for name in ("ld.so.cache", "alternatives"):
        assert (folder / name).exists() == (Path("/etc") / name).exists()


def test_is_made_once_and_the_last_ones_are_kept(tmp_path: Path) -> None:
    first = settings_folder(tmp_path, [1])
    assert settings_folder(tmp_path, [1]) == first
    made = [settings_folder(tmp_path, [uid]) for uid in (2, 3, 4)]
    assert sorted(tmp_path.iterdir()) == sorted(made)
    assert settings_folder(tmp_path, [1]) == first
