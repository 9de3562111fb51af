"""``python -m jupyterlab_rob.service``: run a ROB service."""

from .app import main

if __name__ == "__main__":
    main()
