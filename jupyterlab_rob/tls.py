"""How services are reached by https."""

from __future__ import annotations

import functools
import ssl


@functools.cache
def context() -> ssl.SSLContext:
    """Checks certificates; ``$SSL_CERT_FILE`` names an authority of one's own, as for all that uses OpenSSL.

    Made once: it reads all authorities that the system knows.
    """
    return ssl.create_default_context()
