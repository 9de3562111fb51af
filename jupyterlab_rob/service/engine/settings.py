"""The sandbox's /etc: a copy of those settings of the machine that programs need and that hold no secret.

A copy, since each file that is shown by itself costs half a millisecond at every start.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

#: These are shown as they are, in their place in the copy.
LIVE_SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives")
#: These as well, with the network.
NETWORK_SETTINGS = ("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf")

#: The user in the sandbox, and its home folder there.
USER = "rob"
HOME = "/tmp/home"  # noqa: S108 (in the sandbox)

#: No key, password or account is in these.
_COPIED = (
    "ld.so.conf", "ld.so.conf.d", "nsswitch.conf", "protocols", "services", "rpc", "localtime", "timezone",
    "locale.alias", "locale.conf", "mime.types", "magic", "terminfo", "os-release", "debian_version", "inputrc",
    "fonts", "glvnd", "OpenCL", "R", "perl", "matplotlibrc", "java-*", "python3*",
    "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "ca-certificates.conf", "crypto-policies",
    "pki/tls/certs", "pki/tls/cert.pem", "pki/tls/openssl.cnf", "pki/ca-trust/extracted",
)  # fmt: skip

#: Copies that are kept: workers of an earlier service may still use the last ones.
_KEPT = 3


def settings_folder(parent: Path, uids: Iterable[int]) -> Path:
    """A folder in ``parent`` with the settings as they are now; ``uids`` are the users that may be in the sandbox.

    Raises:
        OSError: It could not be made.
    """
    accounts = {
        "passwd": "".join(f"{USER}:x:{uid}:{uid}:ROB:{HOME}:/bin/sh\n" for uid in uids),
        "group": "".join(f"{USER}:x:{uid}:\n" for uid in uids),
        "hosts": f"127.0.0.1 localhost {USER}\n::1 localhost\n",
    }
    found = sorted(path for pattern in _COPIED for path in Path("/etc").glob(pattern))
    folder = parent / f"etc-{_digest(found, accounts)}"
    if not folder.is_dir():
        made = Path(tempfile.mkdtemp(prefix="new-etc-", dir=parent))
        try:
            _fill(made, found, accounts)
            made.rename(folder)
        except OSError:
            shutil.rmtree(made, ignore_errors=True)
            if not folder.is_dir():  # Else another process was quicker.
                raise
    os.utime(folder)
    for old in sorted(parent.glob("etc-*"), key=os.path.getmtime)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def _fill(folder: Path, found: Iterable[Path], accounts: dict[str, str]) -> None:
    folder.chmod(0o755)
    for path in found:
        target = folder / path.relative_to("/etc")
        target.parent.mkdir(parents=True, exist_ok=True)
        for parent in target.relative_to(folder).parents:
            # Whatever the service's umask is, a slot's user may enter.
            (folder / parent).chmod(0o755)
        # What the service's user can't read, the sandbox shall not show.
        with contextlib.suppress(PermissionError, shutil.Error):
            if path.is_dir() and not path.is_symlink():
                shutil.copytree(path, target, symlinks=True)
            else:
                shutil.copy2(path, target, follow_symlinks=False)
    for name, text in accounts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    for place in map(Path, (*LIVE_SETTINGS, *NETWORK_SETTINGS)):
        target = folder / place.name
        if place.is_dir():
            target.mkdir(exist_ok=True)
        elif place.exists() and not target.exists():
            target.touch(0o644)


def _digest(found: Iterable[Path], accounts: dict[str, str]) -> str:
    """A name for the settings as they are: another one when one of them has changed."""
    digest = hashlib.sha256(repr([accounts, [Path(path).exists() for path in NETWORK_SETTINGS]]).encode())
    for path in found:
        for place in [path, *sorted(path.rglob("*"))] if path.is_dir() else [path]:
            with contextlib.suppress(OSError):
                state = place.lstat()
                digest.update(f"{place}\0{state.st_mtime_ns}\0{state.st_size}\0{state.st_mode}\n".encode())
    return digest.hexdigest()[:12]
