"""What an administrator sets of runs: how many, how fast they begin, how they are confined, what they may take."""

from __future__ import annotations

import os

from traitlets import Bool, Enum, Float, HasTraits, Int, List, Unicode

from ..errors import InvalidInput
from .engine.limits import Limits, read_limits
from .engine.sandbox import UID_BASE


class RunSettings(HasTraits):
    """Traits of the service."""

    max_active_runs = Int(
        100, min=1, help="Most runs of a user that wait or run at a time; administrators may have any number."
    ).tag(config=True)
    slots = Int(
        max(1, (os.cpu_count() or 1) // 2),
        min=1,
        help="Runs that may run at once. Default: half the processors, at least 1.",
    ).tag(config=True)
    postprocessing_slots = Int(
        1,
        min=1,
        help="Benchmarks whose post-processing may run at once, beside the runs. Default: 1.",
    ).tag(config=True)
    warm_workers = Int(
        1,
        min=0,
        help="Processes with a kernel that wait for the next run, of kernels that were used of late; 0: nothing is "
        "kept at hand, and each run waits for its kernel. Default: 1.",
    ).tag(config=True)
    warm_time = Float(600.0, min=0, help="Seconds for which such a process is kept without use.").tag(config=True)
    sandbox = Enum(
        ["auto", "required", "off"],
        "auto",
        help="Whether what runs execute is in a sandbox (bubblewrap): 'auto' where that works, 'required' or nothing "
        "is run, 'off'. `jupyter rob status` tells.",
    ).tag(config=True)
    sandbox_paths = List(
        Unicode(),
        help="Folders and files that runs may read in the sandbox besides the system's programs and this Python "
        "environment: packages elsewhere, say.",
    ).tag(config=True)
    sandbox_uid_base = Int(
        UID_BASE,
        min=1000,
        help="When root runs the service: the first of the user ids that steps have in the sandbox, one for each run "
        "at a time. No other user, and no other service on the machine, should have them.",
    ).tag(config=True)
    min_free_space = Int(
        256 << 20, min=0, help="Bytes that must be free on the disk of the data folder for a run to start."
    ).tag(config=True)

    network = Bool(
        True, help="Whether a benchmark may allow its steps the network; in the sandbox it is off unless one does."
    ).tag(config=True)
    max_run_time = Unicode("1 d", help="Longest time of a run, such as '90 min'; empty: no limit.").tag(config=True)
    max_step_time = Unicode("", help="Longest time of a step, such as '30 min'; empty: no limit.").tag(config=True)
    max_memory = Unicode(
        "", help="Most memory (address space) of each process of a run, such as '8 GB'; empty: no limit."
    ).tag(config=True)
    max_processor_time = Unicode(
        "", help="Most processor time of each process of a run, such as '2 h'; empty: no limit."
    ).tag(config=True)
    max_processes = Int(
        1024, min=0, help="Most processes and threads of a step at a time; 0: no limit. A kernel has a dozen."
    ).tag(config=True)
    max_file_size = Unicode("10 GB", help="Largest file that a step may write; empty: no limit.").tag(config=True)
    max_run_size = Unicode(
        "20 GB", help="Most that a step's folder, and all outputs of a run, may take on the disk; empty: no limit."
    ).tag(config=True)

    def limits(self) -> Limits:
        """Within these are the limits that benchmarks set.

        Raises:
            InvalidInput: By the setting's name.
        """
        settings = {
            "time": "max_run_time",
            "step_time": "max_step_time",
            "memory": "max_memory",
            "cpu": "max_processor_time",
            "file_size": "max_file_size",
            "disk": "max_run_size",
        }
        values = {key: getattr(self, name) or None for key, name in settings.items()}
        for key, value in values.items():
            try:
                read_limits({key: value})
            except InvalidInput as error:
                raise InvalidInput(f"RobService.{settings[key]}: {error.message}") from None
        return read_limits({**values, "processes": self.max_processes or None, "network": self.network})
