"""What `make demo` shows: the main job in the terminal, then the same in JupyterLab.

python scripts/demo.py            runs the commands below, then JupyterLab until it is interrupted
python scripts/demo.py --no-lab   runs the commands only
python scripts/demo.py --stop     stops the demo's service

All data of the demo is in the folder .demo and thus apart from the user's own.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from jupyter_core.paths import jupyter_runtime_dir

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
DEMO = ROOT / ".demo"
NOTEBOOKS = DEMO / "notebooks"
#: Benchmarks, each with the submissions that are made in the terminal: their names and notebooks.
BENCHMARKS = {
    "number-predictor": {"differences": "number-predictor.ipynb", "linear": "number-predictor-linear.ipynb"},
    "top-tagger": {"mass window": "top-tagger-mass.ipynb", "N-subjettiness": "top-tagger-nsubjettiness.ipynb"},
}
#: What JupyterLab shows at first, with the panel on its benchmark, and what in the tab beside it.
OPENED, BESIDE = "top-tagger-mass.ipynb", "number-predictor.ipynb"
WORKSPACE = "rob-demo"
PANEL = "jupyterlab-rob-panel"  # as in src/tokens.ts
PANEL_STATE = "jupyterlab-rob:panel"  # as in src/model.ts

#: The user's own choices must not send the demo elsewhere.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("ROB_")},
    "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    "ROB_DATA_DIR": str(DEMO / "rob"),
    "JUPYTERLAB_SETTINGS_DIR": str(DEMO / "settings"),
    "JUPYTERLAB_WORKSPACES_DIR": str(DEMO / "workspaces"),
    "JUPYTER_PREFER_ENV_PATH": "1",
}


def rob(*arguments: str) -> None:
    """Show a command of `jupyter rob` and run it; end the demo with its exit code if it fails."""
    print(f"\n$ jupyter rob {shlex.join(arguments)}", flush=True)
    done = subprocess.run([BIN / "jupyter-rob", *arguments], cwd=ROOT, env=ENVIRONMENT, check=False)
    if done.returncode:
        print(f"The command ended with exit code {done.returncode}.", file=sys.stderr)
        sys.exit(done.returncode)


def running_service() -> psutil.Process | None:
    """The process of the demo's service, if there is one."""
    from jupyterlab_rob.connection import read_connection

    connection = read_connection(Path(ENVIRONMENT["ROB_DATA_DIR"]))
    if connection is None:
        return None
    try:
        return psutil.Process(connection.pid)
    except psutil.NoSuchProcess:
        return None


def stop_outdated_service() -> None:
    """A service that was started before the last change of the sources would show an earlier state of them."""
    service = running_service()
    newest = max(
        path.stat().st_mtime for path in (ROOT / "jupyterlab_rob").rglob("*") if path.suffix in (".py", ".yaml")
    )
    if service is not None and service.create_time() < newest:
        print("The sources have changed since the demo's service was started.")
        rob("stop")


def run_commands() -> None:
    rob("benchmarks", "list")  # starts the service
    rob("status")
    for benchmark, submissions in BENCHMARKS.items():
        for name, notebook in submissions.items():
            rob("submit", f"examples/{notebook}", "-b", benchmark, "-s", name, "--wait")
        rob("leaderboard", "-b", benchmark)


# -- JupyterLab --


def workspace(*notebooks: str, benchmark: str) -> dict[str, Any]:
    """A workspace of JupyterLab with notebooks, the first one in front, and at the left the panel with a benchmark."""
    widgets = {f"notebook:{notebook}": notebook for notebook in notebooks}
    return {
        "data": {
            "layout-restorer:data": {
                "main": {
                    "dock": {"type": "tab-area", "currentIndex": 0, "widgets": [*widgets]},
                    "current": next(iter(widgets)),
                },
                "left": {"collapsed": False, "visible": True, "current": PANEL, "widgets": [PANEL]},
                "right": {"collapsed": True, "visible": True, "widgets": []},
                "relativeSizes": [0.28, 0.72, 0],
            },
            PANEL_STATE: {"benchmark": benchmark},
            **{widget: {"data": {"path": path, "factory": "Notebook"}} for widget, path in widgets.items()},
        },
        "metadata": {"id": WORKSPACE},
    }


def copy_examples() -> None:
    """Let Lab work on copies, so that trying things out changes nothing in the repository; what was tried is kept."""
    for source in sorted((ROOT / "examples").rglob("*")):
        target = NOTEBOOKS / source.relative_to(ROOT / "examples")
        if source.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    # The examples of Top tagger look for its jets where a clone has them, beside the examples' folder.
    data = Path("jupyterlab_rob", "benchmarks", "top_tagger", "data")
    if not (DEMO / data).exists():
        (DEMO / data).parent.mkdir(parents=True, exist_ok=True)
        (DEMO / data).symlink_to(ROOT / data, target_is_directory=True)


def write_settings() -> None:
    """Lab's question whether it may fetch news is answered: it would cover the panel's first run."""
    path = DEMO / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text('{"fetchNews": "false", "checkForUpdates": false}\n')


def has_display() -> bool:
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_lab() -> int:
    copy_examples()
    write_settings()
    description = DEMO / "workspace.json"
    description.write_text(json.dumps(workspace(OPENED, BESIDE, benchmark="top-tagger"), indent=2))
    subprocess.run(
        [BIN / "jupyter-lab", "workspaces", "import", description],
        env=ENVIRONMENT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    command = [
        str(BIN / "jupyter-lab"),
        f"--ServerApp.root_dir={NOTEBOOKS}",
        f"--LabApp.default_url=/lab/workspaces/{WORKSPACE}/tree/{OPENED}",
        "-y",
        *([] if has_display() else ["--no-browser"]),
        *(["--allow-root"] if os.geteuid() == 0 else []),
    ]
    # Whatever ends the demo ends Lab.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    log_file = DEMO / "lab.log"
    print("\nStarting JupyterLab …", flush=True)
    with log_file.open("wb") as log:
        lab = subprocess.Popen(command, env=ENVIRONMENT, stdout=log, stderr=subprocess.STDOUT)
    try:
        url = wait_for_lab(lab)
        if url is None:
            print(f"JupyterLab did not start; the end of {log_file}:\n", file=sys.stderr)
            print("\n".join(log_file.read_text(errors="replace").splitlines()[-20:]), file=sys.stderr)
            return 1
        print(f"\nJupyterLab with the notebooks and the panel:\n\n    {url}\n\nCtrl-C ends it.", flush=True)
        return lab.wait()
    except KeyboardInterrupt:
        print("\nStopping JupyterLab …", flush=True)
        return 0
    finally:
        if lab.poll() is None:
            lab.terminate()
            lab.wait()


def wait_for_lab(lab: subprocess.Popen[bytes], seconds: float = 60) -> str | None:
    """The address to open, once the server answers there; None when it does not."""
    information = Path(jupyter_runtime_dir()) / f"jpserver-{lab.pid}.json"
    deadline = time.monotonic() + seconds
    while lab.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
        try:
            server = json.loads(information.read_text())
            with urllib.request.urlopen(f"{server['url']}api", timeout=5):
                return f"{server['url']}lab/workspaces/{WORKSPACE}/tree/{OPENED}?token={server['token']}"
        except (OSError, ValueError):
            continue
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description="Show the main job in the terminal and in JupyterLab.")
    parser.add_argument("--no-lab", action="store_true", help="don't start JupyterLab")
    parser.add_argument("--stop", action="store_true", help="only stop the demo's service")
    options = parser.parse_args()
    if options.stop:
        if running_service() is not None:
            rob("stop")
        return 0
    started = time.monotonic()
    stop_outdated_service()
    run_commands()
    print(f"\nThat took {time.monotonic() - started:.1f} s.", flush=True)
    return 0 if options.no_lab else open_lab()


if __name__ == "__main__":
    sys.exit(main())
