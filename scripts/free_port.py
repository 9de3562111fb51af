"""Print a port of this machine that is free: somebody's JupyterLab may have the usual one."""

import socket

if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1])
