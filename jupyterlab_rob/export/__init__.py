"""A notebook as a Python script, for where a benchmark runs ``python`` and no notebooks.

    check_script    what stands in the way, quickly and without any conversion
    export_script   the script, converted in a child process

Rooms: ``magics`` (IPython's syntax as plain Python), ``cells`` (what is taken of a notebook), ``front`` (the script's
own parts: options and what a kernel would have provided), ``script`` (the two functions), ``convert`` (the child's
work; it alone imports papermill and nbconvert).
"""

from __future__ import annotations

from .script import Script, check_script, export_script

__all__ = ["Script", "check_script", "export_script"]
