"""Server configuration for the browser tests of the log-in: as the other, but with a shared service at a URL."""

import atexit
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

from jupyterlab_rob.remote import VARIABLE

load_subconfig("jupyter_server_test_config.py")  # noqa: F821

_port = os.environ["ROB_UI_SERVICE_PORT"]
os.environ[VARIABLE] = f"http://127.0.0.1:{_port}/rob/api/v1"
os.environ.pop("ROB_TOKEN", None)
_service = subprocess.Popen(
    [sys.executable, "-m", "jupyterlab_rob.service", f"--port={_port}", "--registration"],
    stdin=subprocess.DEVNULL,
)


@atexit.register
def _end_service() -> None:
    _service.terminate()
    _service.wait()


_deadline = time.monotonic() + 60
while True:
    try:
        with urllib.request.urlopen(os.environ[VARIABLE], timeout=5):  # noqa: S310
            break
    except urllib.error.URLError:
        if _service.poll() is not None or time.monotonic() > _deadline:
            raise
        time.sleep(0.05)
