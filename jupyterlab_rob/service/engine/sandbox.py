"""The sandbox of a step: bubblewrap, where it works here (sandbox_trial.py); else the command with nothing but limits.

Inside, a step sees its own folder, its runtime folder, this machine's programs and libraries (mounts.py), processes of
its own and, unless its limits allow more, no network. It is another user when the service is run by root, else the same
one without any privilege. When the process that is started ends, or the *thread* that started it, all inside is killed
by the system, whatever it is.

What it does not do: with the network, also the services on this machine are reached, as ROB's own. The memory of all
processes together is not limited, only that of each one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...models import JSON
from . import handover
from .ceilings import counted_processes, limit_command
from .limits import Limits
from .mounts import Mount
from .settings import HOME, NETWORK_SETTINGS, USER

#: The first of the user ids that steps have when the service is run by root, one per slot.
UID_BASE = 200_000
#: What temporary files, and apart from these shared memory, of a step may take, in bytes of the machine's memory.
TMP_SIZE = 512 << 20

#: Of the caller's environment, what would be wrong inside.
_OUTER = ("TMPDIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "R_LIBSUSER", "JPY_PARENT_PID")


@dataclass(frozen=True)
class Sandbox:
    """How commands are made here. Plain data, which another process may be given (``to_dict``).

    ``program`` is bubblewrap's path, None without a sandbox; then ``reason`` says why, as one sentence without its full
    stop. ``settings`` is the folder that is /etc inside.
    """

    program: str | None
    reason: str | None = None
    settings: str = ""
    mounts: tuple[Mount, ...] = ()
    setpriv: str | None = None
    prlimit: str | None = None
    uid_base: int = UID_BASE
    tmp_size: int = TMP_SIZE
    nests: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Literal["bubblewrap"] | None:
        return None if self.program is None else "bubblewrap"

    @property
    def message(self) -> str | None:
        """What is not protected, and why; None with a sandbox."""
        if self.program is not None:
            return None
        return (
            f"Runs are not in a sandbox: {self.reason}. A notebook can read whatever the service's user can, such as "
            "the answers of the benchmarks, the database and other runs, and reach the network; processes that it "
            "leaves behind are ended as far as they are found."
        )

    def uid(self, slot: int) -> int | None:
        """The user id of the steps in a slot; None when it is the service's own."""
        return None if self.setpriv is None else self.uid_base + slot

    def command(
        self,
        argv: Sequence[str],
        folder: Path,
        *,
        runtime: Path | None = None,
        limits: Limits | None = None,
        slot: int = 0,
        readable: Iterable[Path] = (),
    ) -> list[str]:
        """The command that runs ``argv`` in ``folder``, its working folder, within ``limits``.

        ``folder`` and ``runtime`` (connection file and sockets of a kernel) are writable inside and have their own
        paths there; ``readable`` are folders that are not writable. All must be there, and may be empty and filled
        later from outside. In each slot one command may run at a time.

        The caller starts it with ``cwd=folder``, the ``environment`` made by this sandbox, no file descriptors but the
        standard ones, and from a thread that lives as long as the command shall. To end it: SIGKILL. No other signal
        reaches what is inside, so a kernel can't be interrupted.
        """
        limits = limits or Limits()
        processes = limits.processes
        if self.setpriv is None:
            processes = counted_processes(processes, apart=self.program is not None)
            if processes is not None and self.program is not None:
                processes += 1  # Bubblewrap's own in the sandbox, which has the same user.
        limited = [*limit_command(limits, processes, self.prlimit), *argv]
        if self.program is None:
            return limited
        uid = self.uid(slot)
        return [
            self.program,
            *self._namespaces(limits.network),
            *self._places(folder, runtime, limits, readable),
            *("--chdir", str(folder)),
            # The manager of a kernel sets it, and the kernel would end, since it knows no such process.
            *("--unsetenv", "JPY_PARENT_PID"),
            "--",
            *self._other_user(uid),
            *limited,
        ]

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of a command, from ``variables``: a whitelist, without any secret.

        What leads out of the sandbox is left out or replaced. It is for the process that is started, not for the
        command's arguments, which every user of the machine can read.
        """
        if self.program is None:
            return dict(variables)
        kept = {name: value for name, value in variables.items() if name not in _OUTER and not name.startswith("XDG_")}
        own = {"HOME": HOME, "USER": USER, "LOGNAME": USER, "SHELL": "/bin/sh", "TMPDIR": "/tmp"}  # noqa: S108
        return {**kept, **own, **self.variables}

    def hand_over(self, folder: Path, slot: int) -> None:
        """Let the steps of a slot write to ``folder`` and all in it. Again after files were put into it.

        Raises:
            OSError: That was not possible.
        """
        handover.hand_over(folder, self.uid(slot))

    def take_back(self, folder: Path) -> None:
        """Make ``folder`` and all in it the service's own again, when nothing runs in it any more.

        Raises:
            OSError: That was not possible.
        """
        handover.take_back(folder)

    def shows(self, path: Path) -> bool:
        """Whether ``path``, a kernel's program, say, is there inside (or, when there is no sandbox, at all)."""
        real = Path(os.path.realpath(path))
        if self.program is None or not real.exists():
            return real.exists()
        by_target = {Path(mount.target): mount for mount in self.mounts}
        inner = next((by_target[folder] for folder in (real, *real.parents) if folder in by_target), None)
        return inner is not None and inner.kind == "show"

    def status(self) -> JSON:
        """As the service's status has it; see docs/protocol.md."""
        return {"kind": self.kind, "message": self.message}

    def to_dict(self) -> JSON:
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Sandbox:
        return cls(**{**document, "mounts": tuple(Mount(**mount) for mount in document["mounts"])})

    def _namespaces(self, network: bool) -> list[str]:
        options = [
            "--die-with-parent",
            "--new-session",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--unshare-cgroup-try",
            *("--hostname", USER),
        ]
        if not network:
            options.append("--unshare-net")
        if self.setpriv is None:
            options += ["--unshare-user", "--cap-drop", "ALL"]
            if not self.nests:
                options.append("--disable-userns")
        else:
            # What setpriv needs to become another user without any of them, and to enter that user's folder.
            options += ["--cap-drop", "ALL"]
            for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_DAC_READ_SEARCH"):
                options += ["--cap-add", capability]
        return options

    def _places(self, folder: Path, runtime: Path | None, limits: Limits, readable: Iterable[Path]) -> list[str]:
        size = str(max(4096, min(self.tmp_size, self.tmp_size if limits.disk is None else limits.disk)))
        own = [("--bind", path) for path in (folder, runtime) if path is not None]
        own += [("--ro-bind", path) for path in readable]
        own.sort(key=lambda bind: len(bind[1].parts))
        options = ["--proc", "/proc", "--dev", "/dev"]
        for place in ("/tmp", "/dev/shm"):  # noqa: S108 (in the sandbox)
            options += ["--perms", "1777", "--size", size, "--tmpfs", place]
        options += ["--perms", "0777", "--dir", HOME]
        options += ["--ro-bind", self.settings, "/etc"]
        parents = _Parents()
        for mount in self.mounts:
            arguments = mount.arguments()
            if arguments:
                options += [*parents.of(Path(mount.target), opens=mount.kind == "hide"), *arguments]
        if limits.network:
            for setting in NETWORK_SETTINGS:
                options += ["--ro-bind-try", setting, setting]
        for option, path in own:
            options += [*parents.of(path), option, str(path), str(path)]
        for mount in self.mounts:
            options += mount.sealed()
        return [*options, "--remount-ro", "/dev", "--remount-ro", "/"]

    def _other_user(self, uid: int | None) -> list[str]:
        if self.setpriv is None:
            return []
        options = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
        return [self.setpriv, *options, "--"]


class _Parents:
    """The folders that lead to what is mounted: bubblewrap would make them for its own user only."""

    def __init__(self) -> None:
        self._made: set[Path] = {Path("/"), Path("/tmp"), Path("/dev"), Path("/etc")}  # noqa: S108 (in the sandbox)
        self._mounted: set[Path] = set()

    def of(self, target: Path, *, opens: bool = False) -> list[str]:
        """Options for those that ``target`` still needs. In what ``opens``, a hole, folders can be made."""
        missing = []
        for folder in target.parents:
            if folder in self._made or folder in self._mounted:
                break
            missing.append(folder)
        options: list[str] = []
        for folder in reversed(missing):
            options += ["--perms", "0755", "--dir", str(folder)]
            self._made.add(folder)
        if opens:
            # What led there before is covered.
            self._made = {folder for folder in self._made if target not in folder.parents} | {target}
            self._mounted.discard(target)
        else:
            self._mounted.add(target)
        return options
