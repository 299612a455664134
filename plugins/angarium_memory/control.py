"""The management store ``memory``."""

from __future__ import annotations

from typing import ClassVar

from angarium.model import ModelControlDriver
from angarium.storage.driver import StoreEnvironment
from angarium_memory import address, options


class MemoryControlDriver(ModelControlDriver):
    """Queues, subscriptions, pools and flavors in the memory of this process."""

    interface_version: ClassVar[int] = 1
    schemes: ClassVar[frozenset[str]] = address.SCHEMES
    is_private: ClassVar[bool] = True

    def __init__(self, environment: StoreEnvironment) -> None:
        super().__init__(address.placed(environment, options.MANAGEMENT_STORE))

    def prepare(self) -> None:
        """Nothing has to be prepared, but something to be known."""
        address.warn("management store")
