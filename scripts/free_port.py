"""Print a port of this machine that is free: somebody's JupyterLab may have the usual one."""

import socket


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


if __name__ == "__main__":
    print(free_port())
