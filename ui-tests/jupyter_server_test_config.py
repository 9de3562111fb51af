"""Server configuration for the browser tests. It takes off all protection: never use it for anything else."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from jupyterlab.galata import configure_jupyter_server

configure_jupyter_server(c)  # noqa: F821
c.ServerApp.port = int(os.environ.get("ROB_UI_PORT", "8888"))  # noqa: F821
c.ServerApp.allow_root = True  # noqa: F821
c.ServerApp.log_level = "ERROR"  # noqa: F821

# A service of its own, with its own data, which ends with the tests.
_scratch = Path(tempfile.mkdtemp(prefix="rob-ui-"))
for _name in ("ROB_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
    os.environ[_name] = str(_scratch / _name.lower())
    Path(os.environ[_name]).mkdir(mode=0o700)


@atexit.register
def _stop_service() -> None:
    from jupyterlab_rob import embedded

    embedded.stop()
    shutil.rmtree(_scratch, ignore_errors=True)
