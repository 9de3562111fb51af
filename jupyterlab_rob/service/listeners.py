"""Where the service listens: at the address that was asked for, and for its owner always on loopback."""

from __future__ import annotations

import ipaddress
import resource
import ssl
from collections.abc import Iterable
from socket import socket
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.netutil import bind_sockets
from tornado.web import Application

from ..errors import InvalidInput, ServiceUnavailable

_LOOPBACK = "127.0.0.1"
#: How this machine is addressed by those on it.
LOOPBACK_HOSTS = frozenset({"localhost", _LOOPBACK, "::1"})

#: Seconds after which a connection without a request is closed.
_IDLE_TIMEOUT = 75.0
# File descriptors beside connections: logs, database, run folders, pipes of runs.
_OTHER_FILES = 256
_MOST_FILES = 65536


class LimitedServer(HTTPServer):
    """Has at most ``max_connections``, and hangs up on more: a process without a free file descriptor can do nothing.

    tornado alone accepts until there is none left, and keeps idle connections for an hour.
    """

    max_connections = 8

    def handle_stream(self, stream: IOStream, address: tuple[str, int]) -> None:
        if len(self._connections) >= self.max_connections:
            stream.close()
        else:
            super().handle_stream(stream, address)


def affordable_connections(wanted: int) -> int:
    """``wanted``, or as many as the limit of open files allows, which is raised for it as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return max(8, min(wanted, limit - _OTHER_FILES))


class Listeners:
    """The service's sockets and the servers on them.

    Whoever is on this machine uses the connection file, whose address must be reachable from here and needs no
    certificate: where the given address is not like that, there is a port of its own on loopback.

    Args:
        ip: Address or name to listen at; 0.0.0.0 is all of IPv4, :: all of IPv6.
        port: 0 takes a free one.
        tls: For the given address.

    Raises:
        ServiceUnavailable: Nothing can listen there.
    """

    def __init__(self, ip: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._given = _bind(ip, port)
        own = _local_address(self._given) if tls is None else None
        self._own = _bind(_LOOPBACK, 0) if own is None else []
        self._servers: list[HTTPServer] = []
        #: ``scheme://host:port`` to reach the service from this machine, and as it listens for others.
        self.own_url = f"http://{own or _local_address(self._own)}"
        self.given_url = f"{'https' if tls else 'http'}://{_shown(ip)}:{self._given[0].getsockname()[1]}"

    def serve(
        self, application: Application, *, trust_xheaders: bool, max_connections: int, max_buffer_size: int
    ) -> None:
        """Begin to answer; ``max_connections`` are for each of the sockets, ``max_buffer_size`` is tornado's."""
        options: dict[str, Any] = {"max_buffer_size": max_buffer_size, "idle_connection_timeout": _IDLE_TIMEOUT}
        servers = [(self._given, {"ssl_options": self._tls, "xheaders": trust_xheaders})]
        if self._own:
            servers.append((self._own, {}))
        for sockets, more in servers:
            server = LimitedServer(application, **options, **more)
            server.max_connections = max_connections
            server.add_sockets(sockets)
            self._servers.append(server)

    def stop(self) -> None:
        """Take no new connections."""
        for server in self._servers:
            server.stop()
        for listening in self._given + self._own:
            listening.close()

    async def close_all_connections(self) -> None:
        for server in self._servers:
            await server.close_all_connections()


def is_loopback(ip: str) -> bool:
    """Whether only this machine reaches what listens at ``ip``."""
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return ip == "localhost"


def tls_context(certfile: str, keyfile: str) -> ssl.SSLContext | None:
    """TLS with this certificate, None without one; the key may be in the same file.

    Raises:
        InvalidInput: The files can't be used.
    """
    if not certfile:
        if keyfile:
            raise InvalidInput("A key without its certificate: give --RobService.certfile, too.")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certfile, keyfile or None)
    except (OSError, ValueError) as error:
        files = f"{certfile} and {keyfile}" if keyfile else certfile
        raise InvalidInput(f"Certificate and key can't be read from {files}: {error}.") from error
    return context


def _bind(ip: str, port: int) -> list[socket]:
    try:
        return bind_sockets(port, ip)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServiceUnavailable(f"The ROB service can't listen at {ip}, port {port}: {reason}.") from error


def _local_address(sockets: Iterable[socket]) -> str | None:
    """``host:port`` at which this machine reaches one of the sockets by loopback."""
    for listening in sockets:
        host, port = listening.getsockname()[:2]
        address = ipaddress.ip_address(host.partition("%")[0])
        if address.is_unspecified:
            return f"{_LOOPBACK if address.version == 4 else '[::1]'}:{port}"
        if address.is_loopback:
            return f"{_shown(host)}:{port}"
    return None


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
