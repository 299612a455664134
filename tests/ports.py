"""Ports for test servers."""

from __future__ import annotations

import random
import socket


def free_port(companion: int = 0) -> int:
    """A port of loopback that nobody listens on, outside the range of outgoing connections.

    :param companion: the distance of another port that has to be free too.
    """
    while True:
        port = random.randrange(20000 - companion, 32000 - companion)
        if _is_free(port) and _is_free(port + companion):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
