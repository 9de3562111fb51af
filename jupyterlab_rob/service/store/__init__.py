"""The store: benchmarks, submissions, runs, results and files, held by flowserv.

The only package that imports flowserv, whose words (workflow, group, ranking) end here. What bites in flowserv and
how it is contained stands at each containment.
"""

import os

# flowserv imports GitPython, which refuses to be imported where there is no git; nothing here uses it.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

from .archives import Archive
from .incoming import IncomingFile
from .part import Download
from .store import Store

__all__ = ["Archive", "Download", "IncomingFile", "Store"]
