"""Where the app listens, looked at before anything is loaded."""

from __future__ import annotations

import errno
import os
import socket

LOCAL = "127.0.0.1"


def check_address(host: str | None, port: int | None) -> None:
    """Raise ValueError, one sentence, for a host or a port that this machine cannot listen on.

    Without a port gradio takes the first free one; without a host, this machine alone is served.
    """
    host = host or os.environ.get("GRADIO_SERVER_NAME") or LOCAL
    if port is not None and not 1 <= port <= 65_535:
        raise ValueError(f"A port is a number from 1 to 65,535, not {port:,}: choose another.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host.strip("[]"), port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ValueError(_sentence(host, port, error)) from error


def _sentence(host: str, port: int | None, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is taken: choose another with --port, or end what has it."
    if error.errno == errno.EACCES:
        return f"This user may not listen on port {port}: choose one above 1,023 with --port."
    return (
        f"This machine has no address {host!r}: --host takes {LOCAL}, for this machine alone, "
        "0.0.0.0, for all, or one of its own."
    )
