"""Ports for test servers."""

from __future__ import annotations

import random
import socket


def free_port() -> int:
    """A port of loopback that nobody listens on, outside the range of outgoing connections."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
