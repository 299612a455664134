"""The process that delivers: what ``angarium-server`` runs beside the doors, or alone."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from types import FrameType
from typing import Final

from angarium.kernel import Kernel
from angarium.processes import hear_signals

LOG = logging.getLogger(__name__)
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def serve(build: Callable[[], Kernel]) -> None:
    """Deliver until SIGTERM or SIGINT; SIGHUP reads the configuration again.

    Runs in the main thread of a process.

    :param build: loads the configuration and builds the service.
    :raises StartError: it cannot.
    """
    hear_signals()
    received: list[int] = []

    def note(signum: int, frame: FrameType | None) -> None:
        received.append(signum)

    for number in _SIGNALS:
        signal.signal(number, note)
    while not received:
        _deliver(build(), received)
        if set(received) == {signal.SIGHUP}:
            received.clear()


def _deliver(service: Kernel, received: list[int]) -> None:
    """Deliver until there is a signal."""
    deliveries = service.deliveries()
    deliveries.start()
    LOG.info("delivering to subscribers")
    while not received:
        signal.pause()
    deliveries.stop()
    service.close()
