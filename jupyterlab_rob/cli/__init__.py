"""``jupyter rob …``: the command line, a module for each noun.

``main.py`` parses and turns errors into exit statuses; each other module has ``add_to(commands)``, which declares its
commands, and beside it what they do. A command is a function of the parsed options that returns the exit status.
"""

from __future__ import annotations

from .main import main

__all__ = ["main"]
