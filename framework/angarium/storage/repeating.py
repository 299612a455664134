"""Calling a driver again while it moves due messages, for as long as a request may take."""

from __future__ import annotations

import time
from typing import Final, TypeVar

from angarium.errors import StoreUnreachable
from angarium.storage.driver import DataDriver
from angarium.storage.models import QueueRef
from angarium.storage.operations import DataOperation
from angarium.storage.signals import Again

ResultT = TypeVar("ResultT")

_PATIENCE: Final = 10.0  # seconds spent on moving due messages before a request is told to wait


def perform(operation: DataOperation[ResultT], driver: DataDriver, queue: QueueRef) -> ResultT:
    """Have a driver carry out an operation.

    :raises StoreUnreachable: it is busy with due messages for too long; nothing was changed.
    """
    deadline = None
    while True:
        try:
            return operation.perform(driver, queue)
        except Again:
            now = time.monotonic()
            deadline = deadline or now + _PATIENCE
            if now > deadline:
                raise StoreUnreachable(
                    "Very many messages of this queue have just become available again and are "
                    "being put back in order; please retry."
                ) from None
